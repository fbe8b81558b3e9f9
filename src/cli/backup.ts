import { Command } from "commander";
import { backUp } from "../app/index.js";
import { writablePath, writeWhole } from "../shared/files.js";
import { version } from "../shared/version.js";
import { configuration, quietLogger, untilSignal } from "./configured.js";
import { counted, print } from "./output.js";
import { Progress } from "./progress.js";

/** Only its owner may read a backup: it has the addresses and the habits of a household. */
const PRIVATE = 0o600;

/** `backup [FILE] [--overwrite]`: everything that is stored, in one file. */
export function backupCommand(): Command {
  return new Command("backup")
    .argument("[file]", "the file; without it caruna-integration-DATE.tar.gz in this folder")
    .option("--overwrite", "replace the file where it is there already")
    .action(async (named: string | undefined, { overwrite }: { overwrite?: true }) => {
      const file = await writablePath(named ?? defaultName(new Date()), overwrite ?? false);
      const settings = configuration();
      const progress = new Progress(process.stderr, "rows written");
      const { rows } = await backUp(
        settings,
        quietLogger(settings),
        version(),
        (pieces) => writeWhole(file, pieces, PRIVATE),
        (soFar) => progress.show(soFar),
        untilSignal(),
      ).finally(() => progress.clear());
      print(`${counted(rows, "row")} are in ${file}. Put them back with: caruna-integration restore ${file}`);
    });
}

/** By the minute in UTC, so that names sort by time. */
function defaultName(now: Date): string {
  return `caruna-integration-${now.toISOString().slice(0, 16).replace(":", "")}.tar.gz`;
}
