import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Temporal } from "temporal-polyfill";
import { describe, expect, test } from "vitest";
import { CarunaClient, readingsOfDay } from "../../src/index.js";
import { collectedLog, portalOf, sendHtml, sendRedirect } from "../support/caruna.js";
import { CUSTOMER, METER, TAKEN_AT, takeSamples } from "./samples.js";

const RESOURCES = resolve(import.meta.dirname, "../../resources");
const sample = (name: string) => readFileSync(join(RESOURCES, `${name}.json`), "utf8");
const energyNames = readdirSync(RESOURCES).flatMap((file) => /^(energy-.*)\.json$/.exec(file)?.[1] ?? []);

/** A Caruna+ that answers with the samples alone, and a client of it. */
async function clientOfSamples(energy: string) {
  const atPortal = (text: string, url: string) =>
    text.replaceAll(/https:\/\/(?:plus|authentication2)\.caruna\.fi/g, url);
  let url = "";
  const answer = (name: string) => (_: unknown, response: Parameters<typeof sendHtml>[0]) =>
    sendHtml(response, atPortal(sample(name), url));
  const customer = `/api/customers/${CUSTOMER}`;
  const portal = await portalOf({
    "/api/authorization/login": answer("login"),
    "/oauth2/authorize": (_, response) => sendRedirect(response, "/done"),
    "/api/authorization/token": answer("token"),
    [`${customer}/info`]: answer("info"),
    [`${customer}/contracts`]: answer("contracts"),
    [`${customer}/assets`]: answer("assets"),
    [`${customer}/assets/meteringpoints`]: answer("metering-points"),
    [`${customer}/assets/${METER}/energy`]: answer(energy),
  });
  url = portal.url;
  const log = collectedLog();
  const account = { username: "demo@example.com", password: "demo", baseUrl: url };
  return { client: new CarunaClient({ ...account, logger: log, retries: 0, now: () => TAKEN_AT }), log };
}

describe("the samples in resources/", () => {
  test("are what the simulator answers (npm run resources makes them anew)", async () => {
    const samples = await takeSamples();
    for (const [name, text] of samples) await expect(text).toMatchFileSnapshot(join(RESOURCES, name));
    const files = readdirSync(RESOURCES).filter((name) => name.endsWith(".json"));
    expect(files.sort()).toEqual([...samples.keys()].sort());
    const readme = readFileSync(join(RESOURCES, "README.md"), "utf8");
    expect(files.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });

  test("are understood by the client: login, token, customer, contracts, both lists of metering points", async () => {
    const { client, log } = await clientOfSamples("energy-daily");
    expect(await client.customerNumbers()).toEqual([CUSTOMER, "60999999"]);
    expect(await client.customer(CUSTOMER)).toEqual({
      id: CUSTOMER,
      name: "Säynäväinen Äijö",
      postalAddress: "Mäntykuja 7, 02780 Espoo",
    });
    const contracts = await client.contracts({ customer: CUSTOMER });
    expect(contracts.map(({ productDescription }) => productDescription)).toEqual([
      "Yösiirto 25 A",
      "Kausisiirto 35 A",
    ]);
    expect(log.entries.filter(({ level }) => level === "warn" || level === "error")).toEqual([]);
  });

  test.each(energyNames)("%s is understood row by row", async (name) => {
    const { client } = await clientOfSamples(name);
    const query = {
      meteringPoint: { customerId: CUSTOMER, assetId: METER },
      timespan: "daily",
      year: 2026,
      month: 1,
      day: 1,
    } as const;
    const { rows, unreadable } = await client.energyAnswer(query);
    expect(unreadable).toEqual([]);
    expect(rows.length).toBeGreaterThanOrEqual(12);
    const isTold = !name.includes("unpublished");
    for (const row of rows) expect(row.totalKwh === null, row.timestamp).toBe(!isTold);
  });

  const days: [name: string, day: string, hours: number][] = [
    ["energy-daily", "2026-11-09", 24],
    ["energy-daily-quarters", "2026-11-09", 24],
    ["energy-daily-minimal", "2026-11-09", 24],
    ["energy-daily-bare", "2026-11-09", 24],
    ["energy-daily-wrapped", "2026-11-09", 24],
    ["energy-daily-producer", "2026-06-21", 24],
    ["energy-daily-unpublished", "2026-11-10", 0],
    ["energy-daily-unpublished-nulls", "2026-11-10", 0],
    ["energy-daily-march", "2026-03-29", 23],
    ["energy-daily-march-row-twice", "2026-03-29", 23],
    ["energy-daily-october", "2026-10-25", 25],
    ["energy-daily-october-one-stamp-twice", "2026-10-25", 25],
  ];
  test.each(days)("%s has the hours of its day", async (name, day, hours) => {
    const { client } = await clientOfSamples(name);
    const query = {
      meteringPoint: { customerId: CUSTOMER, assetId: METER },
      timespan: "daily",
      year: 2026,
      month: 1,
      day: 1,
    } as const;
    const { rows } = await client.energyAnswer(query);
    const { readings, problems } = readingsOfDay(rows, Temporal.PlainDate.from(day));
    expect([readings.length, problems]).toEqual([hours, []]);
  });

  test("tell of nobody: no address but examples', no number but the simulator's", () => {
    const text = readdirSync(RESOURCES)
      .map((name) => readFileSync(join(RESOURCES, name), "utf8"))
      .join("\n");
    expect([...new Set(text.match(/[\w.+-]+@[\w-]+\.[\w.]+/g))]).toEqual(["demo@example.com"]);
    expect([...new Set(text.match(/\+358\d+/g))]).toEqual(["+358000000000"]);
    expect(text).not.toMatch(/127\.0\.0\.1|localhost/);
  });
});
