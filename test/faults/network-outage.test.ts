import { expect, test } from "vitest";
import { FailedCycles } from "../../src/app/failed-cycles.js";
import { CarunaClient, CarunaUnreachable } from "../../src/caruna/index.js";
import { runOnTheClock } from "../../src/daemon/index.js";
import { DatabaseUnreachable } from "../../src/database/index.js";
import { type SimulatorOptions, startSimulator } from "../../src/simulator/index.js";
import { Machine } from "../daemon/machine.js";
import { atTheEnd, collectedLog } from "../support/caruna.js";
import { freePort } from "../support/free-port.js";
import { resolveLocalhostBy } from "../support/name-service.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The daemon's cycles on a machine whose time passes only in its waits, with a Caruna+ on the same clock. */
async function daemon(intervalSeconds: number, options: SimulatorOptions = {}) {
  const machine = new Machine();
  const simulator = await startSimulator({ ...options, now: () => machine.wall });
  atTheEnd(() => simulator.stop());
  const log = collectedLog();
  const client = new CarunaClient({
    username: "demo@example.com",
    password: "demo",
    baseUrl: simulator.plusUrl,
    allowedHosts: [new URL(simulator.authUrl).host],
    now: () => machine.wall,
    sleep: async (milliseconds) => machine.pass(milliseconds),
    logger: log,
  });
  const failed = new FailedCycles({ logger: log, time: machine.time, pausedUntil: () => client.pausedUntilEpochMs });
  /** When requests came in while the cycles ran for so long, in minutes from now. */
  const runFor = async (milliseconds: number) => {
    const [startedAt, stop] = [machine.real, new AbortController()];
    const asked: number[] = [];
    const ended: number[] = [];
    await runOnTheClock(
      async (signal) => {
        const before = simulator.requests.length;
        try {
          await client.meteringPoints({ signal });
          ended.push((machine.real - startedAt) / MINUTE_MS);
        } finally {
          const count = simulator.requests.length - before;
          asked.push(...Array.from({ length: count }, () => (machine.real - startedAt) / MINUTE_MS));
        }
      },
      {
        ...{ intervalSeconds, time: machine.time },
        sleep: async (wait) => {
          machine.pass(wait);
          if (machine.real - startedAt >= milliseconds) stop.abort();
        },
        retryAfterMs: (error) => failed.retryAfterMs(error, machine.wall),
        onFailure: (error, nextInMs) => failed.log(error, nextInMs),
        onRecovery: (count) => failed.end(count),
        onWait: async () => {},
      },
      stop.signal,
    );
    return { asked, ended };
  };
  return { simulator, machine, log, runFor };
}

const within = (minutes: readonly number[], from: number) =>
  minutes.filter((minute) => minute >= from && minute < from + 60).length;

test.each([60, 3600, 86_400])(
  "every %d s: a portal that is out of order is asked a handful of times an hour",
  async (interval) => {
    const { simulator, runFor, log } = await daemon(interval);
    simulator.answerNext({ site: "plus", times: Number.POSITIVE_INFINITY, answer: { status: 503, body: "" } });
    const { asked } = await runFor(10 * HOUR_MS);
    expect(within(asked, 0)).toBeGreaterThanOrEqual(5);
    expect(within(asked, 0)).toBeLessThanOrEqual(8);
    for (let from = 60; from < 600; from += 60) expect(within(asked, from)).toBeLessThanOrEqual(2);
    expect(simulator.passwordPosts).toBe(0);
    const errors = log.entries.filter(({ level }) => level === "error");
    expect(errors.length).toBeLessThanOrEqual(11);
  },
);

test.each([
  ["ten seconds", 10_000, 1],
  ["three minutes", 3 * MINUTE_MS, 8],
  ["five hours", 5 * HOUR_MS, 5 * 60 + 120],
])("a portal that is up %s after the program: the hours come long before the next day", async (_, laterMs, latest) => {
  const { simulator, machine, runFor } = await daemon(86_400);
  simulator.set({ maintenance: 503 });
  machine.events.push({ at: laterMs, happen: () => simulator.set({ maintenance: false }) });
  const { ended } = await runFor(12 * HOUR_MS);
  expect(ended).toHaveLength(1);
  expect(ended[0]).toBeLessThanOrEqual(latest);
  expect(simulator.passwordPosts).toBe(1);
});

test("Retry-After is obeyed, for longer than the interval too", async () => {
  const { simulator, runFor } = await daemon(3600);
  simulator.answerNext({ site: "plus", answer: { status: 503, headers: { "Retry-After": "9000" }, body: "" } });
  const { asked, ended } = await runFor(4 * HOUR_MS);
  expect(asked.filter((minute) => minute < 150)).toHaveLength(1);
  expect(ended[0]).toBe(150);
});

test("a name that cannot be looked up at boot is tried again within seconds, and logged once", async () => {
  const port = await freePort();
  const { simulator, machine, log, runFor } = await daemon(86_400, { port, plusUrl: `http://localhost:${port}` });
  let lookups = 0;
  resolveLocalhostBy(() => {
    lookups += 1;
    return machine.real < 2 * MINUTE_MS ? "EAI_AGAIN" : ["127.0.0.1"];
  });
  const { ended } = await runFor(12 * HOUR_MS);
  expect(ended).toHaveLength(1);
  expect(ended[0]).toBeLessThan(4);
  expect(lookups).toBeGreaterThan(4);
  expect(simulator.passwordPosts).toBe(1);
  expect(log.entries.filter(({ level }) => level === "warn" || level === "error")).toMatchObject([
    { level: "warn", message: "trying again", fields: { problem: expect.stringContaining("could not be looked up") } },
    { level: "error", message: expect.stringMatching(/^this cycle failed: .*the name could not be looked up/) },
  ]);
});

test("a failure is logged once while it stays the same, whoever has it", () => {
  const machine = new Machine();
  const log = collectedLog();
  const failed = new FailedCycles({ logger: log, time: machine.time, pausedUntil: () => undefined });
  for (let count = 0; count < 4; count += 1) {
    failed.log(new CarunaUnreachable("nobody listens there"), 10_000);
    machine.pass(10_000);
  }
  failed.log(new DatabaseUnreachable("nobody answers"), 10_000);
  failed.end(5);
  expect(log.entries.filter(({ level }) => level !== "debug").map(({ message }) => message)).toEqual([
    expect.stringContaining("nobody listens there"),
    expect.stringContaining("nobody answers"),
    "cycles succeed again",
  ]);
});
