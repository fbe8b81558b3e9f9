-- A role that reads the hours and changes nothing: for Grafana, a spreadsheet, a script of your own.
--
-- The program never runs this file. Run it in the database of the program, as an administrator the first time (who may make
-- roles), later as the owner of the tables too; run it again after an update that brought a new table or view:
--
--   psql "postgresql://postgres@localhost/energy" -f sql/roles/energy_reader.sql
--
-- and then give the role a password, which is in no file (psql asks for it): \password energy_reader
--
-- There is no default privilege for tables to come, on purpose: one may hold what a reader has no business with, as
-- login_guard does today. PostgreSQL 14 and older let every role make tables in the schema public; there, run this too:
-- REVOKE CREATE ON SCHEMA public FROM PUBLIC;
DO $$
DECLARE
  readable text;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'energy_reader') THEN
    BEGIN
      CREATE ROLE energy_reader LOGIN CONNECTION LIMIT 20;
      -- A query that somebody let run by mistake must not hold the server up for hours.
      ALTER ROLE energy_reader SET statement_timeout = '60s';
      ALTER ROLE energy_reader SET default_transaction_read_only = on;
      -- A server with LLVM would compile the queries of a dashboard for longer than they take.
      ALTER ROLE energy_reader SET jit = off;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL; -- Made by somebody else in this moment.
    END;
  END IF;

  EXECUTE format('GRANT CONNECT ON DATABASE %I TO energy_reader', current_database());
  GRANT USAGE ON SCHEMA public TO energy_reader;

  FOREACH readable IN ARRAY ARRAY[
    'energy_hourly', 'energy_daily', 'energy_monthly', 'metering_point_hourly', 'metering_point_period'
  ] LOOP
    IF to_regclass('public.' || readable) IS NOT NULL THEN
      EXECUTE format('GRANT SELECT ON public.%I TO energy_reader', readable);
    END IF;
  END LOOP;

  -- All but the number of the customer, which no picture needs.
  IF to_regclass('public.metering_point') IS NOT NULL THEN
    GRANT SELECT (id, gsrn, address, product, fuse, contract_from, contract_to, first_seen, last_seen)
      ON public.metering_point TO energy_reader;
  END IF;
END
$$;
