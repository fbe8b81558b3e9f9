import type { Simulator } from "../../src/simulator/index.js";
import type { TestDatabase } from "./postgres.js";

/** A row of `energy_hourly`, without its id. */
export interface Row {
  readonly epochMs: number;
  readonly kwh_total: number | null;
  readonly kwh_day: number | null;
  readonly kwh_night: number | null;
  readonly kwh_night_winter: number | null;
  readonly tariff: string | null;
}

/** All rows of `energy_hourly`, earliest first. */
export async function storedRows(database: Pick<TestDatabase, "query">): Promise<Row[]> {
  const rows = await database.query(
    `SELECT extract(epoch FROM datetime)::float8 * 1000 AS "epochMs", kwh_total, kwh_day, kwh_night, kwh_night_winter, tariff
     FROM energy_hourly ORDER BY datetime`,
  );
  return rows as unknown as Row[];
}

/** What the table must hold of those days of a metering point, told by the simulator alone. */
export function trueRows(simulator: Simulator, assetId: string, dates: readonly string[]): Row[] {
  return dates
    .flatMap((date) => simulator.household.truthOfDay(assetId, date))
    .map(({ startEpochMs, kwhTotal, parts }) => {
      const split = { kwh_day: null, kwh_night: null, kwh_night_winter: null };
      if (parts.daytime !== undefined)
        return { epochMs: startEpochMs, kwh_total: kwhTotal, ...split, kwh_day: parts.daytime, tariff: "day" };
      if (parts.nighttime !== undefined) {
        return { epochMs: startEpochMs, kwh_total: kwhTotal, ...split, kwh_night: parts.nighttime, tariff: "night" };
      }
      if (parts.winterDay !== undefined) {
        return {
          epochMs: startEpochMs,
          kwh_total: kwhTotal,
          ...split,
          kwh_night_winter: parts.winterDay,
          tariff: "night_winter",
        };
      }
      return {
        epochMs: startEpochMs,
        kwh_total: kwhTotal,
        ...split,
        kwh_day: parts.otherTime ?? null,
        tariff: "other_times",
      };
    })
    .sort((a, b) => a.epochMs - b.epochMs);
}

/** The last days of Finland up to yesterday, as `YYYY-MM-DD`. */
export function lastDates(nowEpochMs: number, count: number): string[] {
  const [year = 0, month = 0, day = 0] = new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Helsinki" })
    .format(nowEpochMs)
    .split("-")
    .map(Number);
  return Array.from({ length: count }, (_, index) =>
    new Date(Date.UTC(year, month - 1, day - count + index)).toISOString().slice(0, 10),
  );
}
