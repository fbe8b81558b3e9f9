-- The hours of one metering point, one row an hour, as this project has always stored them.
--
-- Does nothing where the table is there already: its rows, its sequence and their owners stay as they are.
-- May be run by hand with psql too.
DO $$
DECLARE
  sequence_is_ours boolean;
BEGIN
  IF to_regclass('public.energy_hourly') IS NOT NULL THEN
    RETURN;
  END IF;

  -- The sequence must be there before the table, whose first column counts with it.
  sequence_is_ours := to_regclass('public.energy_hourly_id_seq') IS NULL;
  CREATE SEQUENCE IF NOT EXISTS public.energy_hourly_id_seq;

  CREATE TABLE public.energy_hourly (
    id bigint NOT NULL DEFAULT nextval('public.energy_hourly_id_seq'::regclass),
    datetime timestamp with time zone,
    kwh_total double precision,
    kwh_night double precision,
    kwh_day double precision,
    kwh_night_winter double precision,
    tariff character varying COLLATE pg_catalog."default",
    PRIMARY KEY (id)
  );
  -- A table that its owner has renamed keeps the names of its indexes.
  IF to_regclass('public.datetime') IS NULL THEN
    ALTER TABLE public.energy_hourly ADD CONSTRAINT datetime UNIQUE (datetime);
  ELSE
    ALTER TABLE public.energy_hourly ADD UNIQUE (datetime);
  END IF;

  -- So that a DROP TABLE takes the sequence along. One that somebody else made stays theirs.
  IF sequence_is_ours THEN
    ALTER SEQUENCE public.energy_hourly_id_seq OWNED BY public.energy_hourly.id;
  END IF;
END
$$;

INSERT INTO public.caruna_integration_migration (number, name, older_may_write)
VALUES (1, '001_energy_hourly.sql', true)
ON CONFLICT (number) DO NOTHING;
