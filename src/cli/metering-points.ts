import { Command } from "commander";
import { askingApp } from "./configured.js";
import { print, printJson, table } from "./output.js";

/** `metering-points [--json]` */
export function meteringPointsCommand(): Command {
  return new Command("metering-points")
    .option("--json", "the same for a program to read")
    .action(async ({ json }: { json?: true }) => {
      process.exitCode = await askingApp().ask(async (caruna, signal) => {
        const points = (await caruna.meteringPoints({ signal })).map((point) => ({
          meteringPoint: point.assetId,
          gsrn: point.gsrn,
          address: point.address,
          product: point.productDescription,
          fuse: point.fuseSize,
          customer: point.customerId,
        }));
        if (json) return printJson({ meteringPoints: points });
        if (points.length === 0) return print("Caruna+ shows no metering point to this account.");
        const rows = points.map(({ meteringPoint, gsrn, address, product, fuse, customer }) => [
          meteringPoint,
          gsrn ?? "–",
          address,
          product ?? "–",
          fuse ?? "–",
          customer,
        ]);
        print(table(COLUMNS, rows));
      });
    });
}

const COLUMNS = [
  { head: "metering point" },
  { head: "GSRN", spare: 2 },
  { head: "address" },
  { head: "product", spare: 1 },
  { head: "fuse", spare: 4 },
  { head: "customer", spare: 3 },
];
