import type { Command } from "commander";
import { Prompts } from "./prompts.js";

/** Asks the person at the terminal; without a terminal the command ends with an error that names `--yes`. */
export async function agreed(question: string, command: Command): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    command.error(`error: ${question} Nobody is here to answer; add --yes.`);
  const prompts = new Prompts(`caruna-integration ${command.name()}`);
  try {
    return await prompts.agree(question);
  } finally {
    prompts.close();
  }
}
