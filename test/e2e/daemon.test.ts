import { expect, test } from "vitest";
import { accountSettings, runProgram, startProgram } from "../support/program.js";
import { lastDates, storedRows, trueRows } from "../support/truth.js";
import { newWorlds } from "../support/world.js";

const world = newWorlds();

const settings = () => ({ ...world.settings, BACKFILL: "none" });

test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
  "%s without a terminal ends it with exit code 0",
  async (signal) => {
    const program = startProgram(["start"], settings(), world.folder);
    await program.says("days loaded");
    program.child.kill(signal);
    expect(await program.ended).toMatchObject({ exitCode: 0, signal: null });
  },
);

test("it ends although a request hangs", async () => {
  world.simulator.answerNext({ site: "plus", answer: "hang" });
  const program = startProgram(["start"], settings(), world.folder);
  await program.says("state is kept");
  await new Promise<void>((resolve) => {
    const look = () => (world.simulator.requests.length > 0 ? resolve() : setImmediate(look));
    look();
  });
  program.child.kill("SIGTERM");
  expect(await program.ended).toMatchObject({ exitCode: 0, signal: null });
  expect(await world.database.query("SELECT expires_at <= now() AS is_free FROM writer_lease")).toEqual([
    { is_free: true },
  ]);
});

test("cycles follow one another at the interval, and a failed one does not end them", async () => {
  world.simulator.set({ maintenance: 503 });
  const program = startProgram(["start"], { ...settings(), JOB_INTERVAL: "1" }, world.folder);
  await program.says("this cycle failed");
  world.simulator.set({ maintenance: false });
  await program.says("days loaded");
  program.child.kill("SIGTERM");
  expect((await program.ended).exitCode).toBe(0);
  expect(await storedRows(world.database)).toEqual(trueRows(world.simulator, world.meter, lastDates(Date.now(), 7)));
});

test("health tells of a good cycle, of none, and of a failed one", async () => {
  const health = () => runProgram(["health"], settings(), world.folder);
  expect(await health()).toMatchObject({ exitCode: 1 });
  await runProgram(["start", "--once"], settings(), world.folder);
  expect(await health()).toMatchObject({ exitCode: 0, stdout: "healthy\n" });
  await runProgram(["start", "--once"], { ...settings(), METERING_POINT: "1" }, world.folder);
  const ill = await health();
  expect(ill.exitCode).toBe(1);
  expect(ill.stdout).toContain("METERING_POINT");
});

test("killed with kill -9 on its embedded database and started again: nothing lost, nothing twice", async () => {
  const embedded = accountSettings(world.simulator);
  const killed = startProgram(["start"], embedded, world.folder);
  await killed.says("days loaded");
  killed.child.kill("SIGKILL");
  await killed.ended;
  const before = world.simulator.requests.length;
  const again = await runProgram(["start", "--once"], embedded, world.folder);
  expect(again.exitCode).toBe(0);
  expect(world.simulator.requests.slice(before).filter(({ kind }) => kind === "energy daily")).toEqual([]);
  expect(world.simulator.passwordPosts).toBe(1);
});

test("the demo needs no account, ignores .env, and stores a week", async () => {
  const ended = await runProgram(
    ["demo", "--once"],
    { CARUNA_USER: "somebody@else.invalid", DB_HOST: "nowhere.invalid" },
    world.folder,
  );
  expect(ended.exitCode).toBe(0);
  expect(ended.stderr).toContain("this is the demo");
  expect(ended.stderr).toContain("7 days loaded");
});
