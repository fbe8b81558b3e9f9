import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Simulator, startSimulator } from "../../src/simulator/index.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";
import { accountSettings, databaseSettings, runProgram, workingDirectory } from "../support/program.js";
import { lastDates, storedRows, trueRows } from "../support/truth.js";

// The statement of the Python loop, as its users ran it: the sequence first, by hand.
const ORIGINAL_TABLE = `
  CREATE SEQUENCE public.energy_hourly_id_seq;
  CREATE TABLE IF NOT EXISTS public.energy_hourly (
    id bigint NOT NULL DEFAULT nextval('energy_hourly_id_seq'::regclass),
    datetime timestamp with time zone,
    kwh_total double precision, kwh_night double precision, kwh_day double precision, kwh_night_winter double precision,
    tariff character varying COLLATE pg_catalog."default",
    CONSTRAINT energy_hourly_pkey PRIMARY KEY (id),
    CONSTRAINT datetime UNIQUE (datetime)
  )`;

const ORIGINAL_INI = `[postgresql]
host=$DB_HOST
database=$DB_DATABASE
user=$DB_USER
password=$DB_PASSWORD
[caruna]
username = $CARUNA_USER
password = $CARUNA_PASSWORD
[main]
job_interval = 86400
days_to_load = 7
`;

let simulator: Simulator;
let database: TestDatabase;
let folder: ReturnType<typeof workingDirectory>;

beforeEach(async () => {
  simulator = await startSimulator({ publishHour: 0 });
  database = await createDatabase();
  folder = workingDirectory();
});
afterEach(async () => {
  await simulator.stop();
  await database.drop();
  folder.remove();
});

test("their table, .env and config.ini work unchanged: old rows stay, new ones come", async () => {
  await database.query(ORIGINAL_TABLE);
  await database.query(`
    INSERT INTO energy_hourly (datetime, kwh_total, kwh_day, tariff)
    SELECT hour, 1.5, 1.5, 'other_times' FROM generate_series('2020-01-01 00:00+02'::timestamptz, '2020-12-31 23:00+02', '1 hour') AS hour`);
  const old = await storedRows(database);
  const { DB_PORT = "", ...known } = databaseSettings(database);
  const dotEnv = { ...known, CARUNA_USER: "demo@example.com", CARUNA_PASSWORD: "demo" };
  writeFileSync(
    join(folder.path, ".env"),
    Object.entries(dotEnv)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );
  writeFileSync(join(folder.path, "config.ini"), ORIGINAL_INI);
  const { CARUNA_BASE_URL = "", CARUNA_ALLOWED_HOSTS = "" } = accountSettings(simulator);
  const surroundings = { CARUNA_BASE_URL, CARUNA_ALLOWED_HOSTS, DB_PORT, CONFIG_FILE: join(folder.path, "config.ini") };
  const ended = await runProgram(["start", "--once"], surroundings, folder.path);
  expect(ended.exitCode).toBe(0);
  const fresh = trueRows(simulator, simulator.household.meters[0]?.assetId ?? "", lastDates(Date.now(), 7));
  expect(await storedRows(database)).toEqual([...old, ...fresh]);
});
