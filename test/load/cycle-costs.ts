import { DAY_MS, EngineWorld, HOUR_MS } from "../sync/engine-world.js";
import { differences, meteredRows, publishedRows } from "../sync/truth.js";
import { startStatementCounter } from "./statement-counter.js";

/** What a cycle of the daemon costs. */
export interface Cost {
  /** Days, months and years that were asked for. */
  readonly periods: number;
  /** Requests to Caruna+, logging in included. */
  readonly requests: number;
  /** Statements to PostgreSQL. */
  readonly statements: number;
}

export interface Costs {
  /** All days are new. */
  readonly first: Cost;
  /** Nothing is due. */
  readonly idle: Cost;
  /** One day of each metering point is new. */
  readonly nextDay: Cost;
  /** Where the tables are not what Caruna+ shows. */
  readonly differences: readonly string[];
}

/** Lives through two days with so many metering points under one account, and counts. */
export async function cycleCosts(meterCount: number): Promise<Costs> {
  return await withMeteringPoints(meterCount, async (world, cost) => {
    const first = await cost();
    world.nowEpochMs += HOUR_MS;
    const idle = await cost();
    world.nowEpochMs += DAY_MS - HOUR_MS;
    const nextDay = await cost();
    return { first, idle, nextDay, differences: await differencesIn(world) };
  });
}

/** Two days of hourly cycles with so many metering points: the second has the checks that are spread over the hours. */
export async function costsThroughTwoDays(
  meterCount: number,
): Promise<{ readonly first: Cost; readonly hours: readonly Cost[]; readonly differences: readonly string[] }> {
  return await withMeteringPoints(meterCount, async (world, cost) => {
    const first = await cost();
    const hours: Cost[] = [];
    while (hours.length < 48) {
      world.nowEpochMs += HOUR_MS;
      hours.push(await cost());
    }
    return { first, hours, differences: await differencesIn(world) };
  });
}

async function withMeteringPoints<Result>(
  meterCount: number,
  use: (world: EngineWorld, cost: () => Promise<Cost>) => Promise<Result>,
): Promise<Result> {
  const meters = Array.from({ length: meterCount }, () => ({ startDate: "2026-11-21" }));
  const world = await EngineWorld.create("2026-11-23T10:00", { meters });
  const counter = await startStatementCounter(world.database.settings);
  try {
    const program = await world.start({
      settings: counter.settings,
      plan: { daysToLoad: 2, backfill: "none" },
    });
    return await use(world, async () => {
      const before = { requests: world.simulator.requestCount, statements: counter.statements };
      const { days, months, years } = await program.cycle();
      return {
        periods: days + months + years,
        requests: world.simulator.requestCount - before.requests,
        statements: counter.statements - before.statements,
      };
    });
  } finally {
    await world.close();
    await counter.stop();
  }
}

async function differencesIn(world: EngineWorld): Promise<string[]> {
  return differences(await meteredRows(world.database), publishedRows(world.simulator, world.nowEpochMs));
}
