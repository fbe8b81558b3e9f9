import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Database, type ServerSettings } from "../src/database/index.js";
import type { MeteredHour } from "../src/energy/index.js";
import { silentLogger } from "../src/shared/logger.js";
import { type Measured, median, tell, timed, whole } from "./measured.js";
import { insertRowByRow } from "./original.js";
import { onClient, type Postgres } from "./postgres.js";
import { FIRST_METER } from "./simulator.js";

const HOUR_MS = 3_600_000;
/** Ten years. */
const HOURS = 87_600;
/** As the engine writes them: 84 days a batch. */
const HOURS_A_BATCH = 84 * 24;
/** The original's way is slow enough to be measured on a tenth. */
const HOURS_ROW_BY_ROW = 8_760;
const REPETITIONS = 5;

/** How fast hours go into PostgreSQL, beside `COPY` from a file that the server reads itself. */
export async function writing(postgres: Postgres): Promise<Measured[]> {
  const hours = tenYears();
  const file = await copyFile(postgres, hours);
  const ways: Record<"original" | "copy" | "both", number[]> = { original: [], copy: [], both: [] };
  for (let repetition = 0; repetition <= REPETITIONS; repetition++) {
    const measured = {
      original: HOURS_ROW_BY_ROW / (await rowByRow(await postgres.readyDatabase(), hours)),
      copy: HOURS / (await copy(await postgres.readyDatabase(), file)),
      both: HOURS / (await intoBothTables(await postgres.readyDatabase(), hours)),
    };
    const each = Object.entries(measured).map(([way, perMs]) => `${way} ${whole(perMs * 1000)}/s`);
    tell(`  ${repetition === 0 ? "(warming up) " : ""}${each.join(", ")}`);
    if (repetition === 0) continue;
    for (const way of ["original", "copy", "both"] as const) ways[way].push(measured[way] * 1000);
  }
  return lines(median(ways.original), median(ways.copy), median(ways.both));
}

function lines(original: number, copied: number, both: number): Measured[] {
  const beside = (rate: number) => `${(rate / copied).toFixed(2)} of COPY, ${whole(rate / original)}×`;
  const rowByRow = `${whole(original)}/s (COPY: ${whole(copied)}/s)`;
  return [
    {
      what: "hours into both tables, 87,600 hours",
      target: "≥ 35,000/s, ≥ 0.15 of COPY",
      original: rowByRow,
      ours: `${whole(both)}/s`,
      ratio: beside(both),
      isMet: both >= 35_000 && both >= 0.15 * copied,
    },
  ];
}

/** A connection a day, a statement a row. */
async function rowByRow(server: ServerSettings, hours: readonly MeteredHour[]): Promise<number> {
  return await timed(async () => {
    for (let start = 0; start < HOURS_ROW_BY_ROW; start += 24)
      await insertRowByRow(server, hours.slice(start, start + 24));
  });
}

/** The text of the file is ready before the clock starts: `COPY` is given every advantage. */
async function copyFile(postgres: Postgres, hours: readonly MeteredHour[]): Promise<string> {
  const path = join(postgres.folder, "hours.txt");
  const rows = hours.map((hour) => {
    const values = [hour.kwhTotal, hour.kwhDay, hour.kwhNight, hour.kwhNightWinter, hour.tariff];
    return [new Date(hour.startEpochMs).toISOString(), ...values.map((value) => value ?? "\\N")].join("\t");
  });
  await writeFile(path, `${rows.join("\n")}\n`);
  await chmod(path, 0o644);
  return path;
}

async function copy(server: ServerSettings, path: string): Promise<number> {
  const columns = "datetime, kwh_total, kwh_day, kwh_night, kwh_night_winter, tariff";
  return await onClient(
    server,
    async (client) => await timed(() => client.query(`COPY public.energy_hourly (${columns}) FROM '${path}'`)),
  );
}

async function intoBothTables(server: ServerSettings, readings: readonly MeteredHour[]): Promise<number> {
  return await onDatabase(server, async (database) => {
    const lease = await database.sync.acquireLease({ account: "bench", owner: "bench" });
    if (!("epoch" in lease)) throw new Error("a new database has a writer already");
    const spentMs = await timed(async () => {
      for (let start = 0; start < readings.length; start += HOURS_A_BATCH) {
        const batch = readings.slice(start, start + HOURS_A_BATCH);
        const hours = [{ meteringPointId: FIRST_METER.assetId, isFollowed: true, readings: batch }];
        await database.sync.storeReadings(lease, { hours });
      }
    });
    await mustHold(server, "energy_hourly");
    await mustHold(server, "metering_point_hourly");
    return spentMs;
  });
}

async function onDatabase(server: ServerSettings, task: (database: Database) => Promise<number>): Promise<number> {
  const database = new Database(server, silentLogger);
  try {
    await database.start();
    return await task(database);
  } finally {
    await database.stop();
  }
}

async function mustHold(server: ServerSettings, name: string): Promise<void> {
  const { rows } = await onClient(server, (client) => client.query(`SELECT count(*)::integer AS rows FROM ${name}`));
  if (rows[0]?.rows !== HOURS) throw new Error(`${name} holds ${rows[0]?.rows} hours, not ${HOURS}`);
}

/** Hours with everything that Caruna+ tells of one. */
function tenYears(): MeteredHour[] {
  const startEpochMs = Date.parse("2016-11-22T22:00:00Z");
  return Array.from({ length: HOURS }, (_, index) => {
    const kwhTotal = Math.round(100 + 90 * Math.sin(index / 7) + 80 * Math.sin(index / 1391)) / 100;
    const isNight = index % 24 < 7 || index % 24 >= 22;
    return {
      startEpochMs: startEpochMs + index * HOUR_MS,
      kwhTotal,
      kwhDay: isNight ? null : kwhTotal,
      kwhNight: isNight ? kwhTotal : null,
      kwhNightWinter: null,
      tariff: isNight ? "night" : "day",
      kwhInvoiced: kwhTotal,
      kwhProduction: null,
      kwhSold: null,
      kwhCompensated: null,
      temperatureCelsius: Math.round(100 * Math.sin(index / 1391)) / 10,
      eurTotal: kwhTotal * 0.084672809,
      eurDistribution: kwhTotal * 0.0243,
      eurBase: 0.03969086,
      eurTax: kwhTotal * 0.02253,
      eurVat: kwhTotal * 0.016388286,
      status: 150,
      parts: isNight ? { nighttime: kwhTotal } : { daytime: kwhTotal },
      splitSource: "caruna",
    };
  });
}
