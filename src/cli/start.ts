import { Command } from "commander";
import { configuredApp } from "./configured.js";

/** `start [--once]` */
export function startCommand(): Command {
  return new Command("start")
    .description("load the last days, then again every job_interval seconds, until a key is pressed (the default)")
    .option("--once", "one cycle, then end with its exit code")
    .action(async ({ once }: { once?: true }) => {
      const app = configuredApp();
      process.exitCode = once ? await app.runOnce() : await app.runUntilEnded();
    });
}
