import { Command } from "commander";
import { inspectBackup, restore } from "../app/index.js";
import { configuration, quietLogger, untilSignal } from "./configured.js";
import { agreed } from "./confirm.js";
import { counted, print } from "./output.js";
import { Progress } from "./progress.js";

/** `restore FILE [--yes]`: a backup into the database, all of it or nothing. */
export function restoreCommand(): Command {
  return new Command("restore")
    .argument("<file>", "a file that backup has written")
    .option("--yes", "do not ask where the database has hours already")
    .action(async (file: string, { yes }: { yes?: true }, command: Command) => {
      const settings = configuration();
      const logger = quietLogger(settings);
      const signal = untilSignal();
      const { manifest, rows, hoursThere } = await inspectBackup(settings, logger, file, signal);
      print(
        `The backup is whole: ${counted(rows, "row")}, written ${manifest.createdAt} by version ${manifest.program}.`,
      );
      for (const table of manifest.tables) print(`  ${table.name}: ${counted(table.rows, "row")}`);
      const question =
        `The database has ${counted(hoursThere, "hour")} already. Merge the backup with them? ` +
        "Of two values the later one counts, and nothing is deleted.";
      if (hoursThere > 0 && !yes && !(await agreed(question, command))) return print("Nothing was changed.");
      const progress = new Progress(process.stderr, `of ${counted(rows, "row")} read`);
      await restore(settings, logger, file, manifest, (soFar) => progress.show(soFar), signal).finally(() =>
        progress.clear(),
      );
      print("Everything was restored. Compare it with Caruna+ with: caruna-integration verify");
    });
}
