import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { type StoredHousehold, storeHousehold } from "../support/stored-household.js";
import { codeBlocks } from "./markdown.js";

const blocks = codeBlocks().filter(({ language }) => language === "sql");
const toRun = blocks.filter(({ remark }) => remark === "");
/** Why a block is not run here, as it stands behind its ```sql. */
const REASONS = ["(for an administrator)", "(needs the extension)"];

const RESULTS = z.array(z.object({ rowCount: z.number() })).min(1);

let household: StoredHousehold;
let client: pg.Client;
beforeAll(async () => {
  household = await storeHousehold();
  const { host, port, user, password, database } = household.database.settings;
  client = new pg.Client({ host, port, user, password, database });
  await client.connect();
});
afterAll(async () => {
  await client?.end();
  await household?.close();
});

test.each(toRun)("the SQL at $place has rows, and only reads", async ({ text }) => {
  await client.query("BEGIN READ ONLY");
  try {
    // Several statements have several results.
    const results = RESULTS.parse([await client.query(text)].flat());
    for (const { rowCount } of results) expect(rowCount).toBeGreaterThan(0);
  } finally {
    await client.query("ROLLBACK");
  }
});

test("a block that is not run says why", () => {
  expect(blocks.filter(({ remark }) => remark !== "" && !REASONS.includes(remark))).toEqual([]);
  expect(toRun.length).toBeGreaterThan(12);
});
