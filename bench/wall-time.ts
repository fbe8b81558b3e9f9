import type { Temporal } from "temporal-polyfill";
import type { ServerSettings } from "../src/database/index.js";
import { lastDays } from "../src/energy/index.js";
import { type Measured, median, seconds, tell, timed } from "./measured.js";
import { originalCycle } from "./original.js";
import { Ours } from "./ours.js";
import { onClient, type Postgres } from "./postgres.js";
import { type SimulatorAddresses, withSimulator } from "./simulator.js";

const LATENCY_MS = 50;
const REPETITIONS = 3;

interface Comparison {
  readonly what: string;
  readonly target: number;
  readonly days: readonly Temporal.PlainDate[];
  readonly repetitions: number;
  readonly withHistory: boolean;
}

/** The first seven days, from nothing but a database with its tables. */
export async function firstSevenDays(postgres: Postgres): Promise<Measured[]> {
  const days = lastDays(Date.now(), 7);
  const what = "wall time of the first seven days, cold, database ready";
  return [await compare(postgres, { what, target: 0.85, days, repetitions: 3 * REPETITIONS, withHistory: false })];
}

/** A metering point that is a year old, and its whole history. */
export async function aYear(postgres: Postgres): Promise<Measured[]> {
  const days = lastDays(Date.now(), 365);
  const what = "wall time of a 365-day backfill";
  return [await compare(postgres, { what, target: 0.32, days, repetitions: REPETITIONS, withHistory: true })];
}

async function compare(postgres: Postgres, comparison: Comparison): Promise<Measured> {
  const { what, target, days, repetitions, withHistory } = comparison;
  const startDate = withHistory ? String(days[0]) : "2019-06-01";
  return await withSimulator({ latencyMs: LATENCY_MS, meters: [{ startDate }] }, async (simulator) => {
    const original: number[] = [];
    const ours: number[] = [];
    // Once for nothing, so that neither pays for what a process does once.
    for (let repetition = 0; repetition <= repetitions; repetition++) {
      const firstServer = await postgres.readyDatabase();
      const originalMs = await timed(() => originalCycle(simulator, firstServer, days));
      const server = await postgres.readyDatabase();
      const oursMs = await timed(() => cycle(simulator, server, withHistory));
      await mustBeEqual(firstServer, server);
      tell(`  ${repetition === 0 ? "(warming up) " : ""}original ${seconds(originalMs)}, ours ${seconds(oursMs)}`);
      if (repetition === 0) continue;
      original.push(originalMs);
      ours.push(oursMs);
    }
    const ratio = median(ours) / median(original);
    return {
      what,
      target: `≤ ${target}`,
      original: seconds(median(original)),
      ours: seconds(median(ours)),
      ratio: ratio.toFixed(2),
      isMet: ratio <= target,
    };
  });
}

async function cycle(simulator: SimulatorAddresses, server: ServerSettings, withHistory: boolean): Promise<void> {
  const ours = new Ours(simulator, server);
  try {
    await ours.cycle(withHistory);
  } finally {
    await ours.end();
  }
}

/** Speed without the rows would be no speed. */
async function mustBeEqual(one: ServerSettings, other: ServerSettings): Promise<void> {
  const text = "SELECT count(*)::text AS rows, round(sum(kwh_total)::numeric, 3)::text AS kwh FROM energy_hourly";
  const [first, second] = await Promise.all(
    [one, other].map(async (server) => JSON.stringify((await onClient(server, (client) => client.query(text))).rows)),
  );
  if (first !== second) throw new Error(`the two ways stored different hours: ${first} and ${second}`);
}
