import { at, EngineWorld } from "../sync/engine-world.js";
import type { TestDatabase } from "./postgres.js";

/** A database that the program has filled, as that of a person who has run it for a year. */
export interface StoredHousehold {
  readonly database: TestDatabase;
  /** Id of the metering point that has everything: a split by day and night, and production. */
  readonly house: string;
  /** When the program ran last. */
  readonly nowEpochMs: number;
  close(): Promise<void>;
}

/** Hours of the house that are taken out again, so that there is a gap to be found: 2026-11-12, 03:00 to 05:00. */
const GAP = ["2026-11-12T03:00", "2026-11-12T04:00"] as const;

/**
 * Lets the engine load a house with solar panels, from September 2025, and a seasonal cottage, from October 2026, as it is
 * on 2026-11-23; and takes two hours out.
 */
export async function storeHousehold(): Promise<StoredHousehold> {
  const world = await EngineWorld.create("2026-11-23T10:10", {
    meters: [
      { product: "nightly", assetId: "HOUSE", startDate: "2025-09-01", solarKwp: 4 },
      { product: "seasonal", assetId: "COTTAGE", startDate: "2026-10-01" },
    ],
  });
  await (await world.start({ meteringPoint: "HOUSE" })).cycle();
  for (const wallTime of GAP) {
    await world.database.query("DELETE FROM metering_point_hourly WHERE metering_point = 'HOUSE' AND datetime = $1", [
      new Date(at(wallTime)),
    ]);
  }
  return {
    database: world.database,
    house: "HOUSE",
    nowEpochMs: world.nowEpochMs,
    close: () => world.close(),
  };
}
