import type { EnergyQuery } from "../src/caruna/index.js";
import { lastDays, localDay } from "../src/energy/index.js";
import { type Simulator, startSimulator } from "../src/simulator/index.js";
import { type Measured, median, tell } from "./measured.js";
import { originalCycle } from "./original.js";
import { Ours } from "./ours.js";
import type { Postgres } from "./postgres.js";
import { FIRST_METER } from "./simulator.js";

const HOUR_MS = 3_600_000;
const LATENCY_MS = 50;
const DAYS_POLLED = 21;
/** A winter's day at 06:20 in Finland: before the hours of the day before are asked for. */
const START_EPOCH_MS = Date.parse("2026-11-23T04:20:00Z");
/** The first of ten whole years. */
const FIRST_DAY = "2016-11-01";

/** An hour somewhere in the ten years. */
const REVISED_EPOCH_MS = Date.parse("2019-02-13T17:00:00Z");

/** How many requests it takes to stay up to date, by a clock that is moved on from hour to hour. */
export async function requests(postgres: Postgres): Promise<Measured[]> {
  const original = await requestsOfTheOriginal(postgres);
  const clock = new Clock();
  const simulator = await startSimulator({ meters: [{ startDate: FIRST_DAY }], now: clock.now });
  clock.follow(simulator);
  const ours = new Ours(simulator, await postgres.readyDatabase(), clock.now);
  try {
    await ours.cycle(true);
    tell(`  ten years loaded: ${ours.caruna.asked.length} requests for days, months and years`);
    return [
      await pollingForWeeks(ours, simulator, clock, original),
      await nothingDue(ours, simulator, original),
      await oneRevisedHour(ours, simulator, clock),
    ];
  } finally {
    await ours.end();
    await simulator.stop();
  }
}

/** Those of a cycle of seven days. */
async function requestsOfTheOriginal(postgres: Postgres): Promise<number> {
  const simulator = await startSimulator();
  try {
    await originalCycle(simulator, await postgres.readyDatabase(), lastDays(Date.now(), 7));
    return simulator.requests.length;
  } finally {
    await simulator.stop();
  }
}

/** Time that goes on by as much as every request takes, and by hours when it is told. */
class Clock {
  #epochMs = START_EPOCH_MS;
  #counted = 0;
  #requests: Simulator["requests"] = [];

  readonly now = (): number => this.#epochMs + (this.#requests.length - this.#counted) * LATENCY_MS;

  follow({ requests: made }: Simulator): void {
    this.#requests = made;
  }

  /** A whole number of hours after the start. */
  set(hours: number): void {
    this.#epochMs = START_EPOCH_MS + hours * HOUR_MS;
    this.#counted = this.#requests.length;
  }
}

/** Every hour of three weeks, counted day by day. */
async function pollingForWeeks(ours: Ours, simulator: Simulator, clock: Clock, original: number): Promise<Measured> {
  const counts: number[] = [];
  const logins = simulator.tokensIssued;
  for (let day = 0; day < DAYS_POLLED; day++) {
    const before = simulator.requests.length;
    for (let hour = 1; hour <= 24; hour++) {
      clock.set(day * 24 + hour);
      await ours.hour();
    }
    counts.push(simulator.requests.length - before);
  }
  const most = Math.max(...counts);
  tell(`  requests a day: ${counts.join(" ")}; ${simulator.tokensIssued - logins} logins in all`);
  return {
    what: `requests in a day of hourly polling, logins included (the median and the most of ${DAYS_POLLED} days)`,
    target: "≤ 40",
    original: String(24 * original),
    ours: `${median(counts)}, at the most ${most}`,
    ratio: (median(counts) / (24 * original)).toFixed(2),
    isMet: most <= 40,
  };
}

async function nothingDue(ours: Ours, simulator: Simulator, original: number): Promise<Measured> {
  const before = simulator.requests.length;
  await ours.hour();
  const made = simulator.requests.length - before;
  return {
    what: "requests of a cycle with nothing due",
    target: "0",
    original: String(original),
    ours: String(made),
    ratio: "",
    isMet: made === 0,
  };
}

/** At its worst: the year is checked just before the hour is revised, so that a week goes by until its next turn. */
async function oneRevisedHour(ours: Ours, simulator: Simulator, clock: Clock): Promise<Measured> {
  const year = localDay(REVISED_EPOCH_MS).year;
  let hour = DAYS_POLLED * 24;
  const pollUntil = async (isSo: () => Promise<boolean>) => {
    for (const last = hour + 30 * 24; !(await isSo()); ) {
      if (hour >= last) throw new Error("it did not come to pass within 30 days");
      clock.set(++hour);
      await ours.hour();
    }
  };
  ours.caruna.asked.length = 0;
  await pollUntil(async () => ours.caruna.asked.some((query) => query.timespan === "yearly" && query.year === year));
  const { kwhTotal } = simulator.household.truthOfHour(FIRST_METER.assetId, REVISED_EPOCH_MS);
  const revisedKwh = kwhTotal + 0.5;
  simulator.household.revise(FIRST_METER.assetId, REVISED_EPOCH_MS, revisedKwh);
  ours.caruna.asked.length = 0;
  const revisedAtHour = hour;
  await pollUntil(async () => {
    const end = REVISED_EPOCH_MS + HOUR_MS;
    const [stored] = await ours.database.sync.hoursOf(FIRST_METER.assetId, REVISED_EPOCH_MS, end);
    return stored?.kwhTotal === revisedKwh;
  });
  const looked = ours.caruna.asked.filter((query) => !isOfTheLastMonths(query, clock.now()));
  tell(`  found after ${hour - revisedAtHour} hours; asked for: ${looked.map(named).join(", ")}`);
  return {
    what: "requests to find one revised hour in ten years, login aside (its year checked just before)",
    target: "≤ 16",
    original: "∞",
    ours: String(looked.length),
    ratio: "",
    isMet: looked.length <= 16,
  };
}

/** What is asked for whether an old hour was revised or not: the days of the last weeks, this month and the one before. */
function isOfTheLastMonths({ timespan, year, month = 1, day = 1 }: EnergyQuery, nowEpochMs: number): boolean {
  return timespan !== "yearly" && Date.UTC(year, month - 1, day) > nowEpochMs - 75 * 24 * HOUR_MS;
}

function named({ year, month, day }: EnergyQuery): string {
  return [year, month, day].filter((part) => part !== undefined).join("-");
}
