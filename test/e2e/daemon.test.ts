import { afterEach, beforeEach, expect, test } from "vitest";
import { type Simulator, startSimulator } from "../../src/simulator/index.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";
import { accountSettings, databaseSettings, runProgram, startProgram, workingDirectory } from "../support/program.js";
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

const settings = () => ({ ...accountSettings(simulator), ...databaseSettings(database), BACKFILL: "none" });

test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
  "%s without a terminal ends it with exit code 0",
  async (signal) => {
    const program = startProgram(["start"], settings(), folder.path);
    await program.says("days loaded");
    program.child.kill(signal);
    expect(await program.ended).toMatchObject({ exitCode: 0, signal: null });
  },
);

test("it ends although a request hangs", async () => {
  simulator.answerNext({ site: "plus", answer: "hang" });
  const program = startProgram(["start"], settings(), folder.path);
  await program.says("state is kept");
  await new Promise<void>((resolve) => {
    const look = () => (simulator.requests.length > 0 ? resolve() : setImmediate(look));
    look();
  });
  program.child.kill("SIGTERM");
  expect(await program.ended).toMatchObject({ exitCode: 0, signal: null });
});

test("cycles follow one another at the interval, and a failed one does not end them", async () => {
  simulator.set({ maintenance: 503 });
  const program = startProgram(["start"], { ...settings(), JOB_INTERVAL: "1" }, folder.path);
  await program.says("this cycle failed");
  simulator.set({ maintenance: false });
  await program.says("days loaded");
  program.child.kill("SIGTERM");
  expect((await program.ended).exitCode).toBe(0);
  expect(await storedRows(database)).toEqual(
    trueRows(simulator, simulator.household.meters[0]?.assetId ?? "", lastDates(Date.now(), 7)),
  );
});

test("health tells of a good cycle, of none, and of a failed one", async () => {
  const health = () => runProgram(["health"], settings(), folder.path);
  expect(await health()).toMatchObject({ exitCode: 1 });
  await runProgram(["start", "--once"], settings(), folder.path);
  expect(await health()).toMatchObject({ exitCode: 0, stdout: "healthy\n" });
  await runProgram(["start", "--once"], { ...settings(), METERING_POINT: "1" }, folder.path);
  const ill = await health();
  expect(ill.exitCode).toBe(1);
  expect(ill.stdout).toContain("METERING_POINT");
});

test("killed with kill -9 on its embedded database and started again: nothing lost, nothing twice", async () => {
  const embedded = accountSettings(simulator);
  const killed = startProgram(["start"], embedded, folder.path);
  await killed.says("days loaded");
  killed.child.kill("SIGKILL");
  await killed.ended;
  const again = await runProgram(["start", "--once"], embedded, folder.path);
  expect(again.exitCode).toBe(0);
  expect(again.stderr).toContain("nothing is due");
  expect(simulator.passwordPosts).toBe(1);
});

test("the demo needs no account, ignores .env, and stores a week", async () => {
  const ended = await runProgram(
    ["demo", "--once"],
    { CARUNA_USER: "somebody@else.invalid", DB_HOST: "nowhere.invalid" },
    folder.path,
  );
  expect(ended.exitCode).toBe(0);
  expect(ended.stderr).toContain("this is the demo");
  expect(ended.stderr).toContain("7 days loaded");
});
