import { Command } from "commander";
import type { Configuration } from "../app/index.js";
import { appOf, configuration } from "./configured.js";
import { mayAsk, setUp } from "./setup.js";

/** `start [--once]` */
export function startCommand(): Command {
  return new Command("start")
    .option("--once", "one cycle, then end with its exit code")
    .action(async ({ once }: { once?: true }) => {
      const found = configuration();
      const settings = lacksAccount(found) && (await mayAsk()) ? await setUp(found) : found;
      if (settings === undefined) return;
      const { app } = appOf(settings);
      process.exitCode = once ? await app.runOnce() : await app.runUntilEnded();
    });
}

function lacksAccount({ caruna }: Configuration): boolean {
  return caruna.username === undefined || caruna.password === undefined;
}
