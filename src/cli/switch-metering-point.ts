import { Command } from "commander";
import { configuredApp } from "./configured.js";
import { print } from "./output.js";

/** `switch-metering-point`: has `energy_hourly` mirror the metering point of the settings, and keeps the rows of before. */
export function switchMeteringPointCommand(): Command {
  return new Command("switch-metering-point").action(async () => {
    process.exitCode = await configuredApp().switchMeteringPoint(print);
  });
}
