import { Command, Option } from "commander";
import type { Temporal } from "temporal-polyfill";
import type { EnergyShown } from "../app/index.js";
import type { Resolution } from "../caruna/index.js";
import type { Amounts } from "../energy/index.js";
import { askingApp } from "./configured.js";
import { checkOrder, fromOption, toOption } from "./dates.js";
import { type Column, print, printJson, table } from "./output.js";

interface EnergyCommandOptions {
  readonly from: Temporal.PlainDate;
  readonly to?: Temporal.PlainDate;
  readonly resolution: Resolution;
  readonly meteringPoint?: string;
  readonly json?: true;
}

/** `energy --from DATE [--to DATE] [--resolution hour|day|month] [--metering-point ID] [--json]` */
export function energyCommand(): Command {
  return new Command("energy")
    .addOption(fromOption("first day, e.g. 2026-11-01").makeOptionMandatory())
    .addOption(toOption("last day, included; without it yesterday"))
    .addOption(
      new Option(
        "--resolution <resolution>",
        "a request to Caruna+ for each day of hours, month of days, year of months",
      )
        .choices(["hour", "day", "month"])
        .default("day"),
    )
    .option("--metering-point <id>", "asset id or GSRN; without it METERING_POINT, or the only one")
    .option("--json", "the same for a program to read")
    .action(async (options: EnergyCommandOptions, command: Command) => {
      checkOrder(options, command);
      const show = (energy: EnergyShown) => (options.json ? printJson(energy) : print(inWords(energy)));
      process.exitCode = await askingApp().energy(options, show);
    });
}

interface AmountColumn extends Column {
  readonly cell: (amounts: Amounts) => number | null;
  readonly decimals: number;
}

const AMOUNTS: readonly AmountColumn[] = [
  { head: "kWh", decimals: 2, cell: ({ kwhTotal }) => kwhTotal },
  { head: "day kWh", decimals: 2, spare: 3, cell: ({ kwhDay }) => kwhDay },
  { head: "night kWh", decimals: 2, spare: 3, cell: ({ kwhNight }) => kwhNight },
  { head: "winter day kWh", decimals: 2, spare: 3, cell: ({ kwhNightWinter }) => kwhNightWinter },
  { head: "production kWh", decimals: 2, spare: 2, cell: ({ kwhProduction }) => kwhProduction },
  { head: "°C", decimals: 1, spare: 4, cell: ({ temperatureCelsius }) => temperatureCelsius },
  { head: "distribution EUR", decimals: 2, spare: 1, cell: ({ eurTotal }) => eurTotal },
];

/** A table with the columns of which something is told. */
function inWords({ meteringPoint, resolution, energy }: EnergyShown): string {
  if (energy.length === 0) return `Caruna+ shows no ${resolution} of metering point ${meteringPoint} in these days.`;
  const told = AMOUNTS.filter(({ cell }) => energy.some((amounts) => cell(amounts) !== null));
  const columns = [{ head: resolution }, ...told.map((column) => ({ ...column, isNumber: true }))];
  const rows = energy.map((amounts) => [
    resolution === "hour" ? wallTimeAndOffset(amounts.start) : amounts.start,
    ...told.map(({ cell, decimals }) => cell(amounts)?.toFixed(decimals) ?? ""),
  ]);
  return table(columns, rows);
}

/** The offset tells the hour apart that comes twice in October. */
function wallTimeAndOffset(iso: string): string {
  return `${iso.slice(0, 16).replace("T", " ")} ${iso.slice(19)}`;
}
