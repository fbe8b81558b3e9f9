import { Command } from "commander";
import { configuredApp } from "./configured.js";

/** `login`: for a person who has corrected a password, or wants to know whether it is right. */
export function loginCommand(): Command {
  return new Command("login").action(async () => {
    const app = configuredApp();
    process.exitCode = await app.logIn((sentence) => process.stdout.write(`${sentence}\n`));
  });
}
