// The engine as a program of its own, so that it can be killed like one. It runs what was built (plain Node.js runs no
// TypeScript), cycles when its parent says so, and has the time from it.
import { CarunaClient } from "../../dist/caruna/index.js";
import { AccountIdentity, Database } from "../../dist/database/index.js";
import { Engine, Verifier } from "../../dist/sync/index.js";

const { settings, plusUrl, authHost, meteringPoint } = JSON.parse(process.argv[2] ?? "{}");
const problems = [];
const logger = {
  debug() {},
  info() {},
  warn: (_, message) => problems.push(message),
  error: (_, message) => problems.push(message),
};
let nowEpochMs = 0;
const now = () => nowEpochMs;
const sleep = (_, signal) =>
  new Promise((resolve, reject) => {
    setImmediate(() => (signal?.aborted ? reject(signal.reason) : resolve()));
  });

const database = new Database(settings, logger);
const caruna = new CarunaClient({
  username: "demo@example.com",
  password: "demo",
  baseUrl: plusUrl,
  allowedHosts: [authHost],
  ...{ logger, now, sleep },
});
const shared = {
  ...{ caruna, database, now, logger },
  customers: "all",
  plan: { daysToLoad: 7, askFromMinutes: 480, backfill: "all" },
};
const engine = new Engine({
  ...{ ...shared, meteringPoint, sleep },
  // The one that EngineWorld has: a test may run both on one database.
  account: new AccountIdentity("https://plus.example.com", "demo@example.com"),
  historyPaceMs: 0,
  onRound: async () => {},
});

const cycle = async () => {
  try {
    return { result: await engine.cycle({ withHistory: true }, new AbortController().signal) };
  } catch (error) {
    return { error: { name: error.name, message: error.message } };
  }
};
/** What `verify` finds, in one sentence a day. */
const verify = async () => {
  const { differences } = await new Verifier(shared).verify({}, new AbortController().signal);
  return differences.map(({ meteringPointId, startsOn }) => `verify: ${meteringPointId} ${startsOn} differs`);
};
process.on("message", async (message) => {
  nowEpochMs = message.nowEpochMs;
  const outcome = message.verify === true ? { verified: await verify() } : await cycle();
  process.send({ ...outcome, problems: problems.splice(0) });
});
process.on("disconnect", () => process.exit(0));
