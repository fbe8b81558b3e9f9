import { Command } from "commander";
import { configuredApp } from "./configured.js";

/** `sync`: for a scheduler of the user's own. */
export function syncCommand(): Command {
  return new Command("sync").action(async () => {
    process.exitCode = await configuredApp().runOnce();
  });
}
