import { Command } from "commander";
import { askHealth } from "../app/index.js";
import { configuration } from "./configured.js";

/** `health`: for a container's health check and the like. */
export function healthCommand(): Command {
  return new Command("health").action(async () => {
    const problem = await askHealth(configuration({ needsAccount: false }));
    process.stdout.write(`${problem ?? "healthy"}\n`);
    process.exitCode = problem === undefined ? 0 : 1;
  });
}
