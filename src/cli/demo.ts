import { join } from "node:path";
import { Command } from "commander";
import type { Configuration } from "../config/index.js";
import { startSimulator } from "../simulator/index.js";
import { appOf } from "./configured.js";

const DEMO_ACCOUNT = { user: "demo@example.com", password: "demo" };

/** `demo [--once]`: the whole program against the simulator, with no account, no `.env` and a database of its own. */
export function demoCommand(): Command {
  return new Command("demo").option("--once", "one cycle, then end").action(async ({ once }: { once?: true }) => {
    const simulator = await startSimulator(DEMO_ACCOUNT);
    try {
      const { app, logger } = appOf(demoConfiguration(simulator.plusUrl, simulator.authUrl));
      logger.info(
        {},
        "this is the demo: a simulated Caruna+ on this machine, no account, no .env; its hours are made up",
      );
      logger.info({}, once ? LOOK_LATER : LOOK_NOW);
      process.exitCode = once ? await app.runOnce() : await app.runUntilEnded();
    } finally {
      await simulator.stop();
    }
  });
}

const LOOK_NOW =
  "look at the rows from another terminal: STATE_DIR=state/demo node dist/main.js query " +
  "'SELECT * FROM energy_hourly ORDER BY datetime DESC LIMIT 24' (or with the psql line below)";
const LOOK_LATER =
  "afterwards look at the rows: STATE_DIR=state/demo node dist/main.js query 'SELECT * FROM energy_hourly ORDER BY datetime DESC LIMIT 24'";

function demoConfiguration(plusUrl: string, authUrl: string): Configuration {
  return {
    caruna: {
      username: DEMO_ACCOUNT.user,
      password: DEMO_ACCOUNT.password,
      meteringPoint: undefined,
      customers: "all",
      browser: "none",
      proxy: undefined,
      requestsAtOnce: 4,
      baseUrl: plusUrl,
      allowedHosts: [new URL(authUrl).host],
    },
    database: { kind: "embedded" },
    jobIntervalSeconds: 3600,
    daysToLoad: 7,
    askFromMinutes: 8 * 60,
    backfill: "all",
    stateDir: join(process.cwd(), "state", "demo"),
    logLevel: "info",
    logFormat: undefined,
    http: { host: "127.0.0.1", port: 8480, token: undefined },
    warnings: [],
    sources: [],
  };
}
