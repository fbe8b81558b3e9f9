import { expect } from "vitest";
import { storedRows } from "../support/truth.js";
import { EngineWorld, HOUR_MS, type Program, problemOf } from "./engine-world.js";
import { differences, meteredRows, publishedRows } from "./truth.js";

const HOUSE = { product: "nightly", assetId: "A1", startDate: "2026-10-20" } as const;
const COTTAGE = { product: "seasonal", assetId: "A2", startDate: "2026-10-25" } as const;
const FLAT = { product: "general", assetId: "B1", startDate: "2026-10-22", customerNumber: "50777777" } as const;

export interface TwoAccounts {
  readonly days: number;
  /** From one cycle to the next. */
  readonly stepHours: number;
  readonly seed: number;
}

/**
 * Two programs with two accounts run beside each other on one database, and one of them is killed at random: both must
 * end with everything that Caruna+ has published to them, and nothing else.
 */
export async function runTwoAccounts({ days, stepHours, seed }: TwoAccounts): Promise<{ readonly kills: number }> {
  const world = await EngineWorld.create("2026-11-01T10:10", { meters: [HOUSE, COTTAGE] });
  try {
    const hers = await world.later({ meters: [FLAT] });
    const random = generator(seed);
    const startHis = () => world.start({ username: "he@example.com", meteringPoint: "A1" });
    const startHers = () => world.start({ username: "she@example.com" }, hers);
    let his = await startHis();
    let herProgram = await startHers();
    // Once it holds the hours of one, energy_hourly is given to another by a switch alone: whose it is must not be chance.
    await his.cycle();
    let kills = 0;
    const steps = (days * 24) / stepHours;
    for (let step = 0; step < steps; step += 1, world.nowEpochMs += stepHours * HOUR_MS) {
      const victim = random() < 0.3 ? (random() < 0.5 ? his : herProgram) : undefined;
      const killed = victim === undefined ? undefined : killSoon(victim, Math.floor(random() * 60));
      const problems = await Promise.all([his, herProgram].map(problemOf));
      await killed;
      for (const [index, program] of [his, herProgram].entries())
        if (program !== victim) expect(problems[index]).toBeUndefined();
      if (victim === undefined) continue;
      kills += 1;
      // Nobody has given its lease back: it runs out.
      await world.database.query("UPDATE writer_lease SET expires_at = now()");
      if (victim === his) his = await startHis();
      else herProgram = await startHers();
    }
    for (let step = 0; step < 6; step += 1, world.nowEpochMs += 12 * HOUR_MS) {
      await his.cycle();
      await herProgram.cycle();
    }
    await his.cycle();
    await herProgram.cycle();
    const rows = await meteredRows(world.database);
    const truth = [world.simulator, hers].flatMap((simulator) => publishedRows(simulator, world.nowEpochMs));
    expect(differences(rows, truth)).toEqual([]);
    const mirrored = await storedRows(world.database);
    const ofHouse = rows.filter(({ meter }) => meter === "A1");
    expect(mirrored.map(({ epochMs, kwh_total }) => [epochMs, kwh_total])).toEqual(
      ofHouse.map(({ epochMs, kwh_total }) => [epochMs, kwh_total]),
    );
    const loaded = await world.database.query(
      "SELECT count(DISTINCT account)::int AS accounts, count(account)::int AS points FROM metering_point",
    );
    expect(loaded).toEqual([{ accounts: 2, points: 3 }]);
    return { kills };
  } finally {
    await world.close();
  }
}

/** Cuts a program off from its database after so many turns of the event loop, as if it were killed. */
async function killSoon(program: Program, turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  await program.stop();
}

/** Numbers from 0 to 1 that look random, the same for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
