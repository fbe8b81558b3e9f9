import { Agent, get } from "node:http";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { Database } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import { atTheEnd } from "../support/caruna.js";
import { createDatabase } from "../support/postgres.js";
import { serve } from "../web/serving.js";

/** A health check every thirty seconds makes a million requests a year. */
const REQUESTS = Number(process.env.PAGE_REQUESTS ?? 100_000);
const AT_ONCE = 8;

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

test(`${REQUESTS} requests for health, metrics and the overview leave nothing in memory`, async () => {
  const made = await createDatabase();
  const database = new Database(made.settings, silentLogger);
  await database.start();
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  atTheEnd(async () => {
    agent.destroy();
    await database.stop();
    await made.drop();
  });
  const { port } = await serve(database);
  const ask = (path: string) =>
    new Promise<void>((resolve, reject) => {
      get({ host: "127.0.0.1", port, path, agent }, (response) => {
        response.resume().on("end", resolve).on("error", reject);
      }).on("error", reject);
    });
  const paths = ["/readyz", "/readyz", "/metrics", "/api/overview"];
  const heapAfter = async (requests: number) => {
    let left = requests;
    const visitor = async () => {
      while (left-- > 0) await ask(paths[left % paths.length] ?? "/readyz");
    };
    await Promise.all(Array.from({ length: AT_ONCE }, visitor));
    collectGarbage();
    return process.memoryUsage().heapUsed / 1_048_576;
  };
  const firstMb = await heapAfter(REQUESTS / 5);
  const lastMb = await heapAfter(REQUESTS);
  process.stdout.write(`${JSON.stringify({ requests: REQUESTS, firstMb, lastMb })}\n`);
  expect(lastMb).toBeLessThan(firstMb + 2);
}, 3_600_000);
