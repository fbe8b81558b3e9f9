import { describe, expect, it } from "vitest";
import { at, type EngineWorld } from "../sync/engine-world.js";
import { differences, type MeteredRow, meteredRows, publishedRows } from "../sync/truth.js";
import { interceptedWorld, send } from "./intercepted.js";

const DAY_MS = 24 * 3_600_000;
type Row = Record<string, unknown>;

let world: EngineWorld;

/** A Caruna+ whose energy answers of days are changed on their way, as text, as long as `change` is set. */
async function tamperedWorld() {
  const tampering: { change: ((body: string) => string) | undefined } = { change: undefined };
  const intercepted = await interceptedWorld();
  world = intercepted.world;
  intercepted.interception.between = async ({ address }, response, pass) => {
    const answer = await pass();
    const isOfDay = /\/energy\?.*timespan=daily/.test(address) && answer.status === 200;
    send(response, { ...answer, body: (isOfDay && tampering.change?.(answer.body)) || answer.body });
  };
  return { tampering, program: await world.start() };
}

const NOON = /T12:00/;
/** Changes the row of noon, as text: JSON can say what no value of this language can. */
const atNoon = (change: (row: Row) => string) => (body: string) => {
  const rows: Row[] = JSON.parse(body);
  return `[${rows.map((row) => (NOON.test(String(row.timestamp)) ? change(row) : JSON.stringify(row))).join(",")}]`;
};
const with_ = (fields: string) => atNoon((row) => `${JSON.stringify(row).slice(0, -1)},${fields}}`);

/** Of the three days that the first cycle of a test stores. */
const isNoonThen = (row: MeteredRow) => isNoon(row) && row.epochMs < at("2026-09-10T00:00");
const isNoon = ({ epochMs }: MeteredRow) => (epochMs - at("2026-09-07T12:00")) % DAY_MS === 0;

async function stored() {
  return await meteredRows(world.database);
}
const truth = () => publishedRows(world.simulator, world.nowEpochMs);

async function expectTruthOnceAllIsWell(tampering: { change: unknown }, program: { cycle(): Promise<unknown> }) {
  tampering.change = undefined;
  world.nowEpochMs += DAY_MS;
  await program.cycle();
  expect(differences(await stored(), truth())).toEqual([]);
}

describe("a hostile field costs itself alone, and neither its hour nor another field", () => {
  const OTHER_SPLIT = { kwh_day: 0.5 };
  it.each<[string, (body: string) => string, Partial<MeteredRow>]>([
    ["a part named with NUL", with_('"invoicedConsumptionByTransferProductParts":{"day\\u0000time":0.5}'), OTHER_SPLIT],
    [
      "a part named with half a surrogate pair",
      with_('"invoicedConsumptionByTransferProductParts":{"daytime\\ud800":0.5}'),
      OTHER_SPLIT,
    ],
    [
      "a part named __proto__",
      with_('"invoicedConsumptionByTransferProductParts":{"__proto__":7,"daytime":0.5}'),
      OTHER_SPLIT,
    ],
    ["a status beyond int4", with_('"statuses":{"totalConsumption":2147483648}'), { status: null }],
    ["a status beyond all bounds", with_('"statuses":{"totalConsumption":-1e300}'), { status: null }],
    ["a broken status", with_('"statuses":{"totalConsumption":150.5}'), { status: null }],
    ["an endless fee", with_('"totalFee":1e309'), { eur_total: null }],
    ["a fee in words", with_('"totalFee":"paljon"'), { eur_total: null }],
    ["an endless base fee", with_('"distributionBaseFee":-1e309'), { eur_base: null }],
    ["a tax that is a list", with_('"electricityTax":[0.1]'), { eur_tax: null }],
    ["an absurd temperature", with_('"temperature":-1e300'), { temperature_celsius: null }],
    ["a prototype", with_('"__proto__":{"totalConsumption":7,"polluted":true}'), {}],
  ])("%s", async (_, change, atNoonStored) => {
    const { tampering, program } = await tamperedWorld();
    tampering.change = change;
    await program.cycle();
    const expected = () => truth().map((row) => (isNoonThen(row) ? { ...row, ...atNoonStored } : row));
    expect(differences(await stored(), expected())).toEqual([]);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
    // The next cycle comes. A field once left out of a published hour is not asked for again by itself,
    tampering.change = undefined;
    world.nowEpochMs += DAY_MS;
    await program.cycle();
    expect(differences(await stored(), expected())).toEqual([]);
    // but every day is read once more when it is two weeks old.
    world.nowEpochMs += 15 * DAY_MS;
    await program.cycle();
    expect(differences(await stored(), truth())).toEqual([]);
  });
});

