import { Command } from "commander";
import type { Contract } from "../caruna/index.js";
import { localDayOf } from "../shared/local-day.js";
import { askingApp } from "./configured.js";
import { print, printJson, table } from "./output.js";

/** `contracts [--json]` */
export function contractsCommand(): Command {
  return new Command("contracts")
    .option("--json", "the same for a program to read")
    .action(async ({ json }: { json?: true }) => {
      process.exitCode = await askingApp().ask(async (caruna, signal) => {
        const contracts = (await caruna.contracts({ signal })).map(asObject);
        if (json) return printJson({ contracts });
        if (contracts.length === 0) return print("Caruna+ shows no contract to this account.");
        const rows = contracts.map(({ contract, meteringPoint, product, from, to, customer }) => [
          contract,
          meteringPoint,
          product ?? "–",
          from ?? "–",
          to ?? "open-ended",
          customer ?? "–",
        ]);
        print(table(COLUMNS, rows));
      });
    });
}

const COLUMNS = [
  { head: "contract", spare: 1 },
  { head: "metering point" },
  { head: "product" },
  { head: "from" },
  { head: "to" },
  { head: "customer", spare: 2 },
];

function asObject({ id, assetId, productDescription, startDate, endDate, customerId }: Contract) {
  return {
    contract: id,
    meteringPoint: assetId,
    product: productDescription,
    from: day(startDate),
    to: day(endDate),
    customer: customerId,
  };
}

/** The Finnish day of a contract's date; the year 9999 means that it has no end. */
function day(date: string | null): string | null {
  return date === null || date.startsWith("9999") ? null : (localDayOf(date)?.toString() ?? date);
}
