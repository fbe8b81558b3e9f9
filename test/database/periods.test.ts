import { expect, test } from "vitest";
import type { PeriodRow } from "../../src/database/index.js";
import { newLeased } from "../support/leased.js";

const NOW_MS = Date.UTC(2026, 10, 23, 6) + 123;
const MINUTE_MS = 60_000;

const leased = newLeased();

function period(startsOn: string, values: Partial<PeriodRow> = {}): PeriodRow {
  return {
    meteringPointId: "A",
    span: "day",
    startsOn,
    nextAskEpochMs: null,
    askedEpochMs: null,
    timesAsked: 0,
    kwhTold: null,
    kwhStored: null,
    verifiedEpochMs: null,
    settledEpochMs: null,
    isHistory: false,
    reported: null,
    timesReported: 0,
    ...values,
  };
}

const due = async (limit = 100, meteringPointIds = ["A"]) =>
  (await leased.database.sync.duePeriods({ meteringPointIds, nowEpochMs: NOW_MS, limit })).map(
    ({ startsOn }) => startsOn,
  );

const inNovember = { meteringPointIds: ["A"], span: "day", from: "2026-11-01", to: "2026-11-30" } as const;

test("remembers every value of a period to the millisecond, and forgets what is no longer so", async () => {
  const full = period("2026-11-22", {
    ...{ nextAskEpochMs: NOW_MS + 1, askedEpochMs: NOW_MS, timesAsked: 3, kwhTold: 0.1 + 0.2, kwhStored: 1 / 3 },
    ...{ verifiedEpochMs: NOW_MS - 7, settledEpochMs: NOW_MS - 8, isHistory: true },
  });
  await leased.database.sync.savePeriods(leased.lease, [full]);
  expect(await leased.database.sync.periods(inNovember)).toEqual([full]);
  await leased.database.sync.savePeriods(leased.lease, [full, period("2026-11-22")]);
  expect(await leased.database.sync.periods(inNovember)).toEqual([period("2026-11-22")]);
});

test("finds the periods of those metering points, span and days alone, both ends included", async () => {
  const rows = ["2026-10-31", "2026-11-01", "2026-11-30", "2026-12-01"].map((day) => period(day));
  const others = [period("2026-11-01", { span: "month" }), period("2026-11-02", { meteringPointId: "B" })];
  await leased.database.sync.savePeriods(leased.lease, [...rows, ...others]);
  expect(await leased.database.sync.periods(inNovember)).toEqual(rows.slice(1, 3));
  const ofBoth = await leased.database.sync.periods({ ...inNovember, meteringPointIds: ["B", "A"] });
  expect(ofBoth.map(({ meteringPointId }) => meteringPointId)).toEqual(["A", "A", "B"]);
});

test("is due from its time on, and never without one", async () => {
  await leased.database.sync.savePeriods(leased.lease, [
    period("2026-11-01", { nextAskEpochMs: NOW_MS }),
    period("2026-11-02", { nextAskEpochMs: NOW_MS + 1 }),
    period("2026-11-03"),
  ]);
  expect(await due()).toEqual(["2026-11-01"]);
});

test("is due where it was asked for in the future, beyond what clocks differ", async () => {
  await leased.database.sync.savePeriods(leased.lease, [
    period("2026-11-01", { askedEpochMs: NOW_MS + 5 * MINUTE_MS + 1 }),
    period("2026-11-02", { askedEpochMs: NOW_MS + 5 * MINUTE_MS }),
  ]);
  expect(await due()).toEqual(["2026-11-01"]);
});

test("what is due comes in order of its worth, history last, and no more than asked for", async () => {
  const at = { nextAskEpochMs: NOW_MS - 1 };
  await leased.database.sync.savePeriods(leased.lease, [
    period("2020-01-01", { ...at, span: "year", isHistory: true }),
    period("2020-05-06", { ...at, isHistory: true }),
    period("2026-01-01", { ...at, span: "year" }),
    period("2026-11-01", { ...at, span: "month" }),
    period("2026-11-20", at),
    period("2026-11-22", at),
    period("2026-11-21", { ...at, meteringPointId: "B" }),
  ]);
  const ofA = ["2026-11-22", "2026-11-20", "2026-11-01", "2026-01-01", "2020-05-06", "2020-01-01"];
  expect(await due()).toEqual(ofA);
  expect(await due(2)).toEqual(ofA.slice(0, 2));
  expect(await due(2, ["B", "A"])).toEqual(["2026-11-22", "2026-11-21"]);
});

test("finding what is due among many remembered days reads no row that is not", async () => {
  await leased.testDatabase.query(`
    INSERT INTO public.metering_point_period (metering_point, span, starts_on, asked_at)
    SELECT 'A', 'day', date '1970-01-01' + n, to_timestamp(0) FROM generate_series(1, 20000) AS n;
    ANALYZE public.metering_point_period`);
  const plan = await leased.testDatabase.query(`
    EXPLAIN SELECT FROM public.metering_point_period
    WHERE (next_ask_at <= now() OR asked_at > now() + interval '5 minutes') AND metering_point = ANY(ARRAY['A'])`);
  const text = JSON.stringify(plan);
  expect(text).toContain("metering_point_period_next_ask_at_idx");
  expect(text).toContain("metering_point_period_asked_at_idx");
});
