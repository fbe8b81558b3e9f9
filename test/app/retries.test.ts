import { expect, test } from "vitest";
import { Machine } from "../daemon/machine.js";
import { atTheEnd } from "../support/caruna.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { newWorlds } from "../support/world.js";
import { startApp } from "./running.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let machine = new Machine();
const world = newWorlds({ meters: [{ startDate: "2026-11-01" }], now: () => machine.wall });

/** The program on a machine whose time passes while it waits, until that much has passed. */
function startOn(machineOfTest: Machine, untilMs: number, changes: Readonly<Record<string, string>> = {}) {
  machine = machineOfTest;
  const app = startApp(
    world,
    { BACKFILL: "none", ...changes },
    {
      clocks: {
        wallNow: () => machine.wall,
        monotonicNow: () => machine.monotonic,
        sleep: async (milliseconds, signal) => {
          machine.pass(milliseconds);
          if (machine.real >= untilMs) app.signal();
          // Whatever else is under way goes on.
          await new Promise((resolve) => setImmediate(resolve));
          signal.throwIfAborted();
        },
      },
    },
  );
  return app;
}

test("a post that gets 503 is made again when the login's timetable says so, however often the cycle is tried", async () => {
  const posts: number[] = [];
  world.simulator.answerNext({
    get pathIncludes() {
      return "";
    },
    site: "auth",
    method: "POST",
    times: Number.POSITIVE_INFINITY,
    get answer() {
      posts.push(machine.real);
      return { status: 503, body: "out of order" };
    },
  });
  const app = startOn(new Machine(), 33 * HOUR_MS);
  expect(await app.ended).toBe(0);
  // The next two regular cycles, 6 hours, 24 hours: docs/protocol.md.
  const gaps = posts.map((at, index) => (at - (posts[index - 1] ?? at)) / HOUR_MS).slice(1);
  expect(gaps.map((gap) => Math.round(gap))).toEqual([1, 1, 6, 24]);
  expect(world.simulator.passwordPosts).toBe(posts.length);
});

test("a database that comes up after the program is used within seconds, and logged once", async () => {
  const { host, port } = world.database.settings;
  const server = await TcpProxy.start({ host, port });
  atTheEnd(() => server.stop());
  const listening = server.port;
  await server.refuse();
  const rebooted = new Machine();
  let isUp: Promise<void> | undefined;
  rebooted.events.push({ at: 2 * MINUTE_MS, happen: () => (isUp = server.allow()) });
  const app = startOn(rebooted, 10 * MINUTE_MS, { DB_HOST: "127.0.0.1", DB_PORT: String(listening) });
  await app.ended;
  await isUp;
  const messages = app.log.entries.filter(({ level }) => level !== "debug").map(({ message }) => message);
  expect(messages.filter((message) => message.startsWith("this cycle failed"))).toHaveLength(1);
  expect(messages).toContain("cycles succeed again");
  expect(world.simulator.passwordPosts).toBe(1);
});
