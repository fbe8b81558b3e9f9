import { z } from "zod";
import { isUsableId } from "../api/texts.js";
import { LoginChanged } from "../errors.js";
import type { HttpRequest, HttpResponse } from "../http/transport.js";
import { maskedPath, maskedText } from "../masking.js";
import { LAST_EPOCH_MS, type Session } from "../session.js";
import { PageTooLarge } from "./html.js";
import { refuseMaintenance, refuseMaintenanceInJson } from "./judgement.js";
import { describe } from "./login-pages.js";
import { readPage, resolve } from "./page.js";

const FORM_TYPE = "application/x-www-form-urlencoded; charset=UTF-8";
const JSON_HEADERS = { Accept: "application/json, text/plain, */*", "Content-Type": "application/json" };

/** As the portal's own script sends it. */
function fromPortal(baseUrl: URL): Record<string, string> {
  return { Origin: baseUrl.origin, Referer: new URL("/", baseUrl).href };
}

/** The request to the portal that begins a login; it carries nothing of the account. */
export function startRequest(baseUrl: URL): HttpRequest {
  const body = JSON.stringify({ redirectAfterLogin: new URL("/", baseUrl).href, language: "fi" });
  const url = new URL("/api/authorization/login", baseUrl);
  return { method: "POST", url, body, headers: { ...JSON_HEADERS, ...fromPortal(baseUrl) } };
}

/** Where the identity provider's login begins, by the portal's answer. Throws `LoginChanged` or `CarunaUnreachable`. */
export function readStart(response: HttpResponse, url: URL): URL {
  const expected = "an answer with loginRedirectUrl";
  const { loginRedirectUrl } = readAnswer(response, START_ANSWER, { step: "start", url, expected });
  const start = resolve(loginRedirectUrl, url);
  if (start !== undefined) return start;
  const found = "a loginRedirectUrl that is no address";
  throw new LoginChanged({ step: "start", address: `POST ${maskedPath(url)}`, expected, found });
}

/** The request that exchanges the code for a token: form-encoded, as JSON it is refused. */
export function tokenRequest(baseUrl: URL, callback: URLSearchParams): HttpRequest {
  const url = new URL("/api/authorization/token", baseUrl);
  const headers = { ...JSON_HEADERS, "Content-Type": FORM_TYPE, ...fromPortal(baseUrl) };
  return { method: "POST", url, body: callback.toString(), headers };
}

const START_ANSWER = z.object({ loginRedirectUrl: z.string().min(1) });

/** Numbers may come as numbers or as strings. */
const CUSTOMER_NUMBERS = z
  .array(z.union([z.string(), z.number()]).transform(String).refine(isUsableId, "expected a customer number"))
  .nullish()
  .transform((numbers) => numbers ?? []);

const TOKEN_ANSWER = z.object({
  token: z.string().min(1),
  /** Epoch seconds. */
  expiresAt: z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]).pipe(
    z
      .number()
      .positive()
      .max(LAST_EPOCH_MS / 1000),
  ),
  user: z.object({ ownCustomerNumbers: CUSTOMER_NUMBERS, representedCustomerNumbers: CUSTOMER_NUMBERS }),
});

/** The session that a token answer gives. Throws `LoginChanged` or `CarunaUnreachable`. */
export function readToken(response: HttpResponse, url: URL): Session {
  const answer = readAnswer(response, TOKEN_ANSWER, { step: "token", url, expected: "a token" });
  return {
    token: answer.token,
    expiresAtEpochMs: answer.expiresAt * 1000,
    ownCustomerNumbers: answer.user.ownCustomerNumbers,
    representedCustomerNumbers: answer.user.representedCustomerNumbers,
  };
}

/** A call of the portal within the login, and what its answer must hold. */
interface LoginCall {
  readonly step: string;
  readonly url: URL;
  readonly expected: string;
}

/**
 * Reads a JSON answer of the login whatever it is labelled; throws `LoginChanged` with what it is instead, or
 * `CarunaUnreachable` where that is a page of maintenance.
 */
function readAnswer<Answer>(response: HttpResponse, schema: z.ZodType<Answer>, call: LoginCall): Answer {
  const { step, url, expected } = call;
  const answer = parseJson(response.body);
  const parsed = schema.safeParse(answer);
  if (parsed.success && response.status < 300) return parsed.data;
  refuseMaintenanceInJson(answer);
  const address = `POST ${maskedPath(url)}`;
  const found = answer === undefined ? `, ${describeBody(response.body, url)}` : describeJson(answer, parsed.error);
  throw new LoginChanged({ step, address, expected, found: `HTTP ${response.status}${found}` });
}

/** What an answer is that should have been JSON. */
function describeBody(body: string, url: URL): string {
  try {
    const page = readPage(body, url);
    refuseMaintenance(page);
    return describe(page);
  } catch (error) {
    if (error instanceof PageTooLarge) return error.message;
    throw error;
  }
}

/** The service's own words in `msg`, or what is wrong with which field. */
function describeJson(answer: unknown, error: z.ZodError | undefined): string {
  const message = z.object({ msg: z.string() }).safeParse(answer);
  if (message.success) return ` "${maskedText(message.data.msg)}"`;
  const problems = error?.issues.map((issue) => `${issue.path.join(".") || "answer"}: ${issue.message}`) ?? [];
  return `, ${problems.join("; ") || "an answer that would do, with a status that does not"}`;
}

/** JSON, or undefined for what is none. */
export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
