import { Command, Option } from "commander";
import type { Temporal } from "temporal-polyfill";
import { type ExportFormat, exportHours } from "../app/index.js";
import type { CsvLocale } from "../energy/index.js";
import { writableOutputFile, writeOutputFile } from "../shared/output-file.js";
import { configuration, quietLogger, untilSignal } from "./configured.js";
import { checkOrder, fromOption, toOption } from "./dates.js";
import { counted, print, printAll } from "./output.js";

interface ExportOptions {
  readonly from?: Temporal.PlainDate;
  readonly to?: Temporal.PlainDate;
  readonly format: ExportFormat;
  readonly locale: CsvLocale;
  readonly meteringPoint?: string;
  readonly out?: string;
  readonly overwrite?: true;
}

/** `export [--from DATE] [--to DATE] [--format …] [--locale …] [--out FILE] [--metering-point ID]`: from the database alone. */
export function exportCommand(): Command {
  return new Command("export")
    .addOption(fromOption("first day, e.g. 2026-01-01; without it everything"))
    .addOption(toOption("last day, included; without it everything"))
    .addOption(new Option("--format <format>", "how").choices(["csv", "json", "ndjson"]).default("csv"))
    .addOption(
      new Option("--locale <locale>", "CSV for programs (en), or for Excel in Finland (fi): semicolons, decimal commas")
        .choices(["en", "fi"])
        .default("en"),
    )
    .option(
      "--out <file>",
      "into this file, whole or not at all, or into this pipe or device; - or without it to stdout",
    )
    .option("--overwrite", "replace the file where it is there already")
    .option("--metering-point <id>", "asset id or GSRN; without it the one that energy_hourly follows")
    .action(async (options: ExportOptions, command: Command) => {
      checkOrder(options, command);
      if (options.locale === "fi" && options.format !== "csv") command.error("error: --locale fi is for --format csv");
      const output = await writableOutputFile(options.out ?? "-", options.overwrite ?? false);
      const settings = configuration({ needsAccount: false });
      const signal = untilSignal();
      const write = (pieces: AsyncIterable<string>) =>
        output.kind === "stdout" ? printAll(pieces) : writeOutputFile(output, pieces, signal);
      const { meteringPointId, hours } = await exportHours(settings, quietLogger(settings), options, write, signal);
      if (options.out === undefined) return;
      const sentence = `${counted(hours, "hour")} of ${meteringPointId}`;
      if (output.kind === "file") print(`${sentence} are in ${output.path}.`);
      // Standard output may be what they were written to.
      else process.stderr.write(`${sentence} were written to ${options.out}.\n`);
    });
}
