import { styleText } from "node:util";
import { Command } from "commander";
import {
  lastPostInWords,
  nextStepOfPause,
  pauseInWords,
  readStatus,
  type Status,
  type StatusOfPoint,
  storageAsObject,
  storageInWords,
} from "../app/index.js";
import { bar, columns, plainBar } from "./chart.js";
import { configuration, quietLogger, untilSignal } from "./configured.js";
import { counted, instant, mayColour, print, wallTime } from "./output.js";

/** Gaps that are named one by one; the rest is counted. */
const GAPS_NAMED = 5;
/** With more metering points than this their days are told in a line each. */
const MOST_CHARTS = 2;
const DEFAULT_WIDTH = 80;
const LONGEST_BAR = 48;

/** `status [--json]`: what is there, from the database alone. */
export function statusCommand(): Command {
  return new Command("status")
    .option("--json", "the same for a program to read")
    .action(async ({ json }: { json?: true }) => {
      const settings = configuration({ needsAccount: false });
      const status = await readStatus(settings, quietLogger(settings), untilSignal());
      print(json ? JSON.stringify(asObject(status), undefined, 2) : inWords(status));
    });
}

function inWords(status: Status): string {
  const { moved } = status;
  const parts = [
    loginInWords(status),
    moved === undefined ? undefined : `${moved.message} ${moved.nextStep}`,
    pointsInWords(status),
    sentence(storageInWords(status.storage)),
  ];
  return parts.filter((part) => part !== undefined).join("\n\n");
}

function sentence(facts: readonly string[]): string {
  const text = facts.join("; ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** What came of the last password post, when the next one is, and what to do; undefined where it was accepted. */
function loginInWords({ login, nowEpochMs }: Status): string | undefined {
  if (login === undefined) return undefined;
  const { nextPostEpochMs } = login;
  if (nextPostEpochMs === undefined || nextPostEpochMs > nowEpochMs) return pauseInWords(login);
  return `The last login failed: ${lastPostInWords(login)}. The next cycle that needs one tries again.`;
}

function pointsInWords(status: Status): string {
  if (status.points.length === 0) return "Nothing was loaded yet: no metering point is known to this database.";
  const width = process.stdout.isTTY ? process.stdout.columns : DEFAULT_WIDTH;
  const hasCharts = status.points.length <= MOST_CHARTS;
  const refusals = status.refusals.map(({ message, nextStep }) => `${message}\n  ${nextStep}`);
  const points = status.points.map((point) => {
    const facts = factsOf(point, status);
    return (hasCharts ? [...facts, "", ...chart(point, status, width)] : [...facts, daysInLine(point, status)]).join(
      "\n",
    );
  });
  return [...refusals, ...points].join("\n\n");
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

/** A line a day. */
function chart(point: StatusOfPoint, { lastDays }: Status, width: number): string[] {
  const sums = new Map(point.days.map((sum) => [sum.startsOn, sum]));
  const most = Math.max(0, ...point.days.map(({ kwhTotal }) => kwhTotal));
  const room = Math.max(
    1,
    Math.min(LONGEST_BAR, width - "  2026-11-22  ".length - "  1234.56 kWh  12 of 24 hours".length),
  );
  return lastDays.map(({ day, hours }) => {
    const sum = sums.get(day.toString());
    const share = sum === undefined || most <= 0 ? 0 : sum.kwhTotal / most;
    const drawn = process.stdout.isTTY ? bar(share, room) : plainBar(share, room);
    const kwh = sum === undefined ? "–" : sum.kwhTotal.toFixed(2);
    const isComplete = (sum?.hours ?? 0) >= hours;
    const present = isComplete ? "" : `  ${sum?.hours ?? 0} of ${hours} hours`;
    const padding = " ".repeat(room - [...drawn].length);
    return `  ${day}  ${coloured(drawn, isComplete)}${padding}  ${kwh.padStart(7)} kWh${present}`;
  });
}

/** All days in one line: a column each on a terminal, in a file the least and the most. */
function daysInLine(point: StatusOfPoint, { lastDays }: Status): string {
  const sums = new Map(point.days.map((sum) => [sum.startsOn, sum]));
  const days = lastDays.map(({ day, hours }) => {
    const sum = sums.get(day.toString());
    return { kwh: sum?.kwhTotal ?? null, isComplete: (sum?.hours ?? 0) >= hours };
  });
  const head = `  last ${days.length} days   `;
  const known = days.map(({ kwh }) => kwh).filter((kwh) => kwh !== null);
  if (known.length === 0) return `${head}no hour of them is stored`;
  const drawn = columns(days.map(({ kwh }) => kwh)).map((column, day) =>
    coloured(column, days[day]?.isComplete ?? false),
  );
  const incomplete = days.filter(({ isComplete }) => !isComplete).length;
  const range = `${Math.min(...known).toFixed(2)} to ${Math.max(...known).toFixed(2)} kWh a day`;
  const lacking = incomplete === 0 ? "" : `, ${counted(incomplete, "day")} not complete`;
  return `${head}${process.stdout.isTTY ? `${drawn.join("")}  ` : ""}${range}${lacking}`;
}

/** Green where every hour is there. */
function coloured(drawn: string, isComplete: boolean): string {
  return mayColour() ? styleText(isComplete ? "green" : "yellow", drawn) : drawn;
}

function asObject({ nowEpochMs, login, moved, points, refusals, storage, lastDays }: Status): object {
  const at = (epochMs: number | null) => (epochMs === null ? null : instant(epochMs));
  return {
    now: instant(nowEpochMs),
    moved: moved ?? null,
    storage: storageAsObject(storage),
    failedLogin:
      login === undefined
        ? null
        : {
            outcome: login.kind,
            words: login.words ?? null,
            found: login.found ?? null,
            failedPosts: login.failedPosts,
            lastPost: instant(login.lastPostEpochMs),
            nextPost: at(login.nextPostEpochMs ?? null),
            nextStep: nextStepOfPause(login),
            transcript: login.transcriptFile ?? null,
          },
    refused: refusals.map(({ customer, meteringPoint, status, times, sinceEpochMs, nextAskEpochMs }) => {
      return { customer, meteringPoint, status, times, since: instant(sinceEpochMs), nextAsk: instant(nextAskEpochMs) };
    }),
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
