import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { Temporal } from "temporal-polyfill";
import { messageOf } from "../app/index.js";
import { configuredApp } from "./configured.js";
import { parseDate, parseDates } from "./dates.js";

interface LoadOptions {
  readonly from?: Temporal.PlainDate;
  readonly to?: Temporal.PlainDate;
  readonly dates?: string;
}

/** `load --from DATE --to DATE`, or `load --dates FILE` */
export function loadCommand(): Command {
  return new Command("load")
    .addOption(new Option("--from <date>", "first day, e.g. 2026-03-28").argParser(parseDate))
    .addOption(new Option("--to <date>", "last day, included").argParser(parseDate))
    .addOption(new Option("--dates <file>", "a file with one day a line").conflicts(["from", "to"]))
    .action(async (options: LoadOptions, command: Command) => {
      const days = chosenDays(options, command);
      const app = configuredApp();
      process.exitCode = await app.load(days);
    });
}

function chosenDays({ from, to, dates }: LoadOptions, command: Command): Temporal.PlainDate[] {
  if (dates !== undefined) return daysInFile(dates, command);
  if (from === undefined || to === undefined) command.error("error: name --from and --to, or --dates");
  if (Temporal.PlainDate.compare(from, to) > 0) command.error(`error: --from ${from} is after --to ${to}`);
  const days: Temporal.PlainDate[] = [];
  for (let day = from; Temporal.PlainDate.compare(day, to) <= 0; day = day.add({ days: 1 })) days.push(day);
  return days;
}

function daysInFile(file: string, command: Command): Temporal.PlainDate[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    command.error(`error: --dates: ${file} cannot be read (${messageOf(error)})`);
  }
  try {
    return parseDates(text);
  } catch (error) {
    command.error(`error: --dates: ${file}: ${messageOf(error)}`);
  }
}
