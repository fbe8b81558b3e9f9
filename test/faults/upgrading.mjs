// Runs `upgrade-database` with the old programs at hand, until it is killed; the built program, since plain Node.js runs no TypeScript.
import { loadConfiguration, upgradeDatabase } from "../../dist/app/index.js";

const [stateDir, programs] = process.argv.slice(2);
const ignore = () => {};
const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const configuration = loadConfiguration({
  environment: { STATE_DIR: stateDir },
  workingDirectory: stateDir,
  needsAccount: false,
});
await upgradeDatabase(
  {
    configuration,
    logger,
    program: "test",
    programsOf: async () => programs,
    say: (sentence) => process.stdout.write(`${sentence}\n`),
  },
  new AbortController().signal,
);
