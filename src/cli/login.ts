import { Command } from "commander";
import { configuredApp } from "./configured.js";

/** `login`: for a person who has corrected a password, or wants to know whether it is right. */
export function loginCommand(): Command {
  return new Command("login")
    .description("log in to Caruna+ at once, even where a rejected password is held back, and tell what came of it")
    .action(async () => {
      const app = configuredApp();
      process.exitCode = await app.logIn((sentence) => process.stdout.write(`${sentence}\n`));
    });
}
