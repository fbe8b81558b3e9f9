import { expect, test } from "vitest";
import { runCommand } from "../support/command.js";
import { lastDates, storedRows, trueRows } from "../support/truth.js";
import { newWorlds } from "../support/world.js";

const world = newWorlds({ meters: 3 });

const once = (changes?: Record<string, string>) => world.once(changes);

test("several and none named: nothing is written, and the log lists them with the line to add", async () => {
  const ended = await once();
  expect(await storedRows(world.database)).toEqual([]);
  for (const meter of world.simulator.household.meters)
    expect(ended.stderr).toContain(`METERING_POINT=${meter.assetId}`);
  expect(
    await world.database.query("SELECT count(DISTINCT metering_point)::int AS meters FROM metering_point_hourly"),
  ).toEqual([{ meters: 3 }]);
  expect(ended.exitCode).toBe(0);
});

test.each(["assetId", "gsrn"] as const)("the one named by its %s is followed, and no other", async (key) => {
  const second = world.simulator.household.meters[1];
  if (second === undefined) throw new Error("no second meter");
  expect((await once({ METERING_POINT: second[key] })).exitCode).toBe(0);
  expect(await storedRows(world.database)).toEqual(trueRows(world.simulator, second.assetId, lastDates(Date.now(), 7)));
});

/** Leaves what an original user has: the hours, and no memory of whose they are. */
const forgetAllButTheHours = () =>
  world.database.query("TRUNCATE metering_point, metering_point_hourly, metering_point_period, sync_state");

test("an original user's table goes on with the meter whose values it holds", async () => {
  const third = world.simulator.household.meters[2];
  if (third === undefined) throw new Error("no third meter");
  await once({ METERING_POINT: third.assetId, DAYS_TO_LOAD: "2" });
  await forgetAllButTheHours();
  const ended = await once();
  expect(ended.stderr).toContain("goes on with it");
  expect(await storedRows(world.database)).toEqual(trueRows(world.simulator, third.assetId, lastDates(Date.now(), 7)));
});

test("a table whose values are no meter's stays as it is", async () => {
  await once({ METERING_POINT: world.meter, DAYS_TO_LOAD: "1" });
  await forgetAllButTheHours();
  await world.database.query("UPDATE energy_hourly SET kwh_total = kwh_total + 100");
  const before = await storedRows(world.database);
  const ended = await once();
  expect(await storedRows(world.database)).toEqual(before);
  expect(ended.stderr).toContain("METERING_POINT=");
});

test("status tells the last days of many metering points in a line each", async () => {
  await once({ METERING_POINT: world.meter });
  await world.database.query(
    "DELETE FROM metering_point_hourly WHERE metering_point = $1 AND datetime = (SELECT max(datetime) FROM metering_point_hourly)",
    [world.meter],
  );
  const { exitCode, stdout } = await runCommand(["status"], world.settings, world.folder);
  expect(exitCode).toBe(0);
  // Seven of the fourteen days are loaded, and one of these lacks an hour now.
  const lines = stdout.split("\n").filter((line) => line.startsWith("  last 14 days"));
  expect(lines.map((line) => /, (\d+) days not complete$/.exec(line)?.[1])).toEqual(["8", "7", "7"]);
  expect(lines[0]).toMatch(/^ {2}last 14 days {3}\d+\.\d\d to \d+\.\d\d kWh a day/);
});
