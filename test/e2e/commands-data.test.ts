import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createDatabase } from "../support/postgres.js";
import { databaseSettings, runProgram } from "../support/program.js";
import { lastDates } from "../support/truth.js";
import { newWorlds } from "../support/world.js";

const world = newWorlds();
const run = (parameters: string[], changes: Record<string, string> = {}) =>
  runProgram(parameters, { ...world.settings, ...changes }, world.folder);

test("query prints rows as a table, CSV and JSON, and what is wrong with a statement in one line", async () => {
  await world.once();
  const count = "SELECT count(*) AS hours, 'a, b' AS text FROM energy_hourly";
  expect(await run(["query", count])).toMatchObject({
    exitCode: 0,
    stdout: "hours  text\n  168  a, b\n",
    stderr: "(1 row)\n",
  });
  expect((await run(["query", "--csv", count])).stdout).toBe('hours,text\r\n168,"a, b"\r\n');
  expect(JSON.parse((await run(["query", "--json", count])).stdout)).toEqual([{ hours: 168, text: "a, b" }]);
  expect((await run(["query"])).stdout).toMatch(/^energy_daily +view +Sums of/m);
  const wrong = await run(["query", "DELETE FROM energy_hourly"]);
  expect(wrong).toMatchObject({ exitCode: 2, stdout: "" });
  expect(wrong.stderr).toMatch(/^Nothing was changed: .*\n$/);
});

test("a backup, of mode 0600, goes into another database, and only when told so over hours that are there", async () => {
  await world.once();
  const other = await createDatabase();
  try {
    const backup = await run(["backup", "all.tar.gz"]);
    expect(backup).toMatchObject({ exitCode: 0, stderr: "" });
    expect(statSync(join(world.folder, "all.tar.gz")).mode & 0o777).toBe(0o600);
    expect((await run(["backup", "all.tar.gz"])).exitCode).toBe(2);
    expect((await run(["backup", "-"])).stdout.slice(0, 1)).toBe("\u001f");

    const there = databaseSettings(other);
    expect((await run(["restore", "all.tar.gz"], there)).exitCode).toBe(0);
    const hours = "SELECT datetime, kwh_total FROM energy_hourly ORDER BY datetime";
    expect(await other.query(hours)).toEqual(await world.database.query(hours));

    const again = await run(["restore", "all.tar.gz"], there);
    expect(again).toMatchObject({ exitCode: 2 });
    expect(again.stderr).toContain("add --yes");
    expect((await run(["restore", "all.tar.gz", "--yes"], there)).exitCode).toBe(0);
    expect(await other.query(hours)).toEqual(await world.database.query(hours));
    // What was restored is as if it had been loaded.
    const days = lastDates(Date.now(), 7);
    const range = ["--from", days[0] ?? "", "--to", days.at(-1) ?? ""];
    expect((await run(["verify", ...range], there)).exitCode).toBe(0);
  } finally {
    await other.drop();
  }
});

test("a file that is no backup is refused before anything is written", async () => {
  const { exitCode, stderr } = await run(["restore", "README.txt"]);
  expect([exitCode, stderr]).toEqual([2, "There is no file README.txt; name the backup's file.\n"]);
});
