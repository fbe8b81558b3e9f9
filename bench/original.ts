import type { Temporal } from "temporal-polyfill";
import { CarunaClient } from "../src/caruna/index.js";
import type { ServerSettings } from "../src/database/index.js";
import { type HourlyReading, readingsOfDay } from "../src/energy/index.js";
import { onClient } from "./postgres.js";
import { ACCOUNT, FIRST_METER, type SimulatorAddresses } from "./simulator.js";

const INSERT = `
  INSERT INTO public.energy_hourly (datetime, kwh_total, kwh_night, kwh_day, kwh_night_winter, tariff)
  VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`;

/**
 * A cycle in the way of the original: a fresh login (11 requests), one request for the metering point, then day after day
 * one request, one connection to the database and one INSERT a row.
 *
 * The HTTP client and the reading of answers are ours, with nothing at once, so that what is compared is the way of
 * working, not the language. Any one call of the API stands for the one that found the metering point.
 */
export async function originalCycle(
  { plusUrl, authUrl }: SimulatorAddresses,
  server: ServerSettings,
  days: readonly Temporal.PlainDate[],
): Promise<void> {
  const caruna = new CarunaClient({ ...ACCOUNT, baseUrl: plusUrl, allowedHosts: [new URL(authUrl).host] });
  try {
    await caruna.contracts({ customer: FIRST_METER.customerId });
    for (const day of days) {
      const { year, month, day: dayOfMonth } = day;
      const query = { meteringPoint: FIRST_METER, timespan: "daily", year, month, day: dayOfMonth } as const;
      const { rows } = await caruna.energyAnswer(query);
      await insertRowByRow(server, readingsOfDay(rows, day).readings);
    }
  } finally {
    caruna.close();
  }
}

/** One connection, one transaction, and one statement a row. */
export async function insertRowByRow(server: ServerSettings, readings: readonly HourlyReading[]): Promise<void> {
  await onClient(server, async (client) => {
    await client.query("BEGIN");
    for (const { startEpochMs, kwhTotal, kwhNight, kwhDay, kwhNightWinter, tariff } of readings) {
      const datetime = new Date(startEpochMs).toISOString();
      await client.query(INSERT, [datetime, kwhTotal, kwhNight, kwhDay, kwhNightWinter, tariff]);
    }
    await client.query("COMMIT");
  });
}
