import { describe, expect, test } from "vitest";
import { QueryRefused, type RowBatch } from "../../src/database/index.js";
import { newLeased } from "../support/leased.js";

const leased = newLeased();
const { signal } = new AbortController();

async function ask(text: string): Promise<RowBatch[]> {
  const batches: RowBatch[] = [];
  await leased.database.query(text, async (batch) => void batches.push(batch), signal);
  return batches;
}

async function refusalOf(text: string): Promise<string> {
  const error = await ask(text).catch((thrown: unknown) => thrown);
  if (!(error instanceof QueryRefused)) throw error;
  return error.message;
}

describe("a statement of a person's own", () => {
  test("yields rows of text, with NULL apart from an empty text, and times by the wall clock in Finland", async () => {
    const [batch] = await ask(
      "SELECT 1.50::numeric AS n, NULL AS nothing, '' AS empty, '2026-07-01 12:00Z'::timestamptz AS at",
    );
    expect(batch?.rows).toEqual([["1.50", null, "", "2026-07-01 15:00:00+03"]]);
    expect(batch?.columns.map(({ name }) => name)).toEqual(["n", "nothing", "empty", "at"]);
  });

  test("yields its columns where it has no rows, and many rows in batches", async () => {
    const [empty] = await ask("SELECT 1 AS one WHERE false");
    expect(empty).toMatchObject({ columns: [{ name: "one" }], rows: [] });
    const batches = await ask("SELECT generate_series(1, 2500)");
    expect(batches.map(({ rows }) => rows.length)).toEqual([1000, 1000, 500]);
  });

  test.each([
    ["INSERT INTO energy_hourly (datetime) VALUES (now())"],
    ["WITH gone AS (DELETE FROM energy_hourly RETURNING 1) SELECT * FROM gone"],
    ["SELECT nextval('energy_hourly_id_seq')"],
    ["CREATE TABLE mine ()"],
  ])("changes nothing: %s", async (text) => {
    expect(await refusalOf(text)).toContain("and query only reads");
  });

  test.each([
    ["SELECT 1; DELETE FROM energy_hourly", "cannot insert multiple commands"],
    ["SELEKT 1", 'at "SELEKT"'],
    ["SELECT * FROM energy_hourl", 'relation "energy_hourl" does not exist'],
    ["SELECT 1/0", "division by zero"],
  ])("is refused in PostgreSQL's own words: %s", async (text, words) => {
    expect(await refusalOf(text)).toContain(words);
  });

  test("leaves the database as it was, and the next one works", async () => {
    await refusalOf("COMMIT; DROP TABLE energy_hourly");
    await ask("COMMIT");
    await refusalOf("DELETE FROM energy_hourly").catch(() => undefined);
    expect((await ask("SELECT count(*) FROM energy_hourly"))[0]?.rows).toEqual([["0"]]);
  });

  test("ends soon after an abort", async () => {
    const controller = new AbortController();
    const asked = leased.database.query("SELECT pg_sleep(100)", async () => {}, controller.signal);
    controller.abort(new Error("enough"));
    await expect(asked).rejects.toThrow("enough");
  });

  test("finds the tables and views listed, with what they hold", async () => {
    const relations = await leased.database.relations(signal);
    expect(relations).toContainEqual(
      expect.objectContaining({
        name: "metering_point_hourly",
        kind: "table",
        comment: expect.stringContaining("hours of every metering point"),
      }),
    );
    expect(relations).toContainEqual(expect.objectContaining({ name: "energy_daily", kind: "view" }));
  });
});
