import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { HourTruth, Simulator, SimulatorOptions } from "../../src/simulator/index.js";
import { logIn } from "./support/raw-http.js";
import { clockAt, simulatorFor } from "./support/running.js";

const LATER = clockAt("2026-12-01T12:00:00Z");
const CUSTOMER = "/api/customers/50123456";

const rowSchema = z.looseObject({
  timestamp: z.string(),
  totalConsumption: z.number().nullish(),
  invoicedConsumptionByTransferProductParts: z.record(z.string(), z.number()).nullish(),
  totalFee: z.number().nullish(),
});

async function loggedIn(options: SimulatorOptions = {}) {
  const simulator = await simulatorFor({ now: LATER, ...options });
  const token = await logIn(simulator);
  const get = async (path: string) => {
    const response = await fetch(simulator.plusUrl + path, { headers: { Authorization: `Bearer ${token}` } });
    const body: unknown = await response.json();
    return { status: response.status, body };
  };
  const assetId = simulator.household.meters[0]?.assetId ?? "";
  const energy = (query: string) => get(`${CUSTOMER}/assets/${assetId}/energy?${query}`);
  const rows = async (query: string) => z.array(rowSchema).parse((await energy(query)).body);
  return { simulator, get, energy, rows, assetId };
}

function total(truths: readonly HourTruth[]): number {
  return truths.reduce((sum, truth) => sum + truth.kwhTotal, 0);
}

function day(date: string): string {
  const [year, month, dayOfMonth] = date.split("-");
  return `year=${year}&month=${month}&day=${dayOfMonth}&timespan=daily`;
}

function truthOf(simulator: Simulator, date: string): HourTruth[] {
  return simulator.household.truthOfDay(simulator.household.meters[0]?.assetId ?? "", date);
}

describe("energy of a day", () => {
  it.each([
    ["2026-03-28", 24],
    ["2026-03-29", 23],
    ["2026-10-25", 25],
  ])("has the truth of every hour of %s", async (date, count) => {
    const { simulator, rows } = await loggedIn();
    const truth = truthOf(simulator, date);
    const answer = await rows(day(date));
    expect(answer).toHaveLength(count);
    expect(answer.map((row) => [Date.parse(row.timestamp), row.totalConsumption])).toEqual(
      truth.map((hour) => [hour.startEpochMs, hour.kwhTotal]),
    );
    expect(answer.map((row) => row.invoicedConsumptionByTransferProductParts)).toEqual(truth.map((hour) => hour.parts));
    expect(new Set(answer.map((row) => row.timestamp)).size).toBe(count);
  });

  it("takes numbers with and without zeros in front", async () => {
    const { energy } = await loggedIn();
    const padded = await energy("year=2026&month=03&day=04&timespan=daily");
    expect(await energy("year=2026&month=3&day=4&timespan=daily")).toEqual(padded);
  });

  it("comes in each shape that was seen", async () => {
    const { simulator, energy } = await loggedIn();
    const kwh = truthOf(simulator, "2026-03-04")[0]?.kwhTotal;
    const firstOf = async (changes: Parameters<Simulator["set"]>[0]) => {
      simulator.set(changes);
      const { body } = await energy(day("2026-03-04"));
      const wrapped = z.object({ results: z.array(z.object({ type: z.string(), data: z.array(z.unknown()) })) });
      return Array.isArray(body) ? body[0] : wrapped.parse(body).results[0]?.data[0];
    };
    const flat = await firstOf({});
    expect(flat).toMatchObject({ timestamp: "2026-03-04T00:00:00+02:00", statuses: { totalConsumption: 150 } });
    const minimal = await firstOf({ energyShape: "minimal" });
    expect(Object.keys(z.looseObject({}).parse(minimal))).toEqual([
      "timestamp",
      "totalConsumption",
      "invoicedConsumption",
      "temperature",
    ]);
    expect(await firstOf({ energyShape: "bare", stamps: "none" })).toMatchObject({
      timestamp: "2026-03-04T00:00:00",
      totalConsumption: kwh,
      production: null,
    });
    expect(await firstOf({ energyShape: "wrapped", stamps: "offset" })).toMatchObject({
      timestamp: "2026-03-03T22:00:00.000Z",
      consumption: kwh,
      boughtenergy: kwh,
    });
  });

  it("comes in quarters that sum to each hour", async () => {
    const { simulator, rows } = await loggedIn({ quarterHours: true });
    const answer = await rows(day("2026-10-25"));
    expect(answer).toHaveLength(100);
    const sums = new Map<number, number>();
    for (const { timestamp, totalConsumption } of answer) {
      const hour = Math.floor(Date.parse(timestamp) / 3_600_000) * 3_600_000;
      sums.set(hour, (sums.get(hour) ?? 0) + (totalConsumption ?? Number.NaN));
    }
    for (const hour of truthOf(simulator, "2026-10-25"))
      expect(sums.get(hour.startEpochMs)).toBeCloseTo(hour.kwhTotal, 9);
  });

  it("bears one stamp on two rows of the October day, with the second hour's own value", async () => {
    const { simulator, rows } = await loggedIn({ october: "one-stamp-twice" });
    const answer = await rows(day("2026-10-25"));
    expect(answer.slice(3, 5).map((row) => row.timestamp)).toEqual(Array(2).fill("2026-10-25T03:00:00+03:00"));
    expect(answer.map((row) => row.totalConsumption)).toEqual(
      truthOf(simulator, "2026-10-25").map((hour) => hour.kwhTotal),
    );
  });

  it("repeats the row of 02:00 on the March day", async () => {
    const { rows } = await loggedIn({ march: "row-twice" });
    const answer = await rows(day("2026-03-29"));
    expect(answer).toHaveLength(24);
    expect(answer[3]).toEqual(answer[2]);
    expect(answer[2]?.timestamp).toBe("2026-03-29T02:00:00+02:00");
  });

  it("has nothing before the contract began", async () => {
    const { rows } = await loggedIn({ meters: [{ startDate: "2024-05-10" }] });
    expect(await rows(day("2024-05-09"))).toEqual([]);
    expect(await rows(day("2024-05-10"))).toHaveLength(24);
    expect(await rows("year=2024&month=5&timespan=monthly")).toHaveLength(22);
  });
});

