import { Command, Option } from "commander";
import { Temporal } from "temporal-polyfill";
import { summedUp, type VerifyReport } from "../app/index.js";
import type { Contradiction, Counts, DayRange, Difference, HourDifference, Verification } from "../sync/index.js";
import { configuredApp } from "./configured.js";
import { parseDate } from "./dates.js";
import { counted, instant, print, table, wallTime } from "./output.js";

interface VerifyOptions {
  readonly from?: Temporal.PlainDate;
  readonly to?: Temporal.PlainDate;
  readonly hours?: true;
  readonly fix?: true;
  readonly json?: true;
}

/** `verify [--from DATE --to DATE] [--hours] [--fix] [--json]` */
export function verifyCommand(): Command {
  return new Command("verify")
    .addOption(new Option("--from <date>", "first day, e.g. 2026-03-01; without it everything").argParser(parseDate))
    .addOption(new Option("--to <date>", "last day, included; without it yesterday").argParser(parseDate))
    .option("--hours", "read every hour of those days, and compare every stored value")
    .option("--fix", "load the days that differ, and compare them again")
    .option("--json", "print JSON")
    .action(async (options: VerifyOptions, command: Command) => {
      const choice = { range: chosenRange(options, command), everyHour: options.hours ?? false };
      const report = (found: VerifyReport) =>
        print(options.json ? JSON.stringify(asObject(found), undefined, 2) : inWords(found, choice.everyHour));
      process.exitCode = await configuredApp().verify(choice, options.fix ?? false, report);
    });
}

function chosenRange({ from, to }: VerifyOptions, command: Command): DayRange | undefined {
  if (from === undefined && to === undefined) return undefined;
  if (from === undefined) command.error("error: --to needs --from");
  const last = to ?? new Temporal.PlainDate(9999, 12, 31);
  if (Temporal.PlainDate.compare(from, last) > 0) command.error(`error: --from ${from} is after --to ${last}`);
  return { from, to: last };
}

function inWords({ found, fixed }: VerifyReport, everyHour: boolean): string {
  if (fixed === undefined) return [...findingsInWords(found), conclusion(found, everyHour)].join("\n");
  const loaded = `${counted(fixed.days, "day")} that differed ${fixed.days === 1 ? "was" : "were"} loaded and compared again.`;
  const left = [
    ...findingsInWords(fixed.left),
    conclusion({ ...fixed.left, days: found.days, daysReadByHour: found.daysReadByHour }, everyHour),
  ];
  return [...findingsInWords(found), loaded, "", ...left].join("\n");
}

function findingsInWords({ differences, contradictions }: Verification): string[] {
  const rows = summedUp(differences).map((difference) => [
    difference.meteringPointId,
    periodOf(difference),
    kwh(difference.kwhTold),
    kwh(difference.kwhStored),
    whatDiffers(difference),
  ]);
  const columns = [
    { head: "metering point" },
    { head: "day" },
    { head: "reported kWh", isNumber: true, spare: 1 },
    { head: "stored kWh", isNumber: true, spare: 2 },
    { head: "what differs" },
  ];
  return [...(rows.length === 0 ? [] : [table(columns, rows), ""]), ...contradictions.map(contradictionInWords)];
}

function contradictionInWords({ meteringPointId, span, startsOn, hours, values }: Contradiction): string {
  const period = span === "day" ? startsOn : startsOn.toPlainYearMonth();
  const [reported, stored] = (["reported", "stored"] as const).map((side) =>
    values.map((value) => amount(value.value, value[side])).join(", "),
  );
  return (
    `${meteringPointId} ${period}: Caruna+ contradicts itself: it reports ${reported} for this ${span}, and shows ` +
    `${stored} in its ${counted(hours, "hour")}; the hours are stored as it shows them.`
  );
}

/** A value with the name of its column, but for the total. */
function amount(name: string, value: number | null): string {
  if (name === "kwhTotal") return `${kwh(value)} kWh`;
  const column = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return `${column} ${value === null ? "–" : Number(value.toFixed(6))}`;
}

