import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { runCommand } from "../support/command.js";
import { postedBefore } from "../support/login-posts.js";
import { startProgram } from "../support/program.js";
import { newWorlds } from "../support/world.js";

const WRONG = { CARUNA_PASSWORD: "wrong" };

const world = newWorlds();

const run = (parameters: readonly string[], changes: Record<string, string> = {}) =>
  runCommand(parameters, { ...world.settings, ...changes }, world.folder);

/** A container without a volume: every start finds an empty state directory. */
async function onceWithoutState(changes: Record<string, string> = {}) {
  rmSync(join(world.folder, "state"), { recursive: true, force: true });
  const before = world.simulator.requests.length;
  const ended = await run(["start", "--once"], changes);
  return { ...ended, requests: world.simulator.requests.length - before };
}

const pass = (interval: string) => postedBefore(world.database, interval);

/** The lines of the log above `info`, as a person is to read them. */
function complaints(stderr: string): string[] {
  return stderr
    .trim()
    .split("\n")
    .map((line): { level: number; msg: string } => JSON.parse(line))
    .filter(({ level }) => level > 30)
    .map(({ msg }) => msg);
}

test("started again and again with a wrong password and without its state: one password post, then not one request", async () => {
  const first = await onceWithoutState(WRONG);
  expect([first.exitCode, world.simulator.passwordPosts]).toEqual([3, 1]);
  for (let start = 0; start < 4; start += 1) {
    const held = await onceWithoutState(WRONG);
    expect([held.exitCode, held.requests]).toEqual([3, 0]);
    expect(complaints(held.stderr)).toEqual([
      expect.stringMatching(/login is paused until .*Käyttäjätunnus.*transcript.*caruna-integration login --force$/),
    ]);
  }
  expect(world.simulator.passwordPosts).toBe(1);
  expect((await run(["health"], WRONG)).stdout).toContain("login is paused");
});

test("posts a wrong password again after 1 h, 6 h and 24 h, and then no more", async () => {
  await onceWithoutState(WRONG);
  for (const [almost, rest] of [
    ["59 minutes", "1 minute"],
    ["359 minutes", "1 minute"],
    ["1439 minutes", "1 minute"],
  ] as const) {
    await pass(almost);
    expect(await onceWithoutState(WRONG)).toMatchObject({ exitCode: 3, requests: 0 });
    await pass(rest);
    expect((await onceWithoutState(WRONG)).requests).toBeGreaterThan(0);
  }
  await pass("10 years");
  const last = await onceWithoutState(WRONG);
  expect(last).toMatchObject({ exitCode: 3, requests: 0 });
  expect(last.stderr).toContain("paused until the password changes or you ask for a login");
  expect(world.simulator.passwordPosts).toBe(4);
});

test("a password that was changed is tried at once", async () => {
  await onceWithoutState(WRONG);
  expect((await onceWithoutState()).exitCode).toBe(0);
  expect((await onceWithoutState(WRONG)).requests).toBe(0);
  expect(world.simulator.passwordPosts).toBe(2);
});

test("login obeys the pause unless it is forced, and says on stdout what came of it", async () => {
  await onceWithoutState(WRONG);
  const paused = await run(["login"], WRONG);
  expect(paused).toMatchObject({ exitCode: 3, stdout: expect.stringContaining("login --force") });
  expect(world.simulator.passwordPosts).toBe(1);
  const status = await run(["status"], WRONG);
  expect(status.stdout).toMatch(/login is paused until .*Käyttäjätunnus.*login --force/);
  const rejected = await run(["login", "--force"], WRONG);
  expect(rejected).toMatchObject({ exitCode: 3, stdout: expect.stringContaining("Caruna+ rejected the user name") });
  expect(complaints(rejected.stderr)).toEqual([]);
  expect(world.simulator.passwordPosts).toBe(2);
  world.simulator.set({ password: "wrong" });
  const accepted = await run(["login", "--force"], WRONG);
  expect(accepted).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("accepted") });
  // It keeps the session, and nothing is paused any more.
  expect((await run(["start", "--once"], WRONG)).exitCode).toBe(0);
  expect(world.simulator.passwordPosts).toBe(3);
  expect(await world.database.query("SELECT FROM public.login_guard")).toEqual([]);
});

test("login ends with 4 and 5 where Caruna+ and the database are out of reach, and posts no password", async () => {
  world.simulator.set({ maintenance: 200 });
  expect(await run(["login"])).toMatchObject({ exitCode: 4, stdout: expect.stringContaining("out of reach") });
  const before = world.simulator.requests.length;
  expect(await run(["login"], { DB_PORT: "1" })).toMatchObject({
    exitCode: 5,
    stdout: expect.stringContaining("PostgreSQL"),
  });
  expect([world.simulator.requests.length, world.simulator.passwordPosts]).toEqual([before, 0]);
});

test("logout forgets the kept session, where there is one", async () => {
  await run(["start", "--once"]);
  for (let time = 0; time < 2; time += 1) {
    expect(await run(["logout"])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("forgotten") });
    expect(existsSync(join(world.folder, "state", "session.json"))).toBe(false);
  }
  await run(["load", "--from", "2026-01-02", "--to", "2026-01-02"]);
  expect(world.simulator.passwordPosts).toBe(2);
});

test("the daemon goes on with one line a cycle, and loads once login was run with the right password", async () => {
  const settings = { ...world.settings, ...WRONG, JOB_INTERVAL: "1" };
  const program = startProgram(["start"], settings, world.folder);
  await program.says("login is paused");
  expect(world.simulator.passwordPosts).toBe(1);
  world.simulator.set({ password: "wrong" });
  await run(["login", "--force"], WRONG);
  await program.says("days loaded");
  program.child.kill("SIGTERM");
  const { stderr, exitCode } = await program.ended;
  expect(exitCode).toBe(0);
  const [first, ...others] = complaints(stderr);
  expect(first).toContain("this cycle failed: Caruna+ rejected");
  expect(others.length).toBeGreaterThan(0);
  expect(new Set(others).size).toBe(1);
  expect(others[0]).toContain("this cycle failed: The login is paused");
});

test.each(["SIGKILL", "SIGTERM"] as const)(
  "ended by %s between the post and its answer: the password is posted again with the next regular cycle",
  async (signal) => {
    world.simulator.answerNext({ site: "auth", method: "POST", answer: "hang" });
    const program = startProgram(["start"], world.settings, world.folder);
    while (world.simulator.passwordPosts < 1) await turn();
    program.child.kill(signal);
    expect((await program.ended).exitCode).toBe(signal === "SIGTERM" ? 0 : null);
    const [lease] = await world.database.query("SELECT expires_at <= now() AS is_free FROM writer_lease");
    expect(lease).toEqual({ is_free: signal === "SIGTERM" });
    const paused = await onceWithoutState();
    expect(paused).toMatchObject({ exitCode: 4, requests: 0 });
    expect(complaints(paused.stderr)).toEqual([expect.stringContaining("got no answer")]);
    expect((await run(["login", "--force"])).exitCode).toBe(0);
    expect((await run(["start", "--once"])).exitCode).toBe(0);
  },
);

test("trouble of Caruna+ pauses the login until the next regular cycle", async () => {
  world.simulator.answerNext({ site: "auth", method: "POST", answer: { status: 503 } });
  expect((await onceWithoutState()).exitCode).toBe(4);
  expect(await onceWithoutState()).toMatchObject({ exitCode: 4, requests: 0 });
  await pass("1 day");
  expect((await onceWithoutState()).exitCode).toBe(0);
  expect(world.simulator.passwordPosts).toBe(2);
});
