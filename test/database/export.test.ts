import { expect, test } from "vitest";
import type { StoredMeteredHour } from "../../src/database/index.js";
import { newLeased } from "../support/leased.js";
import { meteredHour } from "../support/metered-hours.js";

const HOUR_MS = 3_600_000;
/** Local midnight of 24 October 2026, the day before the one of 25 hours. */
const START_MS = Date.UTC(2026, 9, 23, 21);

const leased = newLeased();

async function store(startEpochMs: number, count: number, meteringPointId = "A"): Promise<void> {
  const readings = Array.from({ length: count }, (_, index) =>
    meteredHour(startEpochMs + index * HOUR_MS, { kwhTotal: index / 100 }),
  );
  await leased.database.sync.storeReadings(leased.lease, {
    hours: [{ meteringPointId, isFollowed: false, readings }],
  });
}

async function pages(fromDay?: string, toDay?: string, meteringPointId = "A"): Promise<StoredMeteredHour[][]> {
  const given: StoredMeteredHour[][] = [];
  for await (const page of leased.database.sync.exportHours(meteringPointId, fromDay, toDay)) given.push(page);
  return given;
}

const starts = async (fromDay?: string, toDay?: string) =>
  (await pages(fromDay, toDay)).flat().map(({ startEpochMs }) => startEpochMs);
const hoursFrom = (startEpochMs: number, count: number) =>
  Array.from({ length: count }, (_, index) => startEpochMs + index * HOUR_MS);

test("gives all hours of one metering point, earliest first, in pages that are never large", async () => {
  await store(START_MS, 2500);
  await store(START_MS + 2500 * HOUR_MS, 2500);
  await store(START_MS, 10, "B");
  const all = await pages();
  expect(all.flat().map(({ startEpochMs }) => startEpochMs)).toEqual(hoursFrom(START_MS, 5000));
  expect(all.length).toBeGreaterThan(1);
  expect(Math.max(...all.map((page) => page.length))).toBeLessThanOrEqual(2500);
  expect(all[0]?.[7]).toEqual(meteredHour(START_MS + 7 * HOUR_MS, { kwhTotal: 0.07 }));
  expect(await pages(undefined, undefined, "nobody's")).toEqual([]);
});

test("a number of hours that fills its last page is not given twice", async () => {
  await store(START_MS, 4000);
  expect(await starts()).toEqual(hoursFrom(START_MS, 4000));
});

test("days are those of Finland, both included, whatever their length", async () => {
  await store(START_MS, 24 + 25 + 24);
  expect(await starts("2026-10-25", "2026-10-25")).toEqual(hoursFrom(START_MS + 24 * HOUR_MS, 25));
  expect(await starts("2026-10-25")).toEqual(hoursFrom(START_MS + 24 * HOUR_MS, 25 + 24));
  expect(await starts(undefined, "2026-10-24")).toEqual(hoursFrom(START_MS, 24));
  expect(await starts("2027-01-01", "2027-12-31")).toEqual([]);
});

test("holds no connection while the reader takes its time, and gives up at an abort", async () => {
  await store(START_MS, 5000);
  const abort = new AbortController();
  const reader = leased.database.sync.exportHours("A", undefined, undefined, abort.signal)[Symbol.asyncIterator]();
  await reader.next();
  const busy = await leased.testDatabase.query(
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'",
  );
  expect(busy).toEqual([]);
  abort.abort(new Error("the reader has gone"));
  await expect(reader.next()).rejects.toThrow("the reader has gone");
});
