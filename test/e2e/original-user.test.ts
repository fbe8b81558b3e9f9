import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ORIGINAL_INI } from "../support/original.js";
import { createDatabase } from "../support/postgres.js";
import { accountSettings, databaseSettings, runProgram } from "../support/program.js";
import { lastDates, storedRows, trueRows } from "../support/truth.js";
import { newWorlds } from "../support/world.js";

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

const world = newWorlds({}, createDatabase);

test("their table, .env and config.ini work unchanged: old rows stay, new ones come", async () => {
  await world.database.query(ORIGINAL_TABLE);
  await world.database.query(`
    INSERT INTO energy_hourly (datetime, kwh_total, kwh_day, tariff)
    SELECT hour, 1.5, 1.5, 'other_times' FROM generate_series('2020-01-01 00:00+02'::timestamptz, '2020-12-31 23:00+02', '1 hour') AS hour`);
  const old = await storedRows(world.database);
  const { DB_PORT = "", ...known } = databaseSettings(world.database);
  const dotEnv = { ...known, CARUNA_USER: "demo@example.com", CARUNA_PASSWORD: "demo" };
  writeFileSync(
    join(world.folder, ".env"),
    Object.entries(dotEnv)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );
  writeFileSync(join(world.folder, "config.ini"), ORIGINAL_INI);
  const { CARUNA_BASE_URL = "", CARUNA_ALLOWED_HOSTS = "" } = accountSettings(world.simulator);
  const surroundings = {
    CARUNA_BASE_URL,
    CARUNA_ALLOWED_HOSTS,
    DB_PORT,
    CONFIG_FILE: join(world.folder, "config.ini"),
  };
  const ended = await runProgram(["start", "--once"], surroundings, world.folder);
  expect(ended.exitCode).toBe(0);
  const fresh = trueRows(world.simulator, world.meter, lastDates(Date.now(), 7));
  expect(await storedRows(world.database)).toEqual([...old, ...fresh]);
});
