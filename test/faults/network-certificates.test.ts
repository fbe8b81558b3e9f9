import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createServer } from "node:tls";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { startSimulator } from "../../src/simulator/index.js";
import { atTheEnd } from "../support/caruna.js";
import { type Certificate, newAuthority } from "../support/certificates.js";
import { createDatabase } from "../support/postgres.js";
import { workingDirectory } from "../support/program.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { at, DAY_MS } from "../sync/engine-world.js";
import { differences, meteredRows, publishedRows } from "../sync/truth.js";

const known = newAuthority("Authority of the test");
const unknown = newAuthority("Authority of somebody else");
const GOOD = known.issue({ names: ["127.0.0.1"] });

/** A site of Caruna+ by TLS, whose certificate a test may change. */
interface TlsSite {
  readonly url: string;
  /** How many bytes were read of what the program sent within TLS. */
  readonly bytesHeard: number;
  /** From the next connection on; those that are open are cut. */
  show(certificate: Certificate): void;
  leadTo(port: number): void;
}

async function tlsSite(): Promise<TlsSite> {
  let bytesHeard = 0;
  const server = createServer({ cert: GOOD.cert, key: GOOD.key });
  const proxy = await TcpProxy.start(
    { host: "127.0.0.1", port: 0 },
    {
      serverOf: (onConnection) => server.on("secureConnection", onConnection),
      conduct: ({ service }) => ({
        fromProgram(bytes) {
          bytesHeard += bytes.length;
          service.write(bytes);
        },
      }),
    },
  );
  atTheEnd(() => proxy.stop());
  return {
    url: `https://127.0.0.1:${proxy.port}`,
    get bytesHeard() {
      return bytesHeard;
    },
    show: (certificate) => {
      proxy.closeAll();
      server.setSecureContext(certificate);
    },
    leadTo: (port) => {
      proxy.target = { ...proxy.target, port };
    },
  };
}

/** What `engine-process.mjs` tells of a cycle. */
const OUTCOME = z.object({ error: z.object({ name: z.string(), message: z.string() }).optional() });

/** A Caruna+ by TLS, and the engine, on a database of its own, as a process that trusts the authority of this file. */
async function tlsWorld() {
  const clock = { nowEpochMs: at("2026-09-10T10:10") };
  const sites = { plus: await tlsSite(), auth: await tlsSite() };
  const simulator = await startSimulator({
    ...{ plusUrl: sites.plus.url, authUrl: sites.auth.url, now: () => clock.nowEpochMs },
    meters: [{ product: "nightly", startDate: "2026-09-07" }],
  });
  sites.plus.leadTo(simulator.port);
  sites.auth.leadTo(simulator.authPort);
  const database = await createDatabase();
  const folder = workingDirectory();
  const trusted = join(folder.path, "authority.pem");
  writeFileSync(trusted, known.certificate);
  const parameters = {
    settings: database.settings,
    plusUrl: sites.plus.url,
    authHost: new URL(sites.auth.url).host,
  };
  const engine = fork(join(import.meta.dirname, "../sync/engine-process.mjs"), [JSON.stringify(parameters)], {
    execArgv: [],
    env: { PATH: process.env.PATH ?? "", NODE_EXTRA_CA_CERTS: trusted },
  });
  atTheEnd(async () => {
    const ended = once(engine, "exit");
    engine.disconnect();
    await ended;
    await simulator.stop();
    await database.drop();
    folder.remove();
  });
  const cycle = async () => {
    const told = once(engine, "message");
    engine.send({ nowEpochMs: clock.nowEpochMs });
    const [message] = await told;
    return OUTCOME.parse(message).error;
  };
  return { clock, sites, simulator, database, cycle };
}

const now = Date.now();
const BAD: readonly [string, Certificate, RegExp][] = [
  [
    "one that has expired",
    known.issue({ names: ["127.0.0.1"], validFromEpochMs: now - 400 * DAY_MS, validToEpochMs: now - DAY_MS }),
    /its certificate has expired \(is this machine's clock right\?\)/,
  ],
  [
    "one that is not valid yet",
    known.issue({ names: ["127.0.0.1"], validFromEpochMs: now + DAY_MS, validToEpochMs: now + 2 * DAY_MS }),
    /its certificate is not valid yet \(is this machine's clock right\?\)/,
  ],
  [
    "one of another name",
    known.issue({ names: ["plus.caruna.fi", "127.0.0.1.example"] }),
    /its certificate is for another name/,
  ],
  [
    "one that nobody known has signed",
    unknown.issue({ names: ["127.0.0.1"] }),
    /its certificate is not trusted \(.*known here has signed it\)/,
  ],
];

describe.each(["plus", "auth"] as const)("a certificate of the site %s that is not good", (which) => {
  test("gets nothing, is told in words, and the next cycle brings every hour", async () => {
    const { clock, sites, simulator, database, cycle } = await tlsWorld();
    const site = sites[which];
    for (const [what, certificate, words] of BAD) {
      const before = { bytes: site.bytesHeard, posts: simulator.passwordPosts };
      site.show(certificate);
      const problem = await cycle();
      expect([what, problem?.name, problem?.message]).toEqual([
        what,
        "CarunaUnreachable",
        expect.stringMatching(words),
      ]);
      expect(problem?.message).toContain(`${new URL(site.url).host}: its certificate`);
      expect([what, site.bytesHeard, simulator.passwordPosts]).toEqual([what, before.bytes, before.posts]);
      site.show(GOOD);
      expect([what, await cycle()]).toEqual([what, undefined]);
      const stored = await meteredRows(database);
      expect(stored.length).toBeGreaterThan(40);
      expect(differences(stored, publishedRows(simulator, clock.nowEpochMs))).toEqual([]);
      expect([what, simulator.passwordPosts]).toEqual([what, before.posts + 1]);
      // A new day needs a new login.
      clock.nowEpochMs += DAY_MS;
      simulator.forgetSessions();
    }
  });
});