describe("publishing", () => {
  it("shows a day's hours from 09:00 of the next local day on", async () => {
    let now = Date.parse("2026-03-30T05:59:59Z");
    const { simulator, rows } = await loggedIn({ now: () => now });
    const before = await rows(day("2026-03-29"));
    expect(before.map((row) => Object.keys(row))).toEqual(Array(23).fill(["timestamp", "temperature"]));
    simulator.set({ unpublished: "nulls" });
    expect((await rows(day("2026-03-29")))[0]).toMatchObject({ totalConsumption: null, totalFee: null });
    now += 1000;
    expect((await rows(day("2026-03-29"))).every((row) => typeof row.totalConsumption === "number")).toBe(true);
  });

  it("is at 09:00 by the wall clock on the days of change too", async () => {
    const { household } = await simulatorFor();
    const publishedAt = (instant: string) => new Date(household.publishedAt(Date.parse(instant))).toISOString();
    expect(publishedAt("2026-03-28T12:00:00Z")).toBe("2026-03-29T06:00:00.000Z");
    expect(publishedAt("2026-10-24T12:00:00Z")).toBe("2026-10-25T07:00:00.000Z");
    expect(publishedAt("2026-10-25T12:00:00Z")).toBe("2026-10-26T07:00:00.000Z");
  });

  it("keeps hours back and revises them on request", async () => {
    const { simulator, rows, assetId } = await loggedIn();
    const [first, second] = truthOf(simulator, "2026-03-04").map((hour) => hour.startEpochMs);
    if (first === undefined || second === undefined) throw new Error("no hours");
    simulator.household.withhold(assetId, [first]);
    simulator.household.revise(assetId, second, 9.99);
    const answer = await rows(day("2026-03-04"));
    expect(answer[0]).not.toHaveProperty("totalConsumption");
    expect(answer[1]).toMatchObject({
      totalConsumption: 9.99,
      invoicedConsumptionByTransferProductParts: { nighttime: 9.99 },
    });
    expect(truthOf(simulator, "2026-03-04")[1]?.kwhTotal).toBe(9.99);
    simulator.household.release();
    expect((await rows(day("2026-03-04")))[0]).toHaveProperty("totalConsumption");
  });
});

