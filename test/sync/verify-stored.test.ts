import { Temporal } from "temporal-polyfill";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EngineWorld, HOUR_MS, type Program } from "./engine-world.js";

/*
 * A metering point of 40 days that is stored as it should be, until somebody changes a row.
 */

const METER = "FSK000127";
const HOUR = "timestamptz '2026-11-03 20:00 Europe/Helsinki'";
const DAY = "2026-11-03";

let world: EngineWorld;
let program: Program;
const update = (text: string) => world.database.query(text);

beforeAll(async () => {
  world = await EngineWorld.create("2026-11-23T10:00", { meters: [{ assetId: METER, startDate: "2026-10-14" }] });
  program = await world.start();
  await program.cycle();
});
afterAll(async () => await world.close());

/** The days that differ: by the totals of everything, or by every hour around the day. */
async function verify(everyHour = false): Promise<string[]> {
  const range = { from: Temporal.PlainDate.from("2026-11-02"), to: Temporal.PlainDate.from("2026-11-05") };
  const { differences } = await program.verify(everyHour ? { range, everyHour } : {});
  return differences.map(({ startsOn }) => startsOn.toString());
}

/** As `--fix` does. */
async function fix(): Promise<void> {
  const day = Temporal.PlainDate.from(DAY);
  await program.engine.loadDays([{ meteringPointId: METER, day }], new AbortController().signal);
}

test("all that is stored agrees, by its totals and by every hour", async () => {
  const totals = await program.verify();
  expect(totals).toMatchObject({ differences: [], contradictions: [], days: 40, daysReadByHour: 0, requests: 5 });
  const hours = await program.verify({ everyHour: true });
  expect(hours).toMatchObject({ differences: [], contradictions: [], days: 40, daysReadByHour: 40 });
});

describe("totals show", () => {
  test.each([
    ["a total", "kwh_total = kwh_total + 0.01"],
    ["a total that is gone", "kwh_total = NULL"],
    ["a part", "kwh_day = kwh_day + 0.01"],
    ["another part", "kwh_night_winter = 1"],
    ["what is invoiced", "kwh_invoiced = kwh_invoiced - 0.01"],
    ["the temperature", "temperature_celsius = temperature_celsius + 5"],
    ["the fee", "eur_total = eur_total + 0.0001"],
    ["a fee that is gone", "eur_total = NULL"],
    ["the distribution fee", "eur_distribution = eur_distribution + 0.0001"],
    ["the base fee", "eur_base = eur_base + 0.0001"],
    ["the tax", "eur_tax = eur_tax + 0.0001"],
    ["the VAT", "eur_vat = eur_vat + 0.0001"],
  ])("%s", async (_, change) => {
    await update(`UPDATE metering_point_hourly SET ${change} WHERE datetime = ${HOUR}`);
    expect(await verify()).toEqual([DAY]);
    await fix();
    expect(await verify()).toEqual([]);
    expect(await verify(true)).toEqual([]);
  });

  test.each(["metering_point_hourly", "energy_hourly"])("a row that is deleted from %s", async (table) => {
    await update(`DELETE FROM ${table} WHERE datetime = ${HOUR}`);
    expect(await verify()).toEqual([DAY]);
    await fix();
    expect(await verify()).toEqual([]);
  });

  test("a deleted hour of 0 kWh, even where another row takes its place in the count", async () => {
    const hour = Date.parse("2026-11-03T02:00:00+02:00");
    world.simulator.household.revise(METER, hour, 0);
    await fix();
    await update(`DELETE FROM metering_point_hourly WHERE datetime = to_timestamp(${hour / 1000})`);
    await update(
      `INSERT INTO metering_point_hourly (metering_point, datetime, kwh_total)
       VALUES ('${METER}', to_timestamp(${hour / 1000 + 1800}), 0)`,
    );
    const { differences } = await program.verify();
    expect(differences).toMatchObject([{ hours: { missing: 1, other: 0, extra: 1 } }]);
    await update(`DELETE FROM metering_point_hourly WHERE datetime = to_timestamp(${hour / 1000 + 1800})`);
    world.simulator.household.restore(METER, hour);
    await fix();
    expect(await verify(true)).toEqual([]);
  });

  test("a day that was never loaded, and what two days of a month hide from their year", async () => {
    await update(`DELETE FROM metering_point_hourly WHERE (datetime AT TIME ZONE 'Europe/Helsinki')::date = '${DAY}'`);
    const { differences } = await program.verify();
    expect(differences).toMatchObject([{ hours: { missing: 24 }, each: [] }]);
    await fix();
    await update(`UPDATE metering_point_hourly SET kwh_total = kwh_total + 1 WHERE datetime = ${HOUR}`);
    await update(
      `UPDATE metering_point_hourly SET kwh_total = kwh_total - 1 WHERE datetime = ${HOUR} + interval '2 days'`,
    );
    expect(await verify()).toEqual([DAY, "2026-11-05"]);
    await fix();
    await update(
      `UPDATE metering_point_hourly SET kwh_total = kwh_total + 1 WHERE datetime = ${HOUR} + interval '2 days'`,
    );
    expect(await verify(true)).toEqual([]);
  });

  test("an hour that Caruna+ shows and no total counts yet", async () => {
    const hour = Date.parse("2026-11-03T02:00:00+02:00");
    await update(`DELETE FROM metering_point_hourly WHERE (datetime AT TIME ZONE 'Europe/Helsinki')::date = '${DAY}'`);
    world.simulator.answerNext({
      ...{ pathIncludes: "/energy", times: 1 },
      answer: { status: 200, headers: {}, body: JSON.stringify([{ timestamp: `${DAY}T00:00:00`, temperature: 3 }]) },
    });
    const range = { from: Temporal.PlainDate.from("2026-11-02"), to: Temporal.PlainDate.from(DAY) };
    const { differences } = await program.verify({ range });
    expect(differences.map(({ startsOn, hours }) => [startsOn.toString(), hours.missing])).toEqual([[DAY, 24]]);
    await fix();
    expect(world.simulator.household.isPublished(METER, hour)).toBe(true);
  });
});