describe("a hostile row costs its own hour alone, and that only for a while", () => {
  it.each([
    ["an endless total", with_('"totalConsumption":1e309')],
    ["an absurd total", with_('"totalConsumption":1e300')],
    ["a total of another type", with_('"totalConsumption":{"kwh":1}')],
    ["a time stamp with NUL", with_('"timestamp":"2026-09-07T12:00\\u0000"')],
    ["a date that no calendar has", with_('"timestamp":"2026-02-31T12:00:00+02:00"')],
    ["a year far away", with_('"timestamp":"9999-12-31T23:00:00Z"')],
    ["no row at all", atNoon(() => "null")],
    ["a list", atNoon(() => "[]")],
    ["a word", atNoon(() => '"\\ud800"')],
  ])("%s", async (_, change) => {
    const { tampering, program } = await tamperedWorld();
    tampering.change = change;
    await program.cycle();
    const rows = await stored();
    expect(
      differences(
        rows,
        truth().filter((row) => !isNoon(row)),
      ),
    ).toEqual([]);
    await expectTruthOnceAllIsWell(tampering, program);
  });
});

describe("an answer that says the same in another way is the same", () => {
  it.each([
    ["every row twice", (body: string) => `${body.slice(0, -1)},${body.slice(1)}`],
    ["backwards", (body: string) => JSON.stringify(JSON.parse(body).reverse())],
    ["by the clock of New York", (body: string) => inZone(body, -4)],
    ["by the clock of Kiribati", (body: string) => inZone(body, 14)],
    [
      "a key twice, the later counts",
      (body: string) => body.replaceAll('{"timestamp"', '{"totalConsumption":77,"timestamp"'),
    ],
  ])("%s", async (_, change) => {
    const { tampering, program } = await tamperedWorld();
    tampering.change = change;
    await program.cycle();
    expect(differences(await stored(), truth())).toEqual([]);
  });
});

function inZone(body: string, hours: number): string {
  const sign = hours < 0 ? "-" : "+";
  const offset = `${sign}${String(Math.abs(hours)).padStart(2, "0")}:00`;
  const rows: Row[] = JSON.parse(body);
  return JSON.stringify(
    rows.map((row) => {
      const there = new Date(Date.parse(String(row.timestamp)) + hours * 3_600_000);
      return { ...row, timestamp: there.toISOString().replace(".000Z", offset) };
    }),
  );
}

describe("an answer that is none fails the cycle with words, stores nothing of it, and the next cycle brings all", () => {
  it.each([
    ["an error page with status 200", () => "<html><title>Huoltokatko</title></html>"],
    ["NaN", (body: string) => body.replace(/"totalConsumption":[\d.]+/, '"totalConsumption":NaN')],
    ["cut short", (body: string) => body.slice(0, body.length / 2)],
    ["a million rows", () => `[${"{},".repeat(1_000_000)}{}]`],
    ["a hundred thousand brackets", () => "[".repeat(100_000)],
  ])("%s", async (_, change) => {
    const { tampering, program } = await tamperedWorld();
    tampering.change = change;
    const problem = await program.cycle().then(
      () => undefined,
      (error: unknown) => error,
    );
    const words = `${problem} ${JSON.stringify(program.said)}`;
    expect(words).toContain("Caruna+");
    expect(words.length).toBeLessThan(20_000);
    expect(await stored()).toEqual([]);
    await expectTruthOnceAllIsWell(tampering, program);
  });
});
