import { Temporal } from "temporal-polyfill";
import { z } from "zod";
import { isLoopback } from "../shared/loopback.js";
import { nearest } from "./nearest.js";

/*
 * How the text of a setting becomes its value. A message completes a sentence that begins with the value, or with
 * "the value" for a secret: `"abc" is not a whole number from 1 to 65535`.
 */

/** Any text at all, taken as it stands. */
export const text = z.string();

/** One word among others; upper and lower case are alike. */
export function oneOf<const Word extends string>(words: readonly Word[]) {
  return z.string().transform((given, context): Word => {
    const found = words.find((word) => word === given.toLowerCase());
    if (found !== undefined) return found;
    const meant = nearest(given, words);
    context.addIssue(`is none of ${words.join(", ")}${meant === undefined ? "" : `; perhaps ${meant} is meant`}`);
    return z.NEVER;
  });
}

/** A whole number in decimal digits, both bounds included. */
export function wholeNumber(least: number, most: number) {
  return z
    .string()
    .refine((given) => /^\d+$/.test(given) && Number(given) >= least && Number(given) <= most, {
      error: `is not a whole number from ${least} to ${most}`,
    })
    .transform(Number);
}

/** A host alone; the messages name what else may have been given. */
function hostAlone(wholeAddress: string, portSetting: string) {
  return z
    .string()
    .refine((given) => !given.includes("://"), { error: `is a whole address: ${wholeAddress}`, abort: true })
    .refine((given) => !/^(?:[^:]+|\[.*\]):\d+$/.test(given), {
      error: `holds a port: give that as ${portSetting}`,
      abort: true,
    });
}

/** Host name, address, or the folder of a Unix socket, as libpq takes them. */
export const databaseHost = hostAlone("give it as DATABASE_URL", "DB_PORT").refine((given) => !/[\s[\]@]/.test(given), {
  error: "is no host name or address",
});

/** Host name or address to listen on; an IPv6 address with or without its brackets. */
export const listeningHost = hostAlone("name the host alone", "HTTP_PORT")
  .transform((given) => given.replace(/^\[(.*)\]$/, "$1"))
  .refine((given) => !/[\s[\]/@?#]/.test(given), { error: "is no host name or address" });

const SHORTEST_TOKEN = 16;

/** A secret that stands in an address and in a header as it is. */
export const accessToken = z
  .string()
  .refine((given) => given.length >= SHORTEST_TOKEN, {
    error: `is shorter than ${SHORTEST_TOKEN} characters: make one with openssl rand -hex 24`,
    abort: true,
  })
  .refine((given) => /^[\w.~-]+$/.test(given), {
    error: "holds more than letters, digits and - . _ ~ (it stands in an address): make one with openssl rand -hex 24",
  });

/** Origin of the portal. Plain http would show the password to the network, so it is for loopback addresses only. */
export const portalOrigin = z
  .string()
  .refine((given) => /^https?:\/\//i.test(given) && URL.canParse(given), {
    error: "is no web address that begins with https://",
    abort: true,
  })
  .refine((given) => new URL(given).username === "" && new URL(given).password === "", {
    error: "holds a user name or password: those belong in CARUNA_USER and CARUNA_PASSWORD",
    abort: true,
  })
  .refine((given) => !/[?#]/.test(given) && new URL(given).pathname === "/", {
    error: "holds more than scheme, host and port",
    abort: true,
  })
  .refine((given) => new URL(given).protocol === "https:" || isLoopback(new URL(given).hostname), {
    error: "is not encrypted: plain http is accepted for 127.0.0.1, [::1] and localhost only",
  })
  .transform((given) => new URL(given).origin);

/** Address of an HTTP proxy; without a scheme it is http, as other programs read it. */
export const proxyUrl = z
  .string()
  .transform((given) => (given.includes("://") ? given.trim() : `http://${given.trim()}`))
  .refine((given) => URL.canParse(given) && /^https?:\/\//i.test(given) && new URL(given).pathname === "/", {
    error:
      "is no address of an HTTP proxy, http://user:password@host:port (in the password, write @ as %40, % as %25 and so on)",
    abort: true,
  })
  .refine((given) => isDecodable(new URL(given)), {
    error: "holds a % that begins no code: write %25 for a % in the password",
  });

