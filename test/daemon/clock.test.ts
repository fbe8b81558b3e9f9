import { expect, test } from "vitest";
import { runOnTheClock } from "../../src/daemon/index.js";
import { Machine } from "./machine.js";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Runs cycles on that machine until so much real time has passed; returns when each began. */
async function cyclesOn(
  machine: Machine,
  { untilMs, intervalSeconds = 3600, cycle = async () => {}, retryAfterMs = () => 0 }: Running,
) {
  const stop = new AbortController();
  const began: number[] = [];
  const failures: [number, number][] = [];
  const recoveries: number[] = [];
  await runOnTheClock(
    async () => {
      began.push(machine.real);
      await cycle(began.length);
    },
    {
      ...{ intervalSeconds, time: machine.time, retryAfterMs },
      sleep: async (milliseconds) => {
        machine.pass(milliseconds);
        if (machine.real >= untilMs) stop.abort();
      },
      onFailure: (_, nextInMs, count) => failures.push([nextInMs, count]),
      onRecovery: (count) => recoveries.push(count),
      onWait: async () => {},
    },
    stop.signal,
  );
  return { began, failures, recoveries };
}

interface Running {
  readonly untilMs: number;
  readonly intervalSeconds?: number;
  readonly cycle?: (count: number) => Promise<void>;
  readonly retryAfterMs?: (error: unknown) => number | undefined;
}

const fail = async () => {
  throw new Error("out of reach");
};

test("cycles begin at once and then every interval, however long each takes; an overlong one is followed at once", async () => {
  const machine = new Machine();
  const cycle = async (count: number) => machine.pass(count === 2 ? 90 * MINUTE_MS : 7 * MINUTE_MS);
  const { began } = await cyclesOn(machine, { untilMs: 5 * HOUR_MS, cycle });
  expect(began.map((at) => at / HOUR_MS)).toEqual([0, 1, 2.5, 3.5, 4.5]);
});

test("a cycle that fails for a reason outside runs again after seconds, then at growing intervals up to the interval", async () => {
  const { began, failures } = await cyclesOn(new Machine(), { untilMs: 6 * HOUR_MS, cycle: fail });
  const gaps = began.map((at, index) => (at - (began[index - 1] ?? at)) / SECOND_MS).slice(1);
  expect(gaps).toEqual([10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600, 3600]);
  expect(failures.map(([, count]) => count)).toEqual(began.map((_, index) => index + 1));
  expect(failures[0]).toEqual([10 * SECOND_MS, 1]);
});

test("once a cycle succeeds, the interval counts from it, and the next failure begins with seconds again", async () => {
  const cycle = async (count: number) => {
    if (count !== 3) await fail();
  };
  const { began, recoveries } = await cyclesOn(new Machine(), { untilMs: HOUR_MS + 60 * SECOND_MS, cycle });
  expect(began.slice(0, 5).map((at) => at / SECOND_MS)).toEqual([0, 10, 30, 3630, 3640]);
  expect(recoveries).toEqual([2]);
});

test("what only a person can change is not tried again before the next regular cycle", async () => {
  const { began } = await cyclesOn(new Machine(), {
    untilMs: 3 * HOUR_MS - 1,
    cycle: fail,
    retryAfterMs: () => undefined,
  });
  expect(began.map((at) => at / HOUR_MS)).toEqual([0, 1, 2]);
});

test("a service that asks to be left alone is left alone, for longer than the interval too", async () => {
  const until = (at: number) => () => Math.max(0, at - machine.real);
  const machine = new Machine();
  const { began } = await cyclesOn(machine, {
    untilMs: 3 * HOUR_MS,
    cycle: async (count) => (count === 1 ? await fail() : undefined),
    retryAfterMs: until(2 * HOUR_MS),
  });
  expect(began.map((at) => at / HOUR_MS)).toEqual([0, 2]);
});

test.each([
  ["a short sleep that ends before the next is due", 10 * MINUTE_MS, HOUR_MS],
  ["a night", 9 * HOUR_MS, 9 * HOUR_MS + 20 * MINUTE_MS],
])("after %s the cycle that was due comes within a minute, and never before", async (_, asleepMs, earliest) => {
  const machine = new Machine();
  machine.events.push({ at: 20 * MINUTE_MS, happen: () => machine.sleepFor(asleepMs) });
  const { began } = await cyclesOn(machine, { untilMs: earliest + MINUTE_MS });
  expect(began).toHaveLength(2);
  expect(began[1]).toBeGreaterThanOrEqual(earliest);
  expect(began[1]).toBeLessThanOrEqual(earliest + MINUTE_MS);
});

test.each([-26, -3, -0.5])(
  "a clock that is set by %d hours does not matter: the next cycle comes when it is due",
  async (hours) => {
    const machine = new Machine();
    machine.events.push({ at: 20 * MINUTE_MS, happen: () => (machine.wall += hours * HOUR_MS) });
    const { began } = await cyclesOn(machine, { untilMs: 3 * HOUR_MS });
    expect(began.map((at) => at / HOUR_MS)).toEqual([0, 1, 2]);
  },
);

test("a shutdown between two cycles does not wait for the next one", async () => {
  const machine = new Machine();
  const { began } = await cyclesOn(machine, { untilMs: 1.2 * HOUR_MS });
  expect(began.map((at) => at / HOUR_MS)).toEqual([0, 1]);
  expect(machine.real).toBeLessThanOrEqual(1.2 * HOUR_MS + 30 * SECOND_MS);
});

test("a clock that is set forward brings one cycle early, and the interval counts from there", async () => {
  const machine = new Machine();
  machine.events.push({ at: 20 * MINUTE_MS, happen: () => (machine.wall += 5 * HOUR_MS) });
  const { began } = await cyclesOn(machine, { untilMs: 2.5 * HOUR_MS });
  expect(began.map((at) => at / MINUTE_MS)).toEqual([0, 20, 80, 140]);
});

test("time asleep does not count as awake, whether the monotonic clock stands still meanwhile or not", () => {
  const machine = new Machine();
  machine.pass(25 * SECOND_MS);
  machine.sleepFor(8 * HOUR_MS);
  expect(machine.time.elapsedMs).toBe(8 * HOUR_MS + 25 * SECOND_MS);
  expect(machine.time.awakeMs).toBe(25 * SECOND_MS);
  machine.pass(8 * HOUR_MS);
  expect(machine.time.elapsedMs).toBe(16 * HOUR_MS + 25 * SECOND_MS);
  expect(machine.time.awakeMs).toBeLessThan(2 * MINUTE_MS);
});

test("a clock that is set counts neither as awake nor backwards", () => {
  const machine = new Machine();
  machine.wall -= 3 * HOUR_MS;
  machine.pass(SECOND_MS);
  machine.wall += 7 * HOUR_MS;
  expect(machine.time.awakeMs).toBe(SECOND_MS);
  machine.wall -= HOUR_MS;
  const { elapsedMs } = machine.time;
  machine.pass(SECOND_MS);
  expect(machine.time.elapsedMs).toBe(elapsedMs + SECOND_MS);
});
