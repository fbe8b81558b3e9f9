import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CycleHealth } from "../../src/app/cycle-health.js";
import { ailment, ElapsedTime, uptime } from "../../src/daemon/index.js";
import { Machine } from "../daemon/machine.js";
import { collectedLog, until } from "../support/caruna.js";
import { freePort } from "../support/free-port.js";
import { newWorlds } from "../support/world.js";
import { ask } from "../web/serving.js";
import { startApp } from "./running.js";

const world = newWorlds({ meters: [{ startDate: "2026-01-01" }] });

const SURPRISE = { status: 200, body: JSON.stringify({ surprise: true }) };
const INTERVAL_SECONDS = 3600;

const healthFile = () => JSON.parse(readFileSync(join(world.folder, "state/health.json"), "utf8"));

test("a failure of the backfill is the outcome of its cycle: in health, /readyz, metrics and page", async () => {
  const port = await freePort();
  let isBroken = false;
  world.simulator.answerNext({
    get pathIncludes() {
      return isBroken ? "/energy" : "no such path";
    },
    times: Number.POSITIVE_INFINITY,
    answer: SURPRISE,
  });
  const app = startApp(world, { HTTP_PORT: String(port) });
  // What is due has been loaded; what comes now is the backfill.
  await until(() => app.log.entries.some(({ message }) => message.includes("days loaded")));
  isBroken = true;
  await until(() => app.log.entries.some(({ message }) => message.startsWith("this cycle failed")));
  expect(healthFile()).toMatchObject({ problem: expect.stringContaining("requests failed") });
  const ready = await ask(port, "/readyz");
  expect(ready.status).toBe(503);
  expect(JSON.parse(ready.body)).toEqual({ ready: false, reasons: ["the last cycle failed"] });
  const metrics = (await ask(port, "/metrics")).body;
  expect(metrics).toContain("caruna_last_cycle_success 0\n");
  expect(metrics).toContain('caruna_cycle_duration_seconds_count{outcome="failure"} 1\n');
  expect(metrics).not.toContain('caruna_cycle_duration_seconds_count{outcome="success"}');
  expect(JSON.parse((await ask(port, "/api/overview")).body)).toMatchObject({
    lastCycle: { problem: expect.stringContaining("requests failed") },
    problems: [{ message: expect.stringContaining("requests failed") }],
  });
  app.signal();
  expect(await app.ended).toBe(0);
});

test("while a long backfill goes on, the cycle counts as good and as under way", async () => {
  const port = await freePort();
  const app = startApp(world, { HTTP_PORT: String(port) });
  const energyRequests = () => world.simulator.requests.filter(({ path }) => path.endsWith("/energy")).length;
  await until(() => app.log.entries.some(({ message }) => message.includes("days loaded")));
  const asked = energyRequests();
  await until(() => energyRequests() > asked);
  expect(JSON.parse((await ask(port, "/readyz")).body)).toEqual({ ready: true, reasons: [] });
  expect(healthFile()).toMatchObject({ problem: null });
  app.signal();
  expect(await app.ended).toBe(0);
});

test("a shutdown in mid-cycle is no outcome", async () => {
  world.simulator.answerNext({ pathIncludes: "/energy", times: Number.POSITIVE_INFINITY, answer: "hang" });
  const app = startApp(world);
  await until(() => world.simulator.requests.some(({ path }) => path.endsWith("/energy")));
  app.signal();
  expect(await app.ended).toBe(0);
  expect(healthFile).toThrow("ENOENT");
  expect(await world.database.query("SELECT expires_at <= now() AS is_free FROM writer_lease")).toEqual([
    { is_free: true },
  ]);
});

test("REQUESTS_AT_ONCE is how many requests are under way at one time, up to the 8 that may be set", async () => {
  world.simulator.answerNext({ pathIncludes: "/energy", times: Number.POSITIVE_INFINITY, answer: "hang" });
  const app = startApp(world, { REQUESTS_AT_ONCE: "8" });
  await until(() => world.simulator.requests.filter(({ path }) => path.endsWith("/energy")).length === 8);
  app.signal();
  expect(await app.ended).toBe(0);
});

test("that nothing is due is no news: it is logged for those who debug alone", async () => {
  const app = startApp(world, { JOB_INTERVAL: "1", BACKFILL: "none" });
  const nothingDue = () => app.log.entries.filter(({ message }) => message === "nothing is due");
  await until(() => nothingDue().length > 1);
  app.signal();
  await app.ended;
  expect(new Set(nothingDue().map(({ level }) => level))).toEqual(new Set(["debug"]));
});

