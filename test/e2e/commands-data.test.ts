import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommand } from "../support/command.js";
import { createDatabase } from "../support/postgres.js";
import { databaseSettings } from "../support/program.js";
import { lastDates } from "../support/truth.js";
import { newWorlds } from "../support/world.js";

const world = newWorlds();
const run = (parameters: string[], changes: Record<string, string> = {}) =>
  runCommand(parameters, { ...world.settings, ...changes }, world.folder);

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

test("forget shows what there is, does nothing without a person or --yes, and removes it with", async () => {
  await world.once();
  const asked = await run(["forget", world.meter]);
  expect(asked.exitCode).toBe(2);
  expect(asked.stderr).toContain("add --yes");
  expect(asked.stdout).toContain(`metering point ${world.meter}`);
  expect(asked.stdout).toMatch(/hours +168, \d{4}-\d\d-\d\d 00:00 to \d{4}-\d\d-\d\d 23:00/);
  expect(asked.stdout).toContain("set CARUNA_CUSTOMERS to");
  const removed = await run(["forget", world.meter, "--yes"]);
  expect(removed).toMatchObject({ exitCode: 0, stderr: "" });
  expect(removed.stdout).toContain("Removed: 1 metering point with 168 hours.");
  for (const table of ["energy_hourly", "metering_point_hourly", "metering_point"])
    expect(await world.database.query(`SELECT FROM ${table}`)).toEqual([]);
  expect((await run(["forget", world.meter, "--yes"])).exitCode).toBe(2);

  // The account still lists it: it comes back, and the account goes with its session.
  await world.once();
  expect(await world.database.query("SELECT FROM metering_point_hourly")).toHaveLength(168);
  expect(existsSync(join(world.folder, "state/session.json"))).toBe(true);
  expect((await run(["forget", "--account", "--yes"])).stdout).toContain("Removed: 1 metering point with 168 hours.");
  expect(existsSync(join(world.folder, "state/session.json"))).toBe(false);
  expect((await run(["forget"])).exitCode).toBe(2);
});

test("status and doctor say where the data are, and when they were backed up", async () => {
  await world.once();
  const storage = async () => JSON.parse((await run(["status", "--json"])).stdout).storage;
  const { host, port, database } = world.database.settings;
  expect(await storage()).toMatchObject({ kind: "server", host, port, database, lastBackup: null });
  expect((await storage()).bytes).toBeGreaterThan(1_000_000);
  await run(["backup", "all.tar.gz"]);
  expect(Date.parse((await storage()).lastBackup)).toBeGreaterThan(Date.now() - 600_000);
  expect((await run(["status"])).stdout).toContain(`The data are in ${database} on ${host}:${port} (`);
  const doctor = (await run(["doctor"])).stdout;
  expect(doctor).toContain("the last backup was made on");
  expect(doctor).not.toContain(database);
});
