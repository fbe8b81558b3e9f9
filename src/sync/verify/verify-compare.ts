import type { Temporal } from "temporal-polyfill";
import type { FollowedDifference, HourDifference } from "../../database/index.js";
import { hoursOfDay } from "../../energy/index.js";
import { type ValueDifference, valuesThatDiffer } from "../plan/planner-compare.js";
import type { ComparedPeriod } from "./verify-plan.js";

/** How many hours differ, and how. */
export interface Counts {
  readonly missing: number;
  readonly other: number;
  readonly extra: number;
}

/** What differs of a local day, or of the days of a month that are reported together. */
export interface Difference {
  readonly meteringPointId: string;
  readonly span: "day" | "month";
  readonly startsOn: Temporal.PlainDate;
  /** Caruna+'s total of these days, kWh; `null`: it reports none. */
  readonly kwhTold: number | null;
  /** The sum of the stored hours of these days, kWh; `null`: they were not looked at, since `energy_hourly` alone differs. */
  readonly kwhStored: number | null;
  /** How many days differ: 1 for a day. */
  readonly days: number;
  readonly hours: Counts;
  /** Hours of `energy_hourly` that are not as those of the metering point that it follows. */
  readonly energyHourly: Counts;
  /** The hours, where they were looked at one by one. */
  readonly each: readonly HourDifference[];
}

/**
 * Caruna+ reports something else of a local day or month than its own hours, which are stored as it shows them, come to; or
 * it does not show all of the hours.
 */
export interface Contradiction {
  readonly meteringPointId: string;
  readonly span: "day" | "month";
  readonly startsOn: Temporal.PlainDate;
  readonly kwhTold: number;
  readonly kwhStored: number;
  /** How many hours it shows. */
  readonly hours: number;
  /** What differs; never empty. */
  readonly values: readonly ValueDifference[];
}

const NONE: Counts = { missing: 0, other: 0, extra: 0 };

/** A local day of a metering point with its totals. */
export type DayOfPoint = ComparedPeriod & { readonly meteringPointId: string };

/** A day of which nothing is stored. */
export function notLoaded(day: DayOfPoint): Difference {
  return { ...differenceOfDay(day), hours: { ...NONE, missing: hoursOfDay(day.startsOn).length } };
}

/** What its hours show of a day: nothing, what differs, or that Caruna+ contradicts itself. */
export function differenceByHours(
  day: DayOfPoint,
  each: readonly HourDifference[],
): Difference | Contradiction | undefined {
  if (each.length === 0) return contradictionOf(day, "day");
  const count = (what: HourDifference["what"]) => each.filter((hour) => hour.what === what).length;
  const hours = { missing: count("missing"), other: count("other"), extra: count("extra") };
  return { ...differenceOfDay(day), hours, each };
}

/** What Caruna+ reports of a period whose hours are all stored as it shows them, and that is not so. */
export function contradictionOf(
  { meteringPointId, startsOn, told, stored, isDue }: DayOfPoint,
  span: Contradiction["span"],
): Contradiction | undefined {
  const values = told === undefined || !isDue ? [] : valuesThatDiffer(told, stored);
  if (told === undefined || values.length === 0) return undefined;
  const kwh = { kwhTold: told.kwhTotal, kwhStored: stored?.kwhTotal ?? 0 };
  return { meteringPointId, span, startsOn, ...kwh, hours: stored?.hours ?? 0, values };
}

function differenceOfDay({ meteringPointId, startsOn, told, stored }: Omit<DayOfPoint, "isDue">): Difference {
  return {
    ...{ meteringPointId, span: "day", startsOn, days: 1 },
    ...{ kwhTold: told?.kwhTotal ?? null, kwhStored: stored?.kwhTotal ?? (told === undefined ? null : 0) },
    ...{ hours: NONE, energyHourly: NONE, each: [] },
  };
}

/**
 * Adds what differs in `energy_hourly`. Its extra rows of a day with missing hours are left out: they may be just those
 * hours, which loading the day shows.
 */
export function withEnergyHourly(
  differences: readonly Difference[],
  meteringPointId: string,
  followed: readonly (Omit<FollowedDifference, "day"> & { readonly day: Temporal.PlainDate })[],
): Difference[] {
  const byDay = new Map(followed.map((difference) => [difference.day.toString(), difference]));
  const merged = differences.map((difference) => {
    const there = difference.meteringPointId === meteringPointId && byDay.get(difference.startsOn.toString());
    if (!there) return difference;
    byDay.delete(difference.startsOn.toString());
    const extra = difference.hours.missing > 0 ? 0 : there.extraHours;
    return { ...difference, energyHourly: { missing: there.missingHours, other: there.otherHours, extra } };
  });
  const onlyThere = [...byDay.values()].map(({ day, missingHours, otherHours, extraHours }) => ({
    ...differenceOfDay({ meteringPointId, startsOn: day, told: undefined, stored: undefined }),
    energyHourly: { missing: missingHours, other: otherHours, extra: extraHours },
  }));
  return [...merged, ...onlyThere];
}

/** Whether loading the day again repairs it, in part at least: what is extra stays. */
export function isFixable({ hours, energyHourly }: Difference): boolean {
  return hours.missing + hours.other + energyHourly.missing + energyHourly.other > 0;
}

/**
 * The same for a person to read, by metering point, earliest first: several days of a month that differ in one and the
 * same way, and of which no hour was looked at, are one line.
 */
export function summedUp(differences: readonly Difference[]): Difference[] {
  const groups = new Map<string, [Difference, ...Difference[]]>();
  for (const difference of differences) {
    const { meteringPointId, startsOn, each } = difference;
    const period = each.length > 0 ? startsOn : `${startsOn.toPlainYearMonth()} ${wayOf(difference)}`;
    const key = `${meteringPointId} ${period}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [difference]);
    else group.push(difference);
  }
  const order = ({ meteringPointId, startsOn, span }: Difference) => `${meteringPointId} ${startsOn} ${span}`;
  return [...groups.values()]
    .flatMap((group) => (group.length === 1 ? group : [sumOf(group)]))
    .sort((one, other) => (order(one) < order(other) ? -1 : 1));
}

function wayOf({ hours, energyHourly }: Difference): string {
  return [...Object.values(hours), ...Object.values(energyHourly)].map((count) => (count > 0 ? "+" : "-")).join("");
}

function sumOf([first, ...others]: readonly [Difference, ...Difference[]]): Difference {
  let { kwhTold, kwhStored, days, hours, energyHourly } = first;
  for (const day of others) {
    kwhTold = addedKwh(kwhTold, day.kwhTold);
    kwhStored = addedKwh(kwhStored, day.kwhStored);
    days += day.days;
    hours = added(hours, day.hours);
    energyHourly = added(energyHourly, day.energyHourly);
  }
  const startsOn = first.startsOn.with({ day: 1 });
  return { ...first, span: "month", startsOn, kwhTold, kwhStored, days, hours, energyHourly };
}

function addedKwh(one: number | null, other: number | null): number | null {
  return one === null && other === null ? null : (one ?? 0) + (other ?? 0);
}

function added(one: Counts, other: Counts): Counts {
  return { missing: one.missing + other.missing, other: one.other + other.other, extra: one.extra + other.extra };
}
