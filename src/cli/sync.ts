import { Command } from "commander";
import { configuredApp } from "./configured.js";

/** `sync`: for a scheduler of the user's own. */
export function syncCommand(): Command {
  return new Command("sync")
    .description("one cycle now: what is due, without the look back; the same as start --once")
    .action(async () => {
      process.exitCode = await configuredApp().runOnce();
    });
}
