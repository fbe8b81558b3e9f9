import type { Overview, OverviewPoint } from "../../api.js";
import type { Format } from "./format.js";
import type { Words } from "./words.js";

/** How things are, in one sentence, and what to do or expect. */
export interface State {
  readonly level: "good" | "working" | "attention" | "problem";
  readonly sentence: string;
  readonly next: readonly string[];
  /** What the program itself says, which it says in English. */
  readonly said: readonly { readonly message: string; readonly nextStep: string }[];
}

/** No instant is later: "until something is done about it". */
const FOR_GOOD = 8_640_000_000_000_000;

/** More hours than this without a newer one are worth a word. */
const LATE_HOURS = 36;

/** How things are with a metering point; `undefined`: none is known. The worst comes first. */
export function stateOf(overview: Overview, point: OverviewPoint | undefined, words: Words, format: Format): State {
  const { guard, lastCycle, problems, now } = overview;
  if (guard.kind !== null && guard.heldUntil !== null) {
    const when = format.relative(guard.posted ?? now, now);
    const next = [heldBack(guard.heldUntil, words, format)];
    return { level: "problem", sentence: words.loginFailed[guard.kind](when), next, said: problems };
  }
  if (lastCycle !== null && lastCycle.problem !== null) {
    const said = problems.length > 0 ? problems : [{ message: lastCycle.problem, nextStep: "" }];
    return { level: "problem", sentence: words.syncFailed(format.relative(lastCycle.ended, now)), next: [], said };
  }
  if (problems.length > 0) return { level: "problem", sentence: words.attention, next: [], said: problems };
  if (point === undefined) return { level: "working", sentence: words.noPointsYet, next: [], said: [] };
  if (point.lastHour === null)
    return { level: "working", sentence: words.noHoursYet, next: [words.noHoursNext], said: [] };
  return { ...stateOfHours(point, point.lastHour, now, words, format), said: [] };
}

function stateOfHours(
  point: OverviewPoint,
  lastHour: number,
  now: number,
  words: Words,
  format: Format,
): Omit<State, "said"> {
  const until = format.endOfHour(lastHour);
  const asked = point.nextAsk === null ? [] : [words.askedAgain(format.relative(Math.max(point.nextAsk, now), now))];
  const periods = periodsLeft(point);
  if (periods > 0) {
    const next = [words.lookingBack(format.number(periods))];
    return { level: "working", sentence: words.storedUntil(until), next };
  }
  if (point.gapHours > 0) {
    const missing = words.hoursMissing(point.gapHours, format.number(point.gapHours));
    return { level: "attention", sentence: missing, next: [words.storedUntil(until), ...asked] };
  }
  // Caruna+ publishes a day's hours on the next day; the end of yesterday is not there yet in the morning.
  if (point.hoursExpected - point.hours > LATE_HOURS) {
    return { level: "attention", sentence: words.noHoursSince(until), next: [words.noHoursSinceNext, ...asked] };
  }
  const compared =
    point.verified === null ? words.notComparedYet : words.compared(format.relativeDay(point.verified, now));
  return { level: "good", sentence: words.everyHour(until), next: [compared] };
}

export function heldBack(heldUntil: number, words: Words, format: Format): string {
  return heldUntil >= FOR_GOOD ? words.heldForGood : words.heldUntil(format.instant(heldUntil));
}

/** Days, months and years that the look back has not read yet. */
export function periodsLeft({ lookBack }: OverviewPoint): number {
  return lookBack.days + lookBack.months + lookBack.years;
}
