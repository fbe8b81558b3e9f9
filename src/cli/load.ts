import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { Temporal } from "temporal-polyfill";
import { messageOf } from "../app.js";
import { configuredApp } from "./configured.js";
import { parseDate } from "./dates.js";

interface LoadOptions {
  readonly from?: Temporal.PlainDate;
  readonly to?: Temporal.PlainDate;
  readonly dates?: string;
}

/** `load --from DATE --to DATE`, or `load --dates FILE` */
export function loadCommand(): Command {
  return new Command("load")
    .description("load chosen days (local days of Finland), however old")
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

/** Each day once, in the order of the file; empty lines and comments (#) are passed over. */
function daysInFile(file: string, command: Command): Temporal.PlainDate[] {
  let lines: string[];
  try {
    lines = readFileSync(file, "utf8")
      .replace(/^\uFEFF/, "")
      .split(/\r?\n/);
  } catch (error) {
    command.error(`error: --dates: ${file} cannot be read (${messageOf(error)})`);
  }
  const days = new Map<string, Temporal.PlainDate>();
  for (const [index, line] of lines.entries()) {
    const text = line.replace(/#.*/, "").trim();
    if (text === "") continue;
    try {
      days.set(text, parseDate(text));
    } catch (error) {
      command.error(`error: --dates: ${file}, line ${index + 1}: ${messageOf(error)}`);
    }
  }
  if (days.size === 0) command.error(`error: --dates: ${file} holds no day`);
  return [...days.values()];
}