test("rows of energy_hourly that no hour belongs to differ, but for those before the limit of the backfill", async () => {
  const limited = await world.start({ plan: { backfill: "none" } });
  await update("INSERT INTO energy_hourly (datetime, kwh_total) VALUES ('2026-10-01 10:00 Europe/Helsinki', 1)");
  expect((await limited.verify()).differences).toEqual([]);
  expect(await verify()).toEqual(["2026-10-01"]);
  await update("DELETE FROM energy_hourly WHERE datetime = '2026-10-01 10:00 Europe/Helsinki'");
});

describe("every hour shows", () => {
  test.each([
    ["a status", "status = 180"],
    ["a tariff", "tariff = 'day'"],
    ["the names of parts", `parts = '{"daytime": 9}'`],
    ["the source of the split", "split_source = 'calendar'"],
  ])("%s", async (_, change) => {
    const before = await update(
      `SELECT tariff, status, parts, split_source FROM metering_point_hourly WHERE datetime = ${HOUR}`,
    );
    await update(`UPDATE metering_point_hourly SET ${change} WHERE datetime = ${HOUR}`);
    const after = await update(
      `SELECT tariff, status, parts, split_source FROM metering_point_hourly WHERE datetime = ${HOUR}`,
    );
    expect(await verify(true)).toEqual(JSON.stringify(after) === JSON.stringify(before) ? [] : [DAY]);
    await fix();
    expect(await verify(true)).toEqual([]);
  });

  test("changes that cancel each other out, which totals do not", async () => {
    await update(`UPDATE metering_point_hourly SET kwh_total = kwh_total + 1 WHERE datetime = ${HOUR}`);
    await update(
      `UPDATE metering_point_hourly SET kwh_total = kwh_total - 1 WHERE datetime = ${HOUR} - interval '1 hour'`,
    );
    expect((await program.verify({ everyHour: true })).differences).toMatchObject([
      { hours: { missing: 0, other: 2, extra: 0 } },
    ]);
    await fix();
    expect(await verify(true)).toEqual([]);
  });

  test("a value that Caruna+ does not show; it stays", async () => {
    await update(`UPDATE metering_point_hourly SET kwh_sold = 1 WHERE datetime = ${HOUR}`);
    expect(await verify()).toEqual([]);
    expect((await program.verify({ everyHour: true })).differences).toMatchObject([
      { hours: { missing: 0, other: 0, extra: 1 } },
    ]);
    await update(`UPDATE metering_point_hourly SET kwh_sold = NULL WHERE datetime = ${HOUR}`);
  });
});

describe("Caruna+ contradicts itself", () => {
  /** To the next request for energy. */
  const answer = (rows: readonly object[]) =>
    world.simulator.answerNext({
      ...{ pathIncludes: "/energy", times: 1 },
      answer: { status: 200, headers: {}, body: JSON.stringify(rows) },
    });

  test("where a day's report is not what its own hours come to", async () => {
    answer([{ timestamp: `${DAY}T00:00:00`, totalConsumption: 999, totalFee: 5 }]);
    const day = Temporal.PlainDate.from(DAY);
    const { differences, contradictions } = await program.verify({ range: { from: day, to: day } });
    expect(differences).toEqual([]);
    expect(contradictions).toMatchObject([
      { startsOn: day, hours: 24, kwhTold: 999, values: [{ value: "kwhTotal" }, { value: "eurTotal", reported: 5 }] },
    ]);
  });

  test("where a year reports another month than its days make", async () => {
    answer([{ timestamp: "2026-10-01T00:00:00", totalConsumption: 999 }]);
    const { differences, contradictions } = await program.verify();
    expect(differences).toEqual([]);
    expect(contradictions).toMatchObject([{ span: "month", kwhTold: 999 }]);
  });

  test("not where a year reports of a month that goes on, or that lies partly before the limit of the backfill", async () => {
    const limited = await world.start({ plan: { backfill: "none" } });
    answer([{ timestamp: "2026-11-01T00:00:00", totalConsumption: 999 }]);
    expect(await program.verify()).toMatchObject({ differences: [], contradictions: [] });
    answer([{ timestamp: "2026-10-01T00:00:00", totalConsumption: 999 }]);
    expect(await limited.verify()).toMatchObject({ differences: [], contradictions: [] });
  });

  test("where it shows fewer hours than its total counts: nothing that could be loaded is missing", async () => {
    const hours = Array.from({ length: 24 }, (_, index) => Date.parse("2026-11-03T00:00:00+02:00") + index * HOUR_MS);
    await update(`DELETE FROM metering_point_hourly WHERE (datetime AT TIME ZONE 'Europe/Helsinki')::date = '${DAY}'`);
    await update(`DELETE FROM energy_hourly WHERE (datetime AT TIME ZONE 'Europe/Helsinki')::date = '${DAY}'`);
    world.simulator.household.withhold(METER, hours);
    answer([{ timestamp: `${DAY}T00:00:00`, totalConsumption: 20 }]);
    const day = Temporal.PlainDate.from(DAY);
    const range = { from: day, to: day };
    const { differences, contradictions } = await program.verify({ range, everyHour: true });
    expect([differences, contradictions]).toMatchObject([[], [{ kwhTold: 20, hours: 0 }]]);
    world.simulator.household.release();
    await fix();
    expect(await verify(true)).toEqual([]);
  });
});
