import { Command } from "commander";
import { backUp } from "../app/index.js";
import { writableOutputFile, writeOutputFile } from "../shared/output-file.js";
import { version } from "../shared/version.js";
import { configuration, quietLogger, untilSignal } from "./configured.js";
import { counted, print, printAll } from "./output.js";
import { Progress } from "./progress.js";

/** Only its owner may read a backup: it has the addresses and the habits of a household. */
const PRIVATE = 0o600;

/** `backup [FILE] [--overwrite]`: everything that is stored, in one file. */
export function backupCommand(): Command {
  return new Command("backup")
    .argument(
      "[file]",
      "the file, pipe or device, - for stdout; without it caruna-integration-DATE.tar.gz in this folder",
    )
    .option("--overwrite", "replace the file where it is there already")
    .action(async (named: string | undefined, { overwrite }: { overwrite?: true }) => {
      const output = await writableOutputFile(named ?? defaultName(new Date()), overwrite ?? false);
      const signal = untilSignal();
      const settings = configuration();
      const progress = new Progress(process.stderr, "rows written");
      const { rows } = await backUp(
        settings,
        quietLogger(settings),
        version(),
        (pieces) => (output.kind === "stdout" ? printAll(pieces) : writeOutputFile(output, pieces, signal, PRIVATE)),
        (soFar) => progress.show(soFar),
        signal,
      ).finally(() => progress.clear());
      if (output.kind === "file")
        print(
          `${counted(rows, "row")} are in ${output.path}. Put them back with: caruna-integration restore ${output.path}`,
        );
      // Standard output may be what they were written to.
      else process.stderr.write(`${counted(rows, "row")} were written to ${named}.\n`);
    });
}

/** By the minute in UTC, so that names sort by time. */
function defaultName(now: Date): string {
  return `caruna-integration-${now.toISOString().slice(0, 16).replace(":", "")}.tar.gz`;
}
