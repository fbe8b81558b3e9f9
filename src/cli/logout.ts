import { Command } from "commander";
import { forgetSession } from "../app/index.js";
import { configuration } from "./configured.js";
import { createLogger } from "./logging.js";

/** `logout`: forgets the kept session, on this machine alone; where Caruna's own logout lies is known only in a login. */
export function logoutCommand(): Command {
  return new Command("logout").action(async () => {
    const settings = configuration({ needsAccount: false });
    await forgetSession(settings, createLogger(settings));
    process.stdout.write(
      `The session kept in ${settings.stateDir} is forgotten; the next cycle logs in anew. ` +
        "At Caruna+ it ends by itself, within the hour; a program that is running uses it until then.\n",
    );
  });
}
