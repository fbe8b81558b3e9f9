// @ts-check
// Logs in and prints the metering points of the account:  node examples/metering-points.js
import { CarunaClient, CarunaError } from "caruna-integration";
import { account } from "./account.js";

const client = new CarunaClient(account());
try {
  for (const { assetId, gsrn, productDescription, address } of await client.meteringPoints()) {
    console.log([assetId, gsrn ?? "no GSRN", productDescription ?? "no product", address].join("\t"));
  }
} catch (error) {
  if (!(error instanceof CarunaError)) throw error;
  // Its message says what happened, what it means and what to do, and holds nothing private.
  console.error(error.message);
  process.exitCode = 1;
}
