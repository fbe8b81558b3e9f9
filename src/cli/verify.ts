import { Command, Option } from "commander";
import { Temporal } from "temporal-polyfill";
import { summedUp, type VerifyReport } from "../app/index.js";
import type { Counts, DayRange, Difference, HourDifference, Verification } from "../sync/index.js";
import { configuredApp } from "./configured.js";
import { parseDate } from "./dates.js";
import { counted, instant, print, table, wallTime } from "./output.js";

interface VerifyOptions {
  readonly from?: Temporal.PlainDate;
  readonly to?: Temporal.PlainDate;
  readonly fix?: true;
  readonly json?: true;
}

/** `verify [--from DATE --to DATE] [--fix] [--json]` */
export function verifyCommand(): Command {
  return new Command("verify")
    .addOption(new Option("--from <date>", "first day, e.g. 2026-03-01; without it everything").argParser(parseDate))
    .addOption(new Option("--to <date>", "last day, included; without it yesterday").argParser(parseDate))
    .option("--fix", "load the days that differ, and compare them again")
    .option("--json", "the same for a program to read")
    .action(async (options: VerifyOptions, command: Command) => {
      const range = chosenRange(options, command);
      const tell = (report: VerifyReport) =>
        print(options.json ? JSON.stringify(asObject(report), undefined, 2) : inWords(report));
      process.exitCode = await configuredApp().verify(range, options.fix ?? false, tell);
    });
}

function chosenRange({ from, to }: VerifyOptions, command: Command): DayRange | undefined {
  if (from === undefined && to === undefined) return undefined;
  if (from === undefined) command.error("error: --to needs --from");
  const last = to ?? new Temporal.PlainDate(9999, 12, 31);
  if (Temporal.PlainDate.compare(from, last) > 0) command.error(`error: --from ${from} is after --to ${last}`);
  return { from, to: last };
}

function inWords({ found, mended }: VerifyReport): string {
  if (mended === undefined) return [...differencesInWords(found), conclusion(found)].join("\n");
  const loaded = `${counted(mended.days, "day")} that differed ${mended.days === 1 ? "was" : "were"} loaded and compared again.`;
  return [...differencesInWords(found), loaded, "", ...differencesInWords(mended.left), conclusion(mended.left)].join(
    "\n",
  );
}

function differencesInWords({ differences, contradictions }: Verification): string[] {
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
    { head: "told kWh", isNumber: true, spare: 1 },
    { head: "stored kWh", isNumber: true, spare: 2 },
    { head: "what differs" },
  ];
  const remarks = contradictions.map(
    ({ meteringPointId, day, kwhTold, kwhStored }) =>
      `${meteringPointId} ${day}: Caruna+ tells ${kwh(kwhTold)} kWh of this day, and ${kwh(kwhStored)} kWh hour by hour; ` +
      "the hours are stored as they are shown.",
  );
  return [...(rows.length === 0 ? [] : [table(columns, rows), ""]), ...remarks];
}

function conclusion({ differences, meteringPoints, requests }: Verification): string {
  const days = differences.length;
  const compared = `${counted(meteringPoints, "metering point")} compared with ${counted(requests, "request")}`;
  if (days === 0) return `${compared}: every hour is stored as Caruna+ shows it.`;
  return `${compared}: ${counted(days, "day")} ${days === 1 ? "differs" : "differ"}.`;
}

function periodOf({ span, startsOn, days }: Difference): string {
  return span === "day" ? startsOn.toString() : `${startsOn.toPlainYearMonth()} (${days} days)`;
}

function whatDiffers({ hours, energyHourly, each }: Difference): string {
  const own = [
    hours.missing > 0 && `${counted(hours.missing, "hour")} missing${times(each, "missing")}`,
    hours.other > 0 && `${counted(hours.other, "hour")} with other values${times(each, "other")}`,
    hours.extra > 0 && `${counted(hours.extra, "extra hour")} that Caruna+ does not show${times(each, "extra")}`,
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

function asObject({ found, mended }: VerifyReport): object {
  const now = mended?.left ?? found;
  return {
    ok: now.differences.length === 0,
    meteringPoints: found.meteringPoints,
    requests: now.requests,
    differences: differencesForProgram(now),
    contradictions: now.contradictions.map(({ day, ...rest }) => ({ ...rest, day: day.toString() })),
    ...(mended && { fixed: { daysLoaded: mended.days, differencesBefore: differencesForProgram(found) } }),
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
