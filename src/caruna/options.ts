import { Temporal } from "temporal-polyfill";
import { z } from "zod";
import type { EnergyOptions, EnergyRange } from "./api/energy-rows.js";
import type { CarunaClientOptions } from "./client.js";

const TEXT = z.string("a string").min(1, "a string that is not empty");
const SIGNAL = z.instanceof(AbortSignal, { error: "an AbortSignal" }).optional();
const FUNCTION = z.custom((value) => typeof value === "function", "a function").optional();

function wholeNumberFrom(least: number) {
  const kind = `a whole number from ${least}`;
  return z.int(kind).min(least, kind).optional();
}

function objectWith(...methods: string[]) {
  const has = (value: unknown) =>
    typeof value === "object" &&
    value !== null &&
    methods.every((name) => typeof Reflect.get(value, name) === "function");
  return z.custom(has, `an object with the methods ${methods.join(", ")}`).optional();
}

function isProxyUrl(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}

const CLIENT_OPTIONS = z.object(
  {
    username: TEXT,
    password: TEXT,
    baseUrl: z
      .string("an address")
      .refine((url) => URL.canParse(url), "an address such as https://plus.caruna.fi")
      .optional(),
    allowedHosts: z.array(z.string("a host"), "an array of hosts").optional(),
    requestsAtOnce: wholeNumberFrom(1),
    retries: wholeNumberFrom(0),
    limits: z
      .object({ requestTimeoutMs: wholeNumberFrom(1), maxBodyBytes: wholeNumberFrom(1) }, "an object of limits")
      .optional(),
    proxy: z
      .object(
        {
          url: z.string("an address").refine(isProxyUrl, "an address such as http://proxy.example:3128"),
          except: z.string("hosts with commas between").optional(),
        },
        "an object with its url",
      )
      .optional(),
    browser: z
      .object({ executable: TEXT, profileFolder: TEXT }, "an object with executable and profileFolder")
      .optional(),
    sessionStore: objectWith("load", "save", "clear"),
    guard: objectWith("check", "begin"),
    logger: objectWith("debug", "info", "warn", "error"),
    onLoginFailed: FUNCTION,
    now: FUNCTION,
    sleep: FUNCTION,
  },
  "an object of options",
);

const METERING_POINT = z.object(
  { customerId: TEXT, assetId: TEXT },
  "one of meteringPoints(), or an object with its customerId and assetId",
);

const NO_DAY = "a day of the calendar as YYYY-MM-DD or Temporal.PlainDate";
const LOCAL_DAY = z.unknown().transform((value, context): Temporal.PlainDate => {
  // A program may have its dates from another make of Temporal; all of them print alike.
  const printed = typeof value === "object" && value !== null ? String(value) : value;
  try {
    if (typeof printed === "string" && /^\d{4}-\d{2}-\d{2}$/.test(printed)) return Temporal.PlainDate.from(printed);
  } catch {
    // 30 February: told of below, like any other text that is no day.
  }
  context.issues.push({ code: "custom", message: NO_DAY, input: value });
  return z.NEVER;
});

const ENERGY_OPTIONS = z.object(
  {
    meteringPoint: METERING_POINT,
    from: LOCAL_DAY,
    to: LOCAL_DAY,
    resolution: z.enum(["hour", "day", "month"], '"hour", "day" or "month"'),
    signal: SIGNAL,
  },
  "an object of options",
);

/** A signal in place of the options would never be heeded. */
const CALL_OPTIONS = z
  .custom((value) => !(value instanceof AbortSignal), "an object such as { signal }")
  .pipe(z.object({ customer: TEXT.optional(), signal: SIGNAL }, "an object of options"));

/**
 * Checks what a program hands to the client's constructor, a JavaScript program's slips among it.
 *
 * Throws `TypeError`, which names the option and its value (of a password its type alone).
 */
export function checkClientOptions(options: CarunaClientOptions): void {
  checked(CLIENT_OPTIONS, "new CarunaClient()", options);
}

/** Checks what `energy()` is asked for. Throws `TypeError`, and `RangeError` where the range ends before it begins. */
export function checkEnergyOptions(options: EnergyOptions): EnergyRange {
  const { resolution, from, to } = checked(ENERGY_OPTIONS, "energy()", options);
  if (Temporal.PlainDate.compare(from, to) > 0)
    throw new RangeError(`The option \`to\` of energy() must be no earlier than \`from\`: ${to} is before ${from}.`);
  return { resolution, from, to };
}

/** Checks the options of a method that takes a signal, and perhaps a customer. Throws `TypeError`. */
export function checkCallOptions(method: string, options: object): void {
  checked(CALL_OPTIONS, method, options);
}

/** Options of which no value is shown. */
const SECRETS = ["password", "proxy.url"];

function checked<Checked>(schema: z.ZodType<Checked>, method: string, options: unknown): Checked {
  const { success, data, error } = schema.safeParse(options, { reportInput: true });
  if (success) return data;
  const [issue] = error.issues;
  const name = issue?.path.join(".") ?? "";
  const what = name === "" ? `The options of ${method}` : `The option \`${name}\` of ${method}`;
  throw new TypeError(`${what} must be ${issue?.message}, not ${shown(issue?.input, SECRETS.includes(name))}.`);
}

function shown(value: unknown, isSecret: boolean): string {
  if (value === "") return "an empty string";
  if (isSecret && value !== undefined) return `a value of type ${typeof value}`;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return typeof value === "function" ? "a function" : String(value);
}
