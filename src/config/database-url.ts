import { z } from "zod";
import { type ServerConfiguration, SSL_MODES } from "./configuration.js";

const DEFAULT_PORT = 5432;
const CHANNEL_BINDINGS = ["disable", "prefer", "require"] as const;

/** The parameters after the "?" that are understood, by libpq's names; the others of libpq have no meaning here. */
const PARAMETERS = z.strictObject({
  host: z.string(),
  port: z.string(),
  user: z.string(),
  password: z.string(),
  dbname: z.string(),
  sslmode: z.enum(SSL_MODES, { error: `holds an sslmode that is none of ${SSL_MODES.join(", ")}` }),
  sslrootcert: z.string(),
  channel_binding: z.enum(CHANNEL_BINDINGS, {
    error: `holds a channel_binding that is none of ${CHANNEL_BINDINGS.join(", ")}`,
  }),
  application_name: z.string(),
  options: z.string(),
  connect_timeout: z
    .string()
    .regex(/^\d{1,6}$/, "holds a connect_timeout that is no number of seconds")
    .transform(Number),
});
const PARAMETER_NAMES = Object.keys(PARAMETERS.shape);

const WHOLE =
  "is not of the form postgresql://user:password@host:5432/database (in the password, write @ as %40, : as %3A, / as %2F, # as %23, ? as %3F, % as %25)";

/**
 * A connection URL as libpq writes it: `postgresql://user:password@host:5432/database?sslmode=require`. Port 5432, sslmode
 * `prefer` and a database named like the user where it says nothing. No message holds a part of the URL, since any part
 * may be the password.
 */
export const databaseUrl = z.string().transform((given, context): ServerConfiguration => {
  const parsed = parse(given);
  if (typeof parsed !== "string") return parsed;
  context.addIssue(parsed);
  return z.NEVER;
});

/** The server that the URL names, or what is wrong with it. */
function parse(given: string): ServerConfiguration | string {
  // libpq takes user@ and no host at all, for a socket or the default; the URL standard does not.
  const complete = given.replace(/^(postgres(?:ql)?:\/\/(?:[^/?#]*@)?)(?=[/?]|$)/, "$1localhost");
  const url = URL.canParse(complete) ? new URL(complete) : undefined;
  if (url === undefined || !/^postgres(ql)?:$/.test(url.protocol)) return WHOLE;
  if (url.hash !== "") return "holds a # which ends it: write %23 for a # in the password";
  const parts = decoded([url.hostname, url.username, url.password, url.pathname.slice(1)]);
  if (parts === undefined) return "holds a % that begins no code: write %25 for a % in the password";
  const [hostname = "", username = "", password = "", database = ""] = parts;
  // To libpq a + is no space, and of a parameter that is given twice the last counts; an empty one is not set.
  const query = new URLSearchParams(url.search.replaceAll("+", "%2B"));
  const named = Object.fromEntries([...query].filter(([, value]) => value !== ""));
  const { success, data: parameters, error } = PARAMETERS.partial().safeParse(named);
  if (!success) {
    const [issue] = error.issues;
    return issue?.code === "unrecognized_keys"
      ? `holds a parameter that is not understood: after the "?" there may be ${PARAMETER_NAMES.join(", ")}`
      : (issue?.message ?? WHOLE);
  }
  const host = parameters.host ?? (hostname.replace(/^\[(.*)\]$/, "$1") || "localhost");
  const port = Number(parameters.port ?? (url.port || DEFAULT_PORT));
  const user = parameters.user ?? username;
  if (host.includes(",")) return "names several hosts: name the one that takes writes";
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return "holds a port that is not a number from 1 to 65535";
  if (user === "") return "names no user";
  return {
    kind: "server",
    host,
    port,
    database: parameters.dbname ?? (database || user),
    user,
    password: parameters.password ?? (password || undefined),
    sslmode: parameters.sslmode ?? "prefer",
    sslRootCertificatePath: parameters.sslrootcert,
    channelBinding: parameters.channel_binding,
    applicationName: parameters.application_name,
    sessionOptions: parameters.options,
    // libpq's 0 means to wait for ever, which nobody wants of a program that has to end when it is asked to.
    connectTimeoutSeconds: parameters.connect_timeout || undefined,
  };
}

/** Undefined where a percent sign begins no code. */
function decoded(parts: readonly string[]): string[] | undefined {
  try {
    return parts.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}
