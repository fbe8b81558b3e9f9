import { Command } from "commander";
import { EXIT_CODES } from "../shared/exit-codes.js";
import { configuredApp } from "./configured.js";
import { GivenUp, Prompts } from "./prompts.js";
import { FORCE_QUESTION, mayAsk } from "./setup.js";

/** `login`: for a person who has corrected a password, or wants to know whether it is right. */
export function loginCommand(): Command {
  return new Command("login")
    .option("--force", "post the password even while the login is paused, so that the account is not locked")
    .action(async ({ force = false }: { force?: boolean }) => {
      const tell = (sentence: string) => void process.stdout.write(`${sentence}\n`);
      let isPaused = false;
      const onPaused = () => {
        isPaused = true;
      };
      process.exitCode = await configuredApp().logIn({ force, onPaused }, tell);
      if (isPaused && (await mayAsk())) await forceIfAgreed(tell);
    });
}

async function forceIfAgreed(tell: (sentence: string) => void): Promise<void> {
  const prompts = new Prompts("caruna-integration: the login is paused");
  try {
    if (!(await prompts.agree(FORCE_QUESTION, false))) return;
  } catch (error) {
    if (!(error instanceof GivenUp)) throw error;
    process.exitCode = EXIT_CODES.givenUp;
    return;
  } finally {
    prompts.close();
  }
  process.exitCode = await configuredApp().logIn({ force: true }, tell);
}