describe("energy of months and years", () => {
  it("sums the days of a month and the months of a year from the hours", async () => {
    const { simulator, rows } = await loggedIn();
    const days = await rows("year=2026&month=10&timespan=monthly");
    expect(days).toHaveLength(31);
    expect(days[24]?.timestamp).toBe("2026-10-25T00:00:00+03:00");
    expect(days[24]?.totalConsumption).toBeCloseTo(total(truthOf(simulator, "2026-10-25")), 6);
    expect(Object.keys(days[24]?.invoicedConsumptionByTransferProductParts ?? {}).sort()).toEqual([
      "daytime",
      "nighttime",
    ]);
    const months = await rows("year=2026&timespan=yearly");
    expect(months).toHaveLength(12);
    const october = days.reduce((sum, row) => sum + (row.totalConsumption ?? 0), 0);
    expect(months[9]?.totalConsumption).toBeCloseTo(october, 6);
    expect(months[11]).not.toHaveProperty("totalConsumption");
  });
});

describe("the API refuses", () => {
  it.each([
    ["hourly", "year=2026&month=3&day=4&timespan=hourly"],
    ["a day without its number", "year=2026&month=3&timespan=daily"],
    ["a month without its number", "year=2026&timespan=monthly"],
    ["no timespan", "year=2026&month=3&day=4"],
  ])("%s with 400", async (_name, query) => {
    const { energy } = await loggedIn();
    expect(await energy(query)).toEqual({ status: 400, body: { msg: "Request data missing" } });
  });

  it("a day that the calendar does not have", async () => {
    const { energy } = await loggedIn();
    expect((await energy("year=2026&month=2&day=30&timespan=daily")).status).toBe(400);
  });

  it("a day with monthly where it is told to, and else takes it", async () => {
    const { simulator, energy } = await loggedIn();
    expect((await energy("year=2026&month=2&day=3&timespan=monthly")).status).toBe(200);
    simulator.set({ refuseDayWithMonthly: true });
    expect((await energy("year=2026&month=2&day=3&timespan=monthly")).status).toBe(400);
  });

  it("another's customer number and an unknown meter", async () => {
    const { get } = await loggedIn();
    expect((await get("/api/customers/1/info")).status).toBe(403);
    expect((await get(`${CUSTOMER}/assets/XX/energy?${day("2026-03-04")}`)).status).toBe(404);
  });

  it("a call without a token, and a made-up one", async () => {
    const simulator = await simulatorFor();
    expect((await fetch(`${simulator.plusUrl}${CUSTOMER}/info`)).status).toBe(401);
    const headers = { Authorization: "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x" };
    expect((await fetch(`${simulator.plusUrl}${CUSTOMER}/info`, { headers })).status).toBe(401);
  });
});

describe("customers and their assets", () => {
  it("lists the connection point first, and the meters in both places", async () => {
    const { get, simulator } = await loggedIn({ meters: 3 });
    const ids = simulator.household.meters.map((meter) => meter.assetId);
    const assets = z.array(z.looseObject({ assetId: z.string() })).parse((await get(`${CUSTOMER}/assets`)).body);
    expect(assets[0]).toMatchObject({ contractType: "energyJunctionContract" });
    expect(assets[0]).not.toHaveProperty("gsrn");
    expect(assets.slice(1).map((asset) => asset.assetId)).toEqual(ids);
    const points = await get(`${CUSTOMER}/assets/meteringpoints`);
    expect(points.body).toMatchObject(ids.map((assetId) => ({ assetId, type: "consumptionMeteringPoint" })));
    simulator.set({ metersListedAt: "assets" });
    expect((await get(`${CUSTOMER}/assets/meteringpoints`)).body).toEqual([]);
  });

  it("has one contract a meter", async () => {
    const { get } = await loggedIn({ meters: 2 });
    expect((await get(`${CUSTOMER}/contracts`)).body).toMatchObject({
      contracts: [
        { productDescription: "Yösiirto 25 A", product: { productType: "nightly" } },
        { productDescription: "Yleissiirto 25 A" },
      ],
    });
  });

  it("knows several own customers and those that a person represents", async () => {
    const { get } = await loggedIn({
      meters: [{ customerNumber: "1001" }, { customerNumber: "1002" }, { customerNumber: "2001", represented: true }],
    });
    expect((await get("/api/customers/2001/info")).body).toMatchObject({ id: "2001", representedCustomer: true });
    expect((await get("/api/customers/1002/info")).body).toMatchObject({ id: "1002", representedCustomer: false });
    expect((await get("/api/customers/1001/assets/meteringpoints")).body).toHaveLength(1);
  });

  it("tells production of a meter with panels", async () => {
    const { rows } = await loggedIn({ meters: [{ solarKwp: 5 }] });
    const answer = await rows(day("2026-06-21"));
    expect(answer.some((row) => Number(row.production) > 0)).toBe(true);
  });
});
