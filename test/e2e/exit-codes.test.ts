import { expect, test } from "vitest";
import { runCommand } from "../support/command.js";
import { freePort } from "../support/free-port.js";
import { storedRows } from "../support/truth.js";
import { newWorlds } from "../support/world.js";

const world = newWorlds();

const once = (changes?: Record<string, string>) => world.once(changes);

test("2: no account, told in three lines without a stack trace", async () => {
  const ended = await runCommand(["start"], {}, world.folder);
  expect(ended.exitCode).toBe(2);
  expect(ended.stderr.trim().split("\n")).toHaveLength(3);
  expect(ended.stderr).toContain("CARUNA_USER");
  expect(ended.stdout).toBe("");
});

test("2: every wrong setting at once, each with its name, its source and an example", async () => {
  const ended = await once({ JOB_INTERVAL: "soon", DAYS_TO_LOAD: "-3", DB_PORT: "99999" });
  expect(ended.exitCode).toBe(2);
  for (const name of ["JOB_INTERVAL", "DAYS_TO_LOAD", "DB_PORT"]) expect(ended.stderr).toContain(name);
  expect(world.simulator.requests).toEqual([]);
});

test.each([
  [["frobnicate"], "frobnicate"],
  [["start", "--twice"], "--twice"],
  [["load", "--from", "2026-02-30", "--to", "2026-03-01"], "2026-02-30"],
  [["load", "--from", "2026-03-02", "--to", "2026-03-01"], "--from"],
  [["load"], "--from"],
  [["load", "--dates", "no-such-file"], "no-such-file"],
])("2: a command line that cannot be meant: %j", async (parameters, named) => {
  const ended = await runCommand(parameters, world.settings, world.folder);
  expect(ended.exitCode).toBe(2);
  expect(ended.stderr).toContain(named);
  expect(ended.stderr).not.toMatch(/\n\s+at /);
});

test("2: a metering point that is not there, with a list of those that are", async () => {
  const ended = await once({ METERING_POINT: "12345" });
  expect(ended.exitCode).toBe(2);
  expect(ended.stderr).toContain(`METERING_POINT=${world.simulator.household.meters[0]?.assetId}`);
});

test.each(["feedback", "redirect", "401"] as const)(
  "3: a wrong password (answered by %s), after exactly one password post",
  async (wrongPassword) => {
    world.simulator.set({ wrongPassword });
    const ended = await once({ CARUNA_PASSWORD: "not-the-one-ä€" });
    expect(ended.exitCode).toBe(3);
    expect(world.simulator.passwordPosts).toBe(1);
    expect(ended.stderr).toContain("rejected the user name or the password");
    if (wrongPassword === "feedback") expect(ended.stderr).toMatch(/rejected[^"]*"|rejected.*\\"/);
    expect(ended.stderr).not.toContain("not-the-one");
  },
);

test("3: a second factor, in words", async () => {
  world.simulator.set({ secondFactor: true });
  const ended = await once();
  expect(ended.exitCode).toBe(3);
  expect(ended.stderr).toContain("second factor");
});

test("4: Caruna+ is down", async () => {
  const port = await freePort();
  const ended = await once({ CARUNA_BASE_URL: `http://127.0.0.1:${port}` });
  expect(ended.exitCode).toBe(4);
  expect(ended.stderr).toContain("out of reach");
});

test("4: one day of seven fails; the other six are stored", async () => {
  world.simulator.answerNext({
    pathIncludes: "/energy",
    answer: { status: 200, headers: {}, body: '{"unforeseen": true}' },
  });
  const ended = await once();
  expect(ended.exitCode).toBe(4);
  expect(ended.stderr).toContain("1 of 7 requests");
  expect((await storedRows(world.database)).length).toBeGreaterThanOrEqual(6 * 23);
});

test("5: the database is down, and Caruna+ is asked nothing", async () => {
  const ended = await once({ DB_PORT: String(await freePort()) });
  expect(ended.exitCode).toBe(5);
  expect(world.simulator.requests).toEqual([]);
});

test("0: --help and --version, on stdout, for the program and its commands", async () => {
  for (const parameters of [
    ["--help"],
    ["start", "--help"],
    ["load", "--help"],
    ["simulator", "--help"],
    ["--version"],
  ]) {
    const ended = await runCommand(parameters, {}, world.folder);
    expect([parameters, ended.exitCode, ended.stderr]).toEqual([parameters, 0, ""]);
    expect(ended.stdout).not.toBe("");
  }
});
