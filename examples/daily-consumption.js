// @ts-check
// The consumption of each day of a month, the last one by default:  node examples/daily-consumption.js 2026-10
import { CarunaClient, localDay } from "caruna-integration";
import { account } from "./account.js";

const [, , month] = process.argv;
const from =
  month === undefined
    ? localDay(Date.now()).subtract({ months: 1 }).with({ day: 1 })
    : localDay(Date.parse(`${month}-01T12:00:00Z`));
const to = from.with({ day: from.daysInMonth });

const client = new CarunaClient(account());
const [meteringPoint] = await client.meteringPoints();
if (meteringPoint === undefined) throw new Error("this account has no metering point");

let sum = 0;
for await (const { timestamp, totalKwh } of client.energy({ meteringPoint, from, to, resolution: "day" })) {
  // A day that Caruna+ has not published yet has no total.
  console.log(`${timestamp.slice(0, 10)} ${totalKwh === null ? "-" : `${totalKwh.toFixed(2)} kWh`}`);
  sum += totalKwh ?? 0;
}
console.log(`${from.toString().slice(0, 7)} ${sum.toFixed(2)} kWh`);
