import { readFile, rm } from "node:fs/promises";
import { z } from "zod";
import { errorCode } from "../shared/error-code.js";
import { writePrivately } from "../shared/files.js";
import type { Logger } from "../shared/logger.js";

/** What a login yields. */
export interface Session {
  /** Bearer token of the API. */
  readonly token: string;
  /** When the token ends, milliseconds since the epoch (about 60 minutes after the login). */
  readonly expiresAtEpochMs: number;
  /** Numbers of the customers that the person is. */
  readonly ownCustomerNumbers: readonly string[];
  /** Numbers of the customers that the person acts for (a housing company). */
  readonly representedCustomerNumbers: readonly string[];
}

/** A session with whom it belongs to, so that another account's or another server's is never used. */
export interface StoredSession extends Session {
  /** A fingerprint of user name and base address. */
  readonly account: string;
  /** The cookies of both hosts as the login left them, serialized; they may spare the next login its password. */
  readonly cookies?: string | undefined;
  /** When kept cookies last failed to do so, milliseconds since the epoch. */
  readonly cookiesFailedAtEpochMs?: number | undefined;
  /** The version of this package that needed a real browser to get through the login. */
  readonly browserNeededBy?: string | undefined;
  /** How many tokens in a row were refused for everything, up to the one before this; 0 once this one was accepted. */
  readonly refusedTokens?: number | undefined;
  /** When this session was given, milliseconds since the epoch. */
  readonly loggedInAtEpochMs?: number | undefined;
}

/**
 * Where a session is kept between two runs of a program. A session is as good as the password while it lasts: keep it
 * where nobody else can read it. It is JSON; what comes back changed or damaged is ignored, and the client logs in anew.
 */
export interface SessionStore {
  /** Returns the session kept, or undefined where there is none that can be read. What it throws ends the call. */
  load(): Promise<StoredSession | undefined>;
  /** What it throws is logged: the session then lasts as long as the client. */
  save(session: StoredSession): Promise<void>;
  /** Forgets the session. The client never calls this; it is for a program's own log-out. */
  clear(): Promise<void>;
}

/** The last instant that a `Date` can tell, either way from the epoch. */
export const LAST_EPOCH_MS = 8.64e15;

const INSTANT = z.number().min(-LAST_EPOCH_MS).max(LAST_EPOCH_MS);

const STORED_SESSION = z.object({
  account: z.string(),
  token: z.string().min(1),
  expiresAtEpochMs: INSTANT,
  ownCustomerNumbers: z.array(z.string()),
  representedCustomerNumbers: z.array(z.string()),
  cookies: z.string().optional(),
  cookiesFailedAtEpochMs: INSTANT.optional(),
  browserNeededBy: z.string().optional(),
  refusedTokens: z.int().min(0).optional(),
  loggedInAtEpochMs: INSTANT.optional(),
});

/** What a store gave back, as a session; undefined where it is none (an older program's, a damaged one). */
export function readStoredSession(kept: unknown): StoredSession | undefined {
  return STORED_SESSION.safeParse(kept).data;
}

/** Keeps the session for as long as the object lives. */
export function memorySessionStore(): SessionStore {
  let kept: StoredSession | undefined;
  return {
    load: async () => kept,
    save: async (session) => {
      kept = session;
    },
    clear: async () => {
      kept = undefined;
    },
  };
}

/** Keeps the session in a file that only its owner may read; a damaged file is ignored with a warning. */
export function fileSessionStore(file: string, logger: Logger): SessionStore {
  return {
    load: () => readSession(file, logger),
    save: async (session) => {
      await writePrivately(file, `${JSON.stringify(session, undefined, 2)}\n`);
    },
    clear: async () => {
      await rm(file, { force: true });
    },
  };
}

async function readSession(file: string, logger: Logger): Promise<StoredSession | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const code = errorCode(error);
    if (code !== "ENOENT") logger.warn({ file, code }, "the kept session cannot be read; logging in anew");
    return undefined;
  }
  try {
    return STORED_SESSION.parse(JSON.parse(text));
  } catch {
    logger.warn({ file }, "the kept session is damaged and is ignored; logging in anew");
    return undefined;
  }
}
