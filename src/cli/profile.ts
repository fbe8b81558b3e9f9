import { Command } from "commander";
import { askingApp } from "./configured.js";
import { print, printJson, table } from "./output.js";

/** `profile [--json]` */
export function profileCommand(): Command {
  return new Command("profile")
    .option("--json", "the same for a program to read")
    .action(async ({ json }: { json?: true }) => {
      process.exitCode = await askingApp().ask(async (caruna, signal) => {
        const { ownCustomerNumbers, customers } = await caruna.profile({ signal });
        const known = customers.map(({ id, name, postalAddress }) => ({
          ...{ customer: id, name, address: postalAddress, isOwn: ownCustomerNumbers.includes(id) },
        }));
        if (json) return printJson({ customers: known });
        const columns = [{ head: "customer" }, { head: "" }, { head: "name" }, { head: "address", spare: 1 }];
        const rows = known.map(({ customer, name, address, isOwn }) => [
          customer,
          isOwn ? "own" : "represented",
          name ?? "–",
          address,
        ]);
        print(table(columns, rows));
      });
    });
}
