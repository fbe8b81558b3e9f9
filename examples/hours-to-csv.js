// @ts-check
// The hours of a range of days as CSV:  node examples/hours-to-csv.js 2026-10-01 2026-10-31 > hours.csv
import { CarunaClient, clockProduct, hoursOf } from "caruna-integration";
import { account } from "./account.js";

const [, , from, to = from] = process.argv;
if (from === undefined || to === undefined) {
  console.error("Name the first and the last day: node examples/hours-to-csv.js 2026-10-01 2026-10-31");
  process.exit(2);
}

const client = new CarunaClient(account());
const [meteringPoint] = await client.meteringPoints();
if (meteringPoint === undefined) throw new Error("this account has no metering point");

const rows = client.energy({ meteringPoint, from, to, resolution: "hour" });
// Where Caruna+ does not tell how an hour splits into day and night, the clock of the product does.
const product = clockProduct(meteringPoint.productDescription);

console.log("start,kwh,kwh_day,kwh_night,celsius,eur");
for await (const hour of hoursOf(rows, { productAt: () => product, onProblem: console.warn })) {
  const start = new Date(hour.startEpochMs).toISOString();
  console.log([start, hour.kwhTotal, hour.kwhDay, hour.kwhNight, hour.temperatureCelsius, hour.eurTotal].join(","));
}
