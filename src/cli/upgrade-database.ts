import { Command } from "commander";
import { upgradeDatabase } from "../app/index.js";
import { version } from "../shared/version.js";
import { configuration, quietLogger, untilSignal } from "./configured.js";
import { print } from "./output.js";

/** `upgrade-database`: the embedded database, to the major version of PostgreSQL that this installation has. */
export function upgradeDatabaseCommand(): Command {
  return new Command("upgrade-database").action(async () => {
    const settings = configuration();
    const options = { configuration: settings, logger: quietLogger(settings), program: version(), say: print };
    await upgradeDatabase(options, untilSignal());
  });
}
