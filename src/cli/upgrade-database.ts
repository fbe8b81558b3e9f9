import { Command } from "commander";
import { upgradeDatabase } from "../app/index.js";
import { version } from "../shared/version.js";
import { configuration, quietLogger, untilSignal } from "./configured.js";
import { print } from "./output.js";
import { Progress } from "./progress.js";

/** `upgrade-database`: the embedded database, to the major version of PostgreSQL that this installation has. */
export function upgradeDatabaseCommand(): Command {
  return new Command("upgrade-database").action(async () => {
    const settings = configuration();
    const progress = new Progress(process.stderr, "rows");
    const say = (sentence: string) => {
      progress.clear();
      print(sentence);
    };
    const onProgress = (rows: number) => progress.show(rows);
    const options = { configuration: settings, logger: quietLogger(settings), program: version(), say, onProgress };
    await upgradeDatabase(options, untilSignal()).finally(() => progress.clear());
  });
}
