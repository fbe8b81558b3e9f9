import { Command, Option } from "commander";
import type { Temporal } from "temporal-polyfill";
import { configuredApp } from "./configured.js";
import { parseDate } from "./dates.js";

/** `backfill [--from DATE]`: for a person who does not want to wait for the daemon's pace. */
export function backfillCommand(): Command {
  return new Command("backfill")
    .addOption(
      new Option("--from <date>", "how far back, in place of the setting BACKFILL, e.g. 2022-01-01").argParser(
        parseDate,
      ),
    )
    .action(async ({ from }: { from?: Temporal.PlainDate }) => {
      process.exitCode = await configuredApp().backfill(from);
    });
}
