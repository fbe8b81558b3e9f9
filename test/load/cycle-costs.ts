import { DAY_MS, EngineWorld, HOUR_MS, type Program } from "../sync/engine-world.js";
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
  const meters = Array.from({ length: meterCount }, () => ({ startDate: "2026-11-21" }));
  const world = await EngineWorld.create("2026-11-23T10:00", { meters });
  const counter = await startStatementCounter(world.database.settings);
  const cost = async (program: Program): Promise<Cost> => {
    const before = { requests: world.simulator.requests.length, statements: counter.statements };
    const { days, months, years } = await program.cycle();
    return {
      periods: days + months + years,
      requests: world.simulator.requests.length - before.requests,
      statements: counter.statements - before.statements,
    };
  };
  try {
    const program = await world.start({
      settings: counter.settings,
      plan: { daysToLoad: 2, backfill: "none" },
    });
    const first = await cost(program);
    world.nowEpochMs += HOUR_MS;
    const idle = await cost(program);
    world.nowEpochMs += DAY_MS - HOUR_MS;
    const next = await cost(program);
    const truth = publishedRows(world.simulator, world.nowEpochMs);
    return { first, idle, nextDay: next, differences: differences(await meteredRows(world.database), truth) };
  } finally {
    await world.close();
    await counter.stop();
  }
}
