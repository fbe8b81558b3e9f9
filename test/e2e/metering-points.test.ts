import { afterEach, beforeEach, expect, test } from "vitest";
import { type Simulator, startSimulator } from "../../src/simulator/index.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";
import { accountSettings, databaseSettings, runProgram, workingDirectory } from "../support/program.js";
import { lastDates, storedRows, trueRows } from "../support/truth.js";

let simulator: Simulator;
let database: TestDatabase;
let folder: ReturnType<typeof workingDirectory>;

beforeEach(async () => {
  simulator = await startSimulator({ publishHour: 0, meters: 3 });
  database = await createDatabase();
  folder = workingDirectory();
});
afterEach(async () => {
  await simulator.stop();
  await database.drop();
  folder.remove();
});

const once = (changes: Record<string, string> = {}) =>
  runProgram(
    ["start", "--once"],
    { ...accountSettings(simulator), ...databaseSettings(database), ...changes },
    folder.path,
  );

test("several and none named: nothing is written, and the log lists them with the line to add", async () => {
  const ended = await once();
  expect(await storedRows(database)).toEqual([]);
  for (const meter of simulator.household.meters) expect(ended.stderr).toContain(`METERING_POINT=${meter.assetId}`);
  expect(
    await database.query("SELECT count(DISTINCT metering_point)::int AS meters FROM metering_point_hourly"),
  ).toEqual([{ meters: 3 }]);
  expect(ended.exitCode).toBe(0);
});

test.each(["assetId", "gsrn"] as const)("the one named by its %s is followed, and no other", async (key) => {
  const second = simulator.household.meters[1];
  if (second === undefined) throw new Error("no second meter");
  expect((await once({ METERING_POINT: second[key] })).exitCode).toBe(0);
  expect(await storedRows(database)).toEqual(trueRows(simulator, second.assetId, lastDates(Date.now(), 7)));
});

/** Leaves what an original user has: the hours, and no memory of whose they are. */
const forgetAllButTheHours = () =>
  database.query("TRUNCATE metering_point, metering_point_hourly, metering_point_period, sync_state");

test("an original user's table goes on with the meter whose values it holds", async () => {
  const third = simulator.household.meters[2];
  if (third === undefined) throw new Error("no third meter");
  await once({ METERING_POINT: third.assetId, DAYS_TO_LOAD: "2" });
  await forgetAllButTheHours();
  const ended = await once();
  expect(ended.stderr).toContain("goes on with it");
  expect(await storedRows(database)).toEqual(trueRows(simulator, third.assetId, lastDates(Date.now(), 7)));
});

test("a table whose values are no meter's stays as it is", async () => {
  await once({ METERING_POINT: simulator.household.meters[0]?.assetId ?? "", DAYS_TO_LOAD: "1" });
  await forgetAllButTheHours();
  await database.query("UPDATE energy_hourly SET kwh_total = kwh_total + 100");
  const before = await storedRows(database);
  const ended = await once();
  expect(await storedRows(database)).toEqual(before);
  expect(ended.stderr).toContain("METERING_POINT=");
});
