import { afterEach, describe, expect, it } from "vitest";
import { CarunaUnreachable } from "../../src/caruna/index.js";
import type { TcpProxy } from "../support/tcp-proxy.js";
import { EngineWorld, problemOf } from "../sync/engine-world.js";
import { differences, meteredRows, publishedRows } from "../sync/truth.js";
import { type NetworkFault, startWeatherProxy, Weather } from "./weather.js";

const DAY_MS = 24 * 3_600_000;
/** Silence shall end soon in a test; every answer of the simulator comes well within. */
const LIMITS = { requestTimeoutMs: 400 };

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** A world whose two sites stand behind proxies with one weather. */
async function stormyWorld() {
  const weather = new Weather();
  const plus = await startWeatherProxy(weather);
  const auth = await startWeatherProxy(weather);
  endings.push(async () => {
    await Promise.all([plus.stop(), auth.stop()]);
  });
  const world = await EngineWorld.create("2026-09-10T10:10", {
    ...{ plusUrl: `http://127.0.0.1:${plus.port}`, authUrl: `http://127.0.0.1:${auth.port}` },
    meters: [{ product: "nightly", startDate: "2026-09-07" }],
  });
  endings.push(() => world.close());
  plus.target = { ...plus.target, port: world.simulator.port };
  auth.target = { ...auth.target, port: world.simulator.authPort };
  return { weather, world, proxies: [plus, auth] as const };
}

async function expectTruth({ database, simulator, nowEpochMs }: EngineWorld): Promise<void> {
  const stored = await meteredRows(database);
  expect(stored.length).toBeGreaterThan(0);
  expect(differences(stored, publishedRows(simulator, nowEpochMs))).toEqual([]);
}

const open = (proxies: readonly TcpProxy[]) => proxies.reduce((sum, { connections }) => sum + connections, 0);

/** All requests of a cycle are some twenty, a dozen of them the login; the rest of the faults are tried at some. */
const EVERY = Array.from({ length: 40 }, (_, index) => index + 1);
const SOME = [4, 7, 12, 14];
const CUT = /the connection was cut|its login lost our session/;
const SILENT = /did not answer within 0.4 s|its login lost our session/;

describe("the network fails once, at each request of a cycle in turn", () => {
  it.each<[NetworkFault, RegExp, readonly number[]]>([
    [{ kind: "reset before the request" }, CUT, SOME],
    [{ kind: "reset in the answer", bytes: 9 }, CUT, EVERY],
    [{ kind: "end in the answer", bytes: 400 }, CUT, SOME],
    [{ kind: "black hole" }, SILENT, SOME],
    [{ kind: "half-open" }, SILENT, SOME],
    [{ kind: "byte a second" }, SILENT, SOME],
  ])("the same cycle or the next one brings everything: %j", async (fault, words, requests) => {
    const { weather, world, proxies } = await stormyWorld();
    for (const request of requests) {
      const before = world.simulator.passwordPosts;
      // A new program on a new day: a login, the lists, and the hours of that day.
      const program = await world.start({ limits: LIMITS });
      weather.order(request, fault);
      const problem = await problemOf(program);
      const { hasStruck } = weather;
      weather.calmDown();
      if (problem !== undefined) {
        expect(problem).toBeInstanceOf(CarunaUnreachable);
        expect(problem.message).toMatch(words);
        await program.cycle();
      }
      // What carries the password is never sent again within a cycle.
      expect(world.simulator.passwordPosts - before).toBeLessThanOrEqual(problem === undefined ? 1 : 2);
      await expectTruth(world);
      await program.stop();
      if (!hasStruck) break;
      world.nowEpochMs += DAY_MS;
    }
    await expect.poll(() => open(proxies)).toBe(0);
  });
});

describe("the network fails for a whole cycle", () => {
  it.each<[string, RegExp, (storm: Awaited<ReturnType<typeof stormyWorld>>) => Promise<void>]>([
    [
      "nobody listens",
      /nobody listens there/,
      async ({ proxies }) => void (await Promise.all(proxies.map((proxy) => proxy.refuse()))),
    ],
    [
      "every connection is reset",
      CUT,
      async ({ weather }) => weather.order(1, { kind: "reset before the request" }, { forever: true }),
    ],
    ["nothing comes back", SILENT, async ({ weather }) => weather.order(1, { kind: "black hole" }, { forever: true })],
  ])("it ends with words, and the next one brings everything: %s", async (_, words, begin) => {
    const storm = await stormyWorld();
    const { weather, world, proxies } = storm;
    const program = await world.start({ limits: LIMITS });
    await begin(storm);
    const problem = await problemOf(program);
    expect(problem).toBeInstanceOf(CarunaUnreachable);
    expect(problem?.message).toMatch(words);
    expect(problem?.message).toContain("the next cycle tries again");
    weather.calmDown();
    await Promise.all(proxies.map((proxy) => proxy.allow()));
    await program.cycle();
    await expectTruth(world);
    expect(world.simulator.passwordPosts).toBe(1);
    await program.stop();
    await expect.poll(() => open(proxies)).toBe(0);
  });
});
