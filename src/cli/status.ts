import { styleText } from "node:util";
import { Command } from "commander";
import { readStatus, type Status, type StatusOfPoint } from "../app.js";
import type { Configuration } from "../config/index.js";
import { configuration } from "./configured.js";
import { createLogger } from "./logging.js";
import { counted, instant, mayColour, print, wallTime } from "./output.js";

/** Gaps that are named one by one; the rest is counted. */
const GAPS_NAMED = 5;
/** With more metering points than this their days are left to --json. */
const MOST_CHARTS = 4;
const DEFAULT_WIDTH = 80;
const LONGEST_BAR = 48;

/** `status [--json]`: what is there, from the database alone. */
export function statusCommand(): Command {
  return new Command("status")
    .description("tell what is stored of each metering point and what is due; asks Caruna+ nothing")
    .option("--json", "the same for a program to read")
    .action(async ({ json }: { json?: true }) => {
      const settings = configuration();
      const status = await readStatus(settings, quietLogger(settings), untilSignal());
      print(json ? JSON.stringify(asObject(status), undefined, 2) : inWords(status));
    });
}

/** That the embedded database starts and stops is no news here. */
function quietLogger({ logLevel, logFormat }: Configuration) {
  return createLogger({ logLevel: logLevel === "info" ? "warn" : logLevel, logFormat });
}

function untilSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => controller.abort());
  return controller.signal;
}

function inWords(status: Status): string {
  if (status.points.length === 0) return "Nothing was loaded yet: no metering point is known to this database.";
  const width = process.stdout.isTTY ? process.stdout.columns : DEFAULT_WIDTH;
  const withCharts = status.points.length <= MOST_CHARTS;
  return status.points
    .map((point) => [...factsOf(point, status), ...(withCharts ? ["", ...chart(point, status, width)] : [])].join("\n"))
    .join("\n\n");
}

function factsOf(point: StatusOfPoint, { nowEpochMs }: Status): string[] {
  const { id, product, isFollowed, oldestHourEpochMs, newestHourEpochMs, hours, hoursExpected } = point;
  const head = `${id}${product === null ? "" : `, ${product}`}${isFollowed ? " (energy_hourly follows it)" : ""}`;
  const share = hoursExpected === 0 ? "" : ` (${shareOf(hours, hoursExpected)} %)`;
  const reach =
    oldestHourEpochMs === null || newestHourEpochMs === null
      ? "none yet"
      : `${wallTime(oldestHourEpochMs)} to ${wallTime(newestHourEpochMs)}`;
  return [
    head,
    `  hours          ${reach}`,
    `  stored         ${hours.toLocaleString("en")} of ${hoursExpected.toLocaleString("en")} hours${share}`,
    `  gaps           ${gapsInWords(point)}`,
    `  verified       ${point.verifiedEpochMs === null ? "not yet" : wallTime(point.verifiedEpochMs)}`,
    `  next due       ${dueInWords(point.nextAskEpochMs, nowEpochMs)}`,
    `  to look back   ${lookBackInWords(point)}`,
  ];
}

/** Never 100 where something is missing. */
function shareOf(hours: number, expected: number): string {
  return (Math.floor((hours / expected) * 1000) / 10).toFixed(1);
}

function gapsInWords({ gaps }: StatusOfPoint): string {
  if (gaps.length === 0) return "none";
  const named = gaps.slice(0, GAPS_NAMED).map(({ startEpochMs, endEpochMs }) => {
    return `${wallTime(startEpochMs)} (${counted(hoursOf(startEpochMs, endEpochMs), "hour")})`;
  });
  const more = gaps.length > GAPS_NAMED ? [`and ${gaps.length - GAPS_NAMED} more`] : [];
  return [`${gaps.length}:`, [...named, ...more].join(", ")].join(" ");
}

function hoursOf(startEpochMs: number, endEpochMs: number): number {
  return (endEpochMs - startEpochMs) / 3_600_000;
}

function dueInWords(nextAskEpochMs: number | null, nowEpochMs: number): string {
  if (nextAskEpochMs === null) return "nothing";
  return nextAskEpochMs <= nowEpochMs ? "now" : wallTime(nextAskEpochMs);
}

function lookBackInWords({ lookBack: { days, months, years } }: StatusOfPoint): string {
  const found = [
    days > 0 && counted(days, "day"),
    months > 0 && counted(months, "month"),
    years > 0 && counted(years, "year"),
  ].filter((part) => part !== false);
  if (found.length === 0) return "nothing";
  return `${found.join(", ")}${months + years > 0 ? " (and what these lead to)" : ""}`;
}

function chart(point: StatusOfPoint, { lastDays }: Status, width: number): string[] {
  const sums = new Map(point.days.map((sum) => [sum.startsOn, sum]));
  const most = Math.max(0, ...point.days.map(({ kwhTotal }) => kwhTotal));
  const room = Math.max(
    1,
    Math.min(LONGEST_BAR, width - "  2026-11-22  ".length - "  1234.56 kWh  12 of 24 hours".length),
  );
  return lastDays.map(({ day, hours }) => {
    const sum = sums.get(day.toString());
    const length = sum === undefined || most <= 0 ? 0 : Math.max(0, Math.round((room * sum.kwhTotal) / most));
    const kwh = sum === undefined ? "–" : sum.kwhTotal.toFixed(2);
    const isComplete = (sum?.hours ?? 0) >= hours;
    const present = isComplete ? "" : `  ${sum?.hours ?? 0} of ${hours} hours`;
    return `  ${day}  ${bar(length, isComplete)}${" ".repeat(room - length)}  ${kwh.padStart(7)} kWh${present}`;
  });
}

function bar(length: number, isComplete: boolean): string {
  if (!process.stdout.isTTY) return "#".repeat(length);
  const blocks = "█".repeat(length);
  return mayColour() ? styleText(isComplete ? "green" : "yellow", blocks) : blocks;
}

function asObject({ nowEpochMs, points, lastDays }: Status): object {
  const at = (epochMs: number | null) => (epochMs === null ? null : instant(epochMs));
  return {
    now: instant(nowEpochMs),
    meteringPoints: points.map((point) => ({
      meteringPoint: point.id,
      product: point.product,
      isFollowedByEnergyHourly: point.isFollowed,
      firstHour: at(point.oldestHourEpochMs),
      lastHour: at(point.newestHourEpochMs),
      hours: point.hours,
      hoursExpected: point.hoursExpected,
      gaps: point.gaps.map(({ startEpochMs, endEpochMs }) => ({
        from: instant(startEpochMs),
        to: instant(endEpochMs),
        hours: hoursOf(startEpochMs, endEpochMs),
      })),
      lastVerified: at(point.verifiedEpochMs),
      nextDue: at(point.nextAskEpochMs),
      toLookBack: point.lookBack,
      lastDays: lastDays.map(({ day, hours }) => {
        const sum = point.days.find(({ startsOn }) => startsOn === day.toString());
        return { day: day.toString(), kwh: sum?.kwhTotal ?? null, hours: sum?.hours ?? 0, hoursExpected: hours };
      }),
    })),
  };
}