/** What was compared, what came of it, and what a comparison of totals cannot show. */
function conclusion(
  { differences, contradictions, meteringPoints, requests, days, daysReadByHour }: Verification,
  everyHour: boolean,
): string {
  const what = everyHour
    ? `every value of every hour of ${counted(days, "day")}`
    : `the totals of ${counted(days, "day")}${daysReadByHour > 0 ? `, and every hour of ${counted(daysReadByHour, "day")}` : ""}`;
  const compared = `${counted(meteringPoints, "metering point")} compared with ${counted(requests, "request")}: ${what}.`;
  const result =
    differences.length > 0
      ? `${counted(differences.length, "day")} ${differences.length === 1 ? "differs" : "differ"}.`
      : everyHour
        ? "Every hour is stored as Caruna+ shows it."
        : "What is stored agrees with Caruna+.";
  const contradicted =
    contradictions.length === 0 ? "" : ` Caruna+ contradicts itself ${counted(contradictions.length, "time")}.`;
  const limits = everyHour
    ? ""
    : " Totals do not show changes within a day that cancel each other out, nor the tariff or status of an hour: " +
      "verify --hours compares every stored value.";
  return `${compared} ${result}${contradicted}${limits}`;
}

function periodOf({ span, startsOn, days }: Difference): string {
  return span === "day" ? startsOn.toString() : `${startsOn.toPlainYearMonth()} (${days} days)`;
}

function whatDiffers({ hours, energyHourly, each }: Difference): string {
  const own = [
    hours.missing > 0 && `${counted(hours.missing, "hour")} missing${times(each, "missing")}`,
    hours.other > 0 && `${counted(hours.other, "hour")} with other values${times(each, "other")}`,
    hours.extra > 0 &&
      `${counted(hours.extra, "extra hour")} (or a value of it) that Caruna+ does not show${times(each, "extra")}`,
  ];
  const there = inEnergyHourly(energyHourly);
  return [...own, there !== "" && `energy_hourly: ${there}`].filter(Boolean).join("; ");
}

function inEnergyHourly({ missing, other, extra }: Counts): string {
  return [missing > 0 && `${missing} missing`, other > 0 && `${other} other`, extra > 0 && `${extra} extra`]
    .filter(Boolean)
    .join(", ");
}

/** The first few hours, by the wall clock. */
function times(each: readonly HourDifference[], what: HourDifference["what"]): string {
  const hours = each.filter((hour) => hour.what === what).map(({ startEpochMs }) => wallTime(startEpochMs).slice(-5));
  if (hours.length === 0) return "";
  return ` (${hours.slice(0, 4).join(", ")}${hours.length > 4 ? ", …" : ""})`;
}

function kwh(value: number | null): string {
  return value === null ? "–" : value.toFixed(2);
}

function asObject({ found, fixed }: VerifyReport): object {
  const now = fixed?.left ?? found;
  const ok = now.differences.length === 0;
  return {
    ok,
    result: ok ? (now.contradictions.length === 0 ? "agrees" : "contradicts itself") : "differs",
    meteringPoints: found.meteringPoints,
    requests: now.requests,
    days: found.days,
    daysReadByHour: found.daysReadByHour,
    differences: differencesForProgram(now),
    contradictions: now.contradictions.map(({ startsOn, ...rest }) => ({ ...rest, day: startsOn.toString() })),
    ...(fixed && { fixed: { daysLoaded: fixed.days, differencesBefore: differencesForProgram(found) } }),
  };
}

function differencesForProgram({ differences }: Verification): object[] {
  return summedUp(differences).map(({ meteringPointId, span, startsOn, each, ...rest }) => ({
    meteringPoint: meteringPointId,
    period: span === "day" ? startsOn.toString() : startsOn.toPlainYearMonth().toString(),
    ...rest,
    each: each.map(({ startEpochMs, ...hour }) => ({ hour: instant(startEpochMs), ...hour })),
  }));
}
