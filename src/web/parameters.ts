import { Temporal } from "temporal-polyfill";
import { z } from "zod";

/** A parameter of an address that cannot be used; the message says which, what is wrong, and what to do. */
export class BadParameter extends Error {
  override readonly name = "BadParameter";
}

/** By the hour no more than this many days are told at once: a page has no room for more, and memory is bounded. */
const MOST_DAYS_BY_HOUR = 400;

const point = z
  .string({ error: "is missing: name a metering point; /api/overview lists them" })
  .min(1, { error: "is empty: name a metering point; /api/overview lists them" })
  .max(100, { error: "is too long for a metering point; /api/overview lists them" });
const day = z.string().refine(isDay, { error: 'is no day of the calendar: write it as "2026-11-22"' }).optional();
const by = z.enum(["hour", "day", "month", "year"], { error: "is none of hour, day, month, year" });
const year = z
  .string({ error: 'is missing: write it as "2026"' })
  .regex(/^(?:19|20|21)\d\d$/, { error: 'is no year: write it as "2026"' })
  .transform(Number);
/** Swedish in Finland writes numbers as Finnish does. */
const locale = z
  .enum(["en", "fi", "sv"], { error: "is none of en, fi, sv" })
  .default("en")
  .transform((language) => (language === "sv" ? "fi" : language));

const isInOrder = ({ from, to }: { from?: string | undefined; to?: string | undefined }) =>
  from === undefined || to === undefined || from <= to;
const inOrder = { path: ["from"], error: "is after to: exchange the two", abort: true };

const days = z.object({ point, from: day, to: day });

export const seriesParameters = days
  .extend({ by })
  .refine(isInOrder, inOrder)
  .refine(({ by, from, to }) => by !== "hour" || (from !== undefined && to !== undefined && isFew(from, to)), {
    path: ["by"],
    error: `is hour, and hours are told of ${MOST_DAYS_BY_HOUR} days at most: give from and to, closer together`,
  });
export const completenessParameters = z.object({ point, year });
export const downloadParameters = days.extend({ locale }).refine(isInOrder, inOrder);

/** Reads parameters by a schema of above. Throws `BadParameter` for the first that cannot be used. */
export function readParameters<Parameters>(
  schema: z.ZodType<Parameters>,
  given: Readonly<Record<string, string>>,
): Parameters {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new BadParameter(`${String(issue?.path[0] ?? "a parameter")}: ${issue?.message ?? "cannot be used"}`);
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  try {
    return Temporal.PlainDate.from(text, { overflow: "reject" }).year > 0;
  } catch {
    // No such day in the calendar: the answer, not a failure.
    return false;
  }
}

function isFew(from: string, to: string): boolean {
  return Temporal.PlainDate.from(from).until(to, { largestUnit: "days" }).days < MOST_DAYS_BY_HOUR;
}