function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    // decodeURIComponent rejects a malformed code by throwing: that is the answer, not a failure.
    return false;
  }
}

/** Hosts with commas between them: `host`, `host:port`, `*.domain`. */
export const hostList = z.string().transform((given, context): string[] => {
  const entries = given
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
  if (entries.length === 0) context.addIssue("names no host");
  return entries.map((entry) => {
    const host = hostEntry(entry);
    if ("reason" in host) context.addIssue(host.reason);
    return "reason" in host ? entry : host.entry;
  });
});

function hostEntry(written: string): { entry: string } | { reason: string } {
  if (written.includes("://")) return { reason: "holds a whole address: name the host alone, or host:port" };
  const isDomain = written.startsWith("*.");
  const name = isDomain ? written.slice(2) : written;
  if (/[*/?#@\\\s]/.test(name) || !URL.canParse(`https://${name}`)) {
    return { reason: "holds an entry that is neither host, host:port nor *.domain" };
  }
  // The URL parser brings names to the form in which they are compared: lower case, punycode, the TLS port left out.
  const { host, port } = new URL(`https://${name}`);
  if (!isDomain) return { entry: host };
  if (port !== "") return { reason: "holds a *.domain with a port: these stand for the usual TLS port only" };
  if (!/[^.]\.[^.]/.test(host)) return { reason: "holds a *.domain that is too wide: name two labels at least" };
  return { entry: `*.${host}` };
}

/** Asset id or GSRN; the spaces that bills print between the digits of a GSRN are left out. */
export const meteringPoint = z
  .string()
  .transform((given) => given.replace(/\s+/g, ""))
  .refine((given) => !/[,;]/.test(given), { error: "names several metering points: the table follows one" });

/** A folder, absolute or from the working directory. */
export const folder = z
  .string()
  .refine((given) => !/^~(?:\/|$)/.test(given), {
    error: "begins with ~, which only a shell replaces: write the whole path",
    abort: true,
  })
  .refine((given) => !given.includes("\0"), { error: "is no path" });

/** `auto`, `none`, or the path of a browser, absolute or from the working directory. */
export const browser = folder.transform((given) => {
  const word = given.toLowerCase();
  return word === "auto" || word === "none" ? word : given;
});

/** A time of the day, `08:00`, as minutes after midnight. */
export const timeOfDay = z.string().transform((given, context): number => {
  const [, hours = "", minutes = ""] = /^(\d{1,2}):(\d{2})$/.exec(given) ?? [];
  if (hours !== "" && Number(hours) < 24 && Number(minutes) < 60) return Number(hours) * 60 + Number(minutes);
  context.addIssue("is no time of the day");
  return z.NEVER;
});

/** How far the look back goes: `all`, `none`, or the first day wanted. */
export const backfill = z.string().transform((given, context): "all" | "none" | Temporal.PlainDate => {
  const word = given.toLowerCase();
  if (word === "all" || word === "none") return word;
  try {
    // There is no year 0, in PostgreSQL neither.
    if (/^(?!0000)\d{4}-\d{2}-\d{2}$/.test(given)) return Temporal.PlainDate.from(given, { overflow: "reject" });
  } catch {
    // No such day in the calendar: told like any other word that is none of the three.
  }
  context.addIssue("is neither all, none nor a day");
  return z.NEVER;
});

/** Whose metering points are loaded: `all`, `own`, or customer numbers with commas between. */
export const customers = z.string().transform((given, context): "all" | "own" | readonly string[] => {
  const word = given.toLowerCase();
  if (word === "all" || word === "own") return word;
  const numbers = given
    .split(",")
    .map((number) => number.trim())
    .filter((number) => number !== "");
  if (numbers.every((number) => /^\d+$/.test(number))) return numbers;
  context.addIssue("is neither all, own nor customer numbers with commas between");
  return z.NEVER;
});
