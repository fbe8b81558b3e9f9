import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Simulator, startSimulator } from "../../src/simulator/index.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";
import { accountSettings, databaseSettings, runProgram, workingDirectory } from "../support/program.js";
import { lastDates, storedRows, trueRows } from "../support/truth.js";

let simulator: Simulator;
let database: TestDatabase;
let folder: ReturnType<typeof workingDirectory>;

beforeEach(async () => {
  simulator = await startSimulator({ publishHour: 0 });
  database = await createDatabase();
  folder = workingDirectory();
});
afterEach(async () => {
  await simulator.stop();
  await database.drop();
  folder.remove();
});

const once = () =>
  runProgram(["start", "--once"], { ...accountSettings(simulator), ...databaseSettings(database) }, folder.path);
const meter = () => simulator.household.meters[0]?.assetId ?? "";

describe.each(["2024-10", "2026-08"] as const)("with the login of %s", (variant) => {
  test("one cycle stores seven days exactly as Caruna+ has them, hour by hour", async () => {
    simulator.set({ variant });
    const ended = await once();
    expect(ended.stderr).toContain("7 days loaded");
    expect(ended.exitCode).toBe(0);
    expect(await storedRows(database)).toEqual(trueRows(simulator, meter(), lastDates(Date.now(), 7)));
  });

  test("a second run writes no row again and does not log in again", async () => {
    simulator.set({ variant });
    await once();
    const versions = () => database.query("SELECT id, xmin::text FROM energy_hourly ORDER BY id");
    const before = await versions();
    const second = await once();
    const third = await once();
    expect([second.exitCode, third.exitCode]).toEqual([0, 0]);
    expect(await versions()).toEqual(before);
    expect(simulator.passwordPosts).toBe(1);
  });
});

test("with nothing due there is not one request", async () => {
  await once();
  const requests = simulator.requests.length;
  const again = await once();
  expect(again.exitCode).toBe(0);
  expect(again.stderr).toContain("nothing is due");
  expect(simulator.requests).toHaveLength(requests);
});

test("a value that Caruna+ revises is taken over and told", async () => {
  await once();
  const [hour] = await storedRows(database);
  if (hour === undefined) throw new Error("no row");
  simulator.household.revise(meter(), hour.epochMs, 9.99);
  const [date = ""] = lastDates(Date.now(), 7);
  const settings = { ...accountSettings(simulator), ...databaseSettings(database) };
  const ended = await runProgram(["load", "--from", date, "--to", date], settings, folder.path);
  expect(ended.stderr).toContain("0 hours new, 1 changed");
  expect(await storedRows(database)).toEqual(trueRows(simulator, meter(), lastDates(Date.now(), 7)));
});

test.each([
  ["the spring change", "2026-03-28", "2026-03-30", 71],
  ["the autumn change", "2025-10-25", "2025-10-27", 73],
])("load brings the days around %s, however old", async (_, from, to, hours) => {
  const settings = { ...accountSettings(simulator), ...databaseSettings(database) };
  const ended = await runProgram(["load", "--from", from, "--to", to], settings, folder.path);
  expect(ended.exitCode).toBe(0);
  const middle = from.replace(/\d\d$/, (day) => String(Number(day) + 1));
  const rows = await storedRows(database);
  expect(rows).toEqual(trueRows(simulator, meter(), [from, middle, to]));
  expect(rows).toHaveLength(hours);
});

test("nothing secret is in the log at its most talkative", async () => {
  const settings: Record<string, string> = {
    ...accountSettings(simulator),
    ...databaseSettings(database),
    LOG_LEVEL: "trace",
  };
  const { stdout, stderr } = await runProgram(["start", "--once"], settings, folder.path);
  const log = stdout + stderr;
  expect(log).toContain("login step");
  for (const secret of [settings.DB_PASSWORD, settings.CARUNA_USER, '"demo"', "=demo", "eyJ"])
    expect(log).not.toContain(secret);
});
