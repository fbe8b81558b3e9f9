import type { CookieJar } from "tough-cookie";
import { type CarunaError, CarunaUnreachable, LoginPaused } from "../errors.js";
import type { HttpRequest, HttpResponse, Transport } from "../http/transport.js";
import { maskedAddress, maskedName, maskedPath, maskedQueryNames } from "../masking.js";
import { type BodyStructure, structureOfAnswer, structureOfRequest } from "./structure.js";

/**
 * A failed login, without a single text or value: what a maintainer needs to see how Caruna's pages have changed, and
 * what a person can hand on without a second thought.
 */
export interface LoginTranscript {
  /** When the login began, ISO 8601 in UTC. */
  readonly beganAt: string;
  /** Name of the error that it ended with. */
  readonly error: string;
  readonly exchanges: readonly TranscribedExchange[];
}

export interface TranscribedExchange {
  readonly request: {
    readonly method: string;
    readonly host: string;
    /** Without what could tell a person or a session. */
    readonly path: string;
    readonly queryNames: readonly string[];
    readonly headerNames: readonly string[];
    /** Names of the cookies that went along. */
    readonly cookieNames: readonly string[];
    readonly body: BodyStructure;
  };
  readonly answer: TranscribedAnswer | { readonly none: string };
  /** Which kind of page the login took the answer for; null where it knew none, or the answer was no page. */
  readonly takenFor: string | null;
}

export interface TranscribedAnswer {
  readonly status: number;
  /** Header names, each with its value where that is safe (a media type, a length, host and path of an address). */
  readonly headers: Readonly<Record<string, string | null>>;
  /** Names of the cookies that it sets. */
  readonly cookieNames: readonly string[];
  readonly body: BodyStructure;
}

/** Takes a failed login's transcript; returns the name of the file that it is kept in, undefined where it is not. */
export type OnLoginFailed = (transcript: LoginTranscript) => Promise<string | undefined>;

/** Writes down the exchanges of one login, each reduced to its structure as it comes. */
export class TranscriptRecorder {
  readonly #beganAtEpochMs: number;
  readonly #exchanges: TranscribedExchange[] = [];

  constructor(beganAtEpochMs: number) {
    this.#beganAtEpochMs = beganAtEpochMs;
  }

  /** The same transport, written down. */
  transport(send: Transport, jar: CookieJar): Transport {
    return async (request, signal) => {
      const asked = await this.#request(request, jar);
      const add = (answer: TranscribedExchange["answer"]) =>
        this.#exchanges.push({ request: asked, answer, takenFor: null });
      const response = await send(request, signal).catch((error: unknown) => {
        add({ none: error instanceof Error ? error.name : "unknown" });
        throw error;
      });
      add(answerOf(response, request.url));
      return response;
    };
  }

  /** Tells which kind of page the newest answer was taken for. */
  takenFor(kind: string): void {
    const newest = this.#exchanges.pop();
    if (newest !== undefined) this.#exchanges.push({ ...newest, takenFor: kind });
  }

  /** The transcript of a login that ended with this error; undefined where no page of the login has a part in it. */
  transcriptOf(error: CarunaError): LoginTranscript | undefined {
    if (error instanceof LoginPaused) return undefined;
    const answer = this.#exchanges.at(-1)?.answer;
    const hasAnswered = answer !== undefined && "status" in answer && answer.status < 500;
    if (error instanceof CarunaUnreachable && !hasAnswered) return undefined;
    const beganAt = new Date(this.#beganAtEpochMs).toISOString();
    return { beganAt, error: error.name, exchanges: this.#exchanges };
  }

  async #request(request: HttpRequest, jar: CookieJar): Promise<TranscribedExchange["request"]> {
    const { method, url, headers = {} } = request;
    const cookies = await jar.getCookies(url.href);
    return {
      method,
      host: url.host,
      path: maskedPath(url),
      queryNames: maskedQueryNames(url),
      headerNames: Object.keys(headers).map(maskedName).sort(),
      cookieNames: cookies.map(({ key }) => maskedName(key)),
      body: structureOfRequest(request),
    };
  }
}

function answerOf(response: HttpResponse, url: URL): TranscribedAnswer {
  const { status, headers, body } = response;
  const cookies = headers.get("set-cookie")?.split("\n") ?? [];
  return {
    status,
    headers: Object.fromEntries([...headers].map(([name, value]) => [maskedName(name), safeValue(name, value, url)])),
    cookieNames: cookies.map((cookie) => maskedName(/^\s*([^=;]*)=/.exec(cookie)?.[1]?.trim() ?? "…")),
    body: reduced(body, url),
  };
}

/** A page that is too odd to be taken apart must end no login that might get past it. */
function reduced(body: string, url: URL): BodyStructure {
  try {
    return structureOfAnswer(body, url);
  } catch {
    return { kind: "unreadable", length: body.length };
  }
}

/** The value of a header where it can only be what it should be; null for all others. */
function safeValue(name: string, value: string, url: URL): string | null {
  if (name === "location" || name === "ajax-location")
    return URL.canParse(value, url.href) ? maskedAddress(new URL(value, url)) : null;
  return SAFE_VALUES[name]?.exec(value)?.[0] ?? null;
}

const SAFE_VALUES: Readonly<Record<string, RegExp>> = {
  "content-type":
    /^(?:text\/(?:html|xml|plain|javascript)|application\/(?:json|xml|xhtml\+xml))(?:; ?charset=(?:utf-8|iso-8859-1))?/i,
  "content-length": /^\d{1,9}$/,
  "content-encoding": /^(?:gzip|br|deflate|identity)$/i,
  "retry-after": /^\d{1,6}$/,
  "cache-control": /^(?:(?:no-cache|no-store|must-revalidate|private|public|max-age=\d{1,6})(?:, ?|$))+$/i,
  connection: /^(?:close|keep-alive)$/i,
};
