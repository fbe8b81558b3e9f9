import { expect } from "vitest";
import type { ServerSettings } from "../../src/database/index.js";
import { type Fate, startPacketProxy } from "../support/database-proxy.js";
import type { ProxiedConnection } from "../support/tcp-proxy.js";
import { DAY_MS } from "../sync/engine-world.js";
import { allConnectionsGone, DatabaseWorld, failureOf, queryOn } from "./database-world.js";

export const FAULTS = ["ended by an administrator", "cut before it", "cut after it"] as const;
export type Fault = (typeof FAULTS)[number];

export interface Sweep {
  readonly faults: number;
  /** Faults that a cycle ended with an error of. The others hit what a cycle can do without. */
  readonly failedCycles: number;
  /** Cycles after a fault until one was good. */
  readonly mostCyclesToGood: number;
  readonly hoursCompared: number;
}

/**
 * Lets a day pass, has the connection of a packet of that day's cycle broken, and sees that the next cycle makes it good:
 * again and again, for every `stride`th packet of a cycle with a login, in each way.
 *
 * @param settings where the program finds its database; an administrator ends connections there, unless `faults` has
 * only the others.
 * @param reader where the tables are read, by default there too.
 */
export async function sweepConnectionFaults(
  settings: ServerSettings,
  {
    stride,
    faults = FAULTS,
    reader = settings,
  }: { readonly stride: number; readonly faults?: readonly Fault[]; readonly reader?: ServerSettings },
): Promise<Sweep> {
  const packets = await startPacketProxy(settings.port);
  const { proxy } = packets;
  const world = await DatabaseWorld.create();
  const program = world.program({ ...settings, port: proxy.port }, { isGuarded: true });
  const truth = { query: (text: string) => queryOn(reader, text) };
  const sum = { faults: 0, failedCycles: 0, mostCyclesToGood: 0, hoursCompared: 0 };
  const dayPasses = () => {
    world.nowEpochMs += DAY_MS;
    world.simulator.expireTokens();
    world.simulator.forgetSessions();
  };
  const cycleBroken = async (at: number, fault: Fault | undefined) => {
    let sent = 0;
    packets.onPacket = async (connection) =>
      ++sent === at && fault ? await happen(fault, connection, settings) : "pass";
    const failure = await failureOf(program.cycle());
    packets.onPacket = async () => "pass";
    return { failure, sent };
  };
  try {
    await program.cycle();
    dayPasses();
    const { sent } = await cycleBroken(0, undefined);
    for (let at = 1; at <= sent; at += stride) {
      for (const fault of faults) {
        dayPasses();
        const posts = world.simulator.passwordPosts;
        const { failure } = await cycleBroken(at, fault);
        sum.faults += 1;
        if (failure !== "none") {
          sum.failedCycles += 1;
          expect(failure, `${fault}, packet ${at}`).toMatch(
            /^DatabaseUnreachable: .* is out of reach: .+\. The next cycle/,
          );
        }
        let cycles = 1;
        // A connection that the pool holds idle may be found dead once.
        while ((await failureOf(program.cycle())) !== "none" && cycles < 3) cycles += 1;
        sum.mostCyclesToGood = Math.max(sum.mostCyclesToGood, cycles);
        await world.expectTruth(truth);
        expect(world.simulator.passwordPosts - posts).toBeLessThanOrEqual(2);
        expect(await truth.query("SELECT rejections, unfinished_tries FROM login_guard")).toEqual([]);
        expect(proxy.connections).toBeLessThanOrEqual(4);
      }
    }
    const [counted] = await truth.query("SELECT count(*)::int AS hours FROM metering_point_hourly");
    sum.hoursCompared = Number(counted?.hours);
    await program.stop();
    while (proxy.connections > 0) await new Promise((resolve) => setImmediate(resolve));
    // A pooler keeps its own to the server.
    if (reader === settings) await allConnectionsGone(settings);
    return sum;
  } finally {
    await world.close();
    await proxy.stop();
  }
}

async function happen(fault: Fault, connection: ProxiedConnection, admin: ServerSettings): Promise<Fate> {
  if (fault !== "ended by an administrator") return fault;
  await terminate(admin, connection.service.localPort ?? 0);
  return "pass";
}

async function terminate(admin: ServerSettings, clientPort: number): Promise<void> {
  await queryOn(
    admin,
    `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE client_port = ${clientPort}`,
  );
}