/** The health of a program whose clock the test sets. */
function healthAt(startEpochMs: number) {
  const clock = { nowEpochMs: startEpochMs };
  const health = new CycleHealth({
    file: join(world.folder, "health.json"),
    jobIntervalSeconds: INTERVAL_SECONDS,
    now: () => clock.nowEpochMs,
    time: new ElapsedTime({ wallNow: () => clock.nowEpochMs, monotonicNow: () => clock.nowEpochMs }),
    logger: collectedLog(),
  });
  return { clock, health };
}

test("the success of one half does not hide the failure of the other, in this cycle or the next", async () => {
  const { health } = healthAt(0);
  const failed = (message: string) => ({ message, nextStep: "" });
  await health.end("due", undefined);
  await health.end("backfill", failed("old days"));
  expect(health.cycles.last?.problem).toEqual(failed("old days"));
  await health.end("due", undefined);
  await health.progress();
  expect(health.cycles.last?.problem).toEqual(failed("old days"));
  await health.end("due", failed("yesterday"));
  expect(health.cycles.last?.problem).toEqual(failed("yesterday"));
  await health.end("due", undefined);
  expect(health.cycles.last?.problem).toEqual(failed("old days"));
  await health.end("backfill", undefined);
  expect(health.cycles.last?.problem).toBeUndefined();
});

test("the next cycle is due an interval after the start, and overdue when nothing is heard for 15 minutes more", async () => {
  const { clock, health } = healthAt(1_000_000);
  health.begin();
  expect(health.cycles).toEqual({ last: undefined, nextEpochMs: 1_000_000 + 3_600_000, overdueEpochMs: undefined });
  clock.nowEpochMs += 60_000;
  await health.end("due", undefined);
  expect(health.cycles).toMatchObject({ nextEpochMs: 4_600_000, overdueEpochMs: 1_060_000 + 4_500_000 });
  // A backfill of two hours that stores hours all the while.
  clock.nowEpochMs += 7_200_000;
  await health.progress();
  expect(health.cycles).toMatchObject({ last: { endedEpochMs: 1_060_000 }, overdueEpochMs: 8_260_000 + 4_500_000 });
  expect(JSON.parse(readFileSync(join(world.folder, "health.json"), "utf8"))).toMatchObject({
    endedEpochMs: 1_060_000,
    nextDueEpochMs: 8_260_000 + 4_500_000,
    problem: null,
  });
});

test("time asleep is not overdue: for the page and /readyz, and by the health file of the same boot", async () => {
  const machine = new Machine();
  const file = join(world.folder, "health.json");
  const health = new CycleHealth({
    ...{ file, jobIntervalSeconds: INTERVAL_SECONDS, now: () => machine.wall, time: machine.time },
    logger: collectedLog(),
  });
  health.begin();
  await health.end("due", undefined);
  await health.waits(3_600_000);
  const before = await uptime();
  machine.sleepFor(9 * 3_600_000);
  const isOverdue = () => machine.wall > (health.cycles.overdueEpochMs ?? 0);
  expect(isOverdue()).toBe(false);
  expect(health.cycles.nextEpochMs).toBeLessThan(machine.wall);
  expect(await ailment(file, machine.wall, before)).toBeUndefined();
  const tooLate = { ...before, uptimeMs: before.uptimeMs + 4_600_000 };
  expect(await ailment(file, machine.wall, tooLate)).toContain("overdue");
  expect(await ailment(file, machine.wall - 10 * 3_600_000, tooLate)).toContain("overdue");
  expect(await ailment(file, machine.wall, { ...before, boot: "another one" })).toContain("overdue");
  for (let seconds = 0; seconds < 4_530; seconds += 30) {
    machine.pass(30_000);
    machine.time.awakeMs;
  }
  expect(isOverdue()).toBe(true);
});

test("a cycle that Caruna+ asked to wait for longer than the interval is not overdue before", async () => {
  const { clock, health } = healthAt(0);
  await health.end("due", { message: "Caruna+ asks for fewer requests", nextStep: "" });
  await health.waits(3 * 3_600_000);
  expect(health.cycles).toMatchObject({ nextEpochMs: 10_800_000, overdueEpochMs: 11_700_000 });
  expect(JSON.parse(readFileSync(join(world.folder, "health.json"), "utf8")).nextDueEpochMs).toBe(11_700_000);
  expect(clock.nowEpochMs).toBe(0);
});
