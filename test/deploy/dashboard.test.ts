import { readFileSync } from "node:fs";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type StoredHousehold, storeHousehold } from "../support/stored-household.js";
import { type Chosen, expand, queriesOf, readDashboard } from "./grafana.js";

const DAY_MS = 86_400_000;
const dashboard = readDashboard();
const queries = queriesOf(dashboard);
const roleFile = readFileSync(new URL("../../sql/roles/energy_reader.sql", import.meta.url), "utf8");

let household: StoredHousehold;
let reader: pg.Client;
let chosen: Chosen;

beforeAll(async () => {
  household = await storeHousehold();
  const { database, house, nowEpochMs } = household;
  chosen = { fromEpochMs: nowEpochMs - 90 * DAY_MS, toEpochMs: nowEpochMs, variables: { metering_point: house } };
  await database.query(roleFile);
  await database.query("ALTER ROLE energy_reader PASSWORD 'of this test'");
  const { host, port, database: name } = database.settings;
  reader = new pg.Client({ host, port, database: name, user: "energy_reader", password: "of this test" });
  await reader.connect();
});
afterAll(async () => {
  await reader?.end();
  await household?.close();
});

/** The rows of a query as Grafana's role sees them. */
async function read(sql: string): Promise<Record<string, unknown>[]> {
  return (await reader.query<Record<string, unknown>>(expand(sql, chosen))).rows;
}

function sqlOf(panel: string): string {
  return queries.find((query) => query.panel === panel)?.sql ?? "";
}

describe("the dashboard", () => {
  test.each(queries)("has rows for $panel", async ({ format, sql }) => {
    const rows = await read(sql);
    expect(rows.length).toBeGreaterThan(0);
    if (format !== "time_series") return;
    const times = rows.map(({ time }) => time);
    expect(times.every((time) => time instanceof Date)).toBe(true);
    expect([...times].sort((one, other) => Number(one) - Number(other))).toEqual(times);
  });

  test.each(queries)(
    "has a value in every column of $panel, but for a split that the product does not have",
    async ({ sql }) => {
      const rows = await read(sql);
      const empty = Object.keys(rows[0] ?? {}).filter((column) => rows.every((row) => row[column] === null));
      const lacking = ["winter day", "no split", "two years before"];
      expect(empty.filter((column) => !lacking.includes(column))).toEqual([]);
    },
  );

  test("lets a person choose among the metering points by address and product", async () => {
    const { query = "" } = dashboard.templating.list.find(({ name }) => name === "metering_point") ?? {};
    const rows = await read(query);
    expect(rows).toEqual([
      { __text: "Länsiväylänpolku 12 B 4, 10600 Tammisaari, Kausisiirto 35 A, COTTAGE", __value: "COTTAGE" },
      { __text: "Mäntykuja 7, 02780 Espoo, Yösiirto 25 A, HOUSE", __value: "HOUSE" },
    ]);
  });

  test("shows the sums of Finnish days, whatever the zone of the server", async () => {
    const rows = await read(sqlOf("By day"));
    const [stored] = await household.database.query(
      `SELECT sum(kwh_night) AS night FROM metering_point_hourly
       WHERE metering_point = 'HOUSE' AND datetime >= '2026-11-01T00:00+02' AND datetime < '2026-11-02T00:00+02'`,
    );
    const shown = rows.find(({ time }) => time instanceof Date && time.toISOString() === "2026-10-31T22:00:00.000Z");
    expect(shown?.night).toBeCloseTo(Number(stored?.night), 9);
  });

  test("finds the hours that are missing, and no others", async () => {
    expect(await read(sqlOf("Hours that are missing"))).toEqual([{ hours: 2 }]);
    expect(await read(sqlOf("Gaps"))).toEqual([
      { from: new Date("2026-11-12T03:00+02:00"), to: new Date("2026-11-12T05:00+02:00"), hours: 2 },
    ]);
    const days = await read(sqlOf("Hours of each day"));
    expect(days.filter(({ missing }) => missing !== 0)).toEqual([
      { time: new Date("2026-11-12T00:00+02:00"), there: 22, missing: 2 },
    ]);
    // The day of 25 hours is complete with 25.
    expect(days.find(({ there }) => there === 25)?.time).toEqual(new Date("2026-10-25T00:00+03:00"));
  });

  test("shows every part of the consumption once: the parts sum to the total", async () => {
    const [total] = await read(sqlOf("Consumption"));
    const [parts] = await read(sqlOf("Day, night, winter"));
    const sum = Object.values(parts ?? {}).reduce<number>((all, part) => all + Number(part ?? 0), 0);
    expect(sum).toBeCloseTo(Number(total?.kWh), 6);
  });

  test("names no server: its data source is the one that a person chooses, at first the provisioned one", () => {
    const { panels, templating } = dashboard;
    const uids = [...panels.flatMap(({ targets = [] }) => targets), ...templating.list].flatMap(
      ({ datasource }) => datasource?.uid ?? [],
    );
    expect(new Set(uids)).toEqual(new Set([`\${datasource}`]));
    const provisioned = readFileSync(
      new URL("../../deploy/grafana/provisioning/datasources/energy.yaml", import.meta.url),
      "utf8",
    );
    const [variable] = templating.list;
    expect(provisioned).toContain(`uid: ${variable?.current.value}\n`);
    expect(provisioned).toContain(`type: ${variable?.query}\n`);
    expect(dashboard.timezone).toBe("Europe/Helsinki");
  });

  test("has its panels beside and below each other, none on top of another", () => {
    const cells = dashboard.panels.flatMap(({ title, gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => [`${x + (cell % w)}/${y + Math.floor(cell / w)}`, title] as const),
    );
    expect(new Set(cells.map(([cell]) => cell)).size).toBe(cells.length);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });
});

describe("the role that reads", () => {
  const codeOf = async (sql: string) => {
    try {
      await reader.query(sql);
    } catch (error) {
      return error instanceof pg.DatabaseError ? error.code : String(error);
    }
    return "done";
  };
  const NO_RIGHT = "42501";

  test.each([
    "INSERT INTO metering_point_hourly (metering_point, datetime) VALUES ('HOUSE', now())",
    "UPDATE energy_hourly SET kwh_total = 0",
    "DELETE FROM metering_point_period",
    "CREATE TABLE public.of_the_reader ()",
    "TRUNCATE energy_hourly",
  ])("cannot %s, even where it asks for a transaction that writes", async (statement) => {
    await reader.query("BEGIN READ WRITE");
    expect(await codeOf(statement)).toBe(NO_RIGHT);
    await reader.query("ROLLBACK");
  });

  test.each(["login_guard", "writer_lease", "sync_state", "caruna_integration_migration"])(
    "cannot look into %s",
    async (name) => {
      expect(await codeOf(`SELECT * FROM ${name}`)).toBe(NO_RIGHT);
    },
  );

  test("does not see the number of the customer", async () => {
    expect(await codeOf("SELECT customer FROM metering_point")).toBe(NO_RIGHT);
  });

  test("begins in transactions that only read, and its queries end by themselves", async () => {
    const { rows } = await reader.query(
      "SELECT current_setting('default_transaction_read_only') AS only_reads, current_setting('statement_timeout') AS ends",
    );
    expect(rows).toEqual([{ only_reads: "on", ends: "1min" }]);
  });

  test("is made by a file that may be run again", async () => {
    await household.database.query(roleFile);
    expect(await codeOf("SELECT * FROM energy_monthly LIMIT 1")).toBe("done");
  });
});
