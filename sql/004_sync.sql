-- What the program remembers between two cycles: which days, months and years of a metering point are to be asked for and
-- when, and who is the one that writes.
--
-- Leaves alone each table that is there already. May be run by hand with psql too.
DO $$
BEGIN
  IF to_regclass('public.metering_point_period') IS NULL THEN
    CREATE TABLE public.metering_point_period (
      metering_point text NOT NULL,
      span text NOT NULL CHECK (span IN ('day', 'month', 'year')),
      starts_on date NOT NULL,
      next_ask_at timestamp with time zone,
      asked_at timestamp with time zone,
      times_asked integer NOT NULL DEFAULT 0,
      kwh_told double precision,
      kwh_stored double precision,
      verified_at timestamp with time zone,
      settled_at timestamp with time zone,
      is_history boolean NOT NULL DEFAULT false,
      PRIMARY KEY (metering_point, span, starts_on)
    );
    -- A cycle asks for what is due, and after a clock that was wrong for what was asked for in the future.
    CREATE INDEX ON public.metering_point_period (next_ask_at) WHERE next_ask_at IS NOT NULL;
    CREATE INDEX ON public.metering_point_period (asked_at) WHERE asked_at IS NOT NULL;

    COMMENT ON TABLE public.metering_point_period IS
      'What is remembered of the local days, months and years (Europe/Helsinki) of a metering point. A row that is due is one request to Caruna+; with nothing due there is no request';
    COMMENT ON COLUMN public.metering_point_period.metering_point IS 'metering_point.id';
    COMMENT ON COLUMN public.metering_point_period.span IS
      'day: its hours are loaded; month: the totals of its days are compared; year: those of its months';
    COMMENT ON COLUMN public.metering_point_period.starts_on IS 'First local day of the period';
    COMMENT ON COLUMN public.metering_point_period.next_ask_at IS 'When Caruna+ is asked for it next; NULL: nothing is due';
    COMMENT ON COLUMN public.metering_point_period.asked_at IS 'When Caruna+ was asked for it last';
    COMMENT ON COLUMN public.metering_point_period.times_asked IS 'How often in a row it was asked for without becoming complete';
    COMMENT ON COLUMN public.metering_point_period.kwh_told IS 'Caruna+''s total of the period when last compared, kWh';
    COMMENT ON COLUMN public.metering_point_period.kwh_stored IS
      'The sum of the stored hours when last compared, kWh. Where it is not kwh_told, Caruna+ contradicts itself, and it is asked again when either changes';
    COMMENT ON COLUMN public.metering_point_period.verified_at IS 'When the total and the stored hours were last found to agree, or accepted as they are';
    COMMENT ON COLUMN public.metering_point_period.settled_at IS 'When a day was read for the last time without a reason to; NULL: not yet';
    COMMENT ON COLUMN public.metering_point_period.is_history IS 'Found by the first look back; waits behind everything else';
  END IF;

  IF to_regclass('public.sync_state') IS NULL THEN
    CREATE TABLE public.sync_state (
      name text PRIMARY KEY,
      value text NOT NULL,
      updated_at timestamp with time zone NOT NULL DEFAULT now()
    );
    COMMENT ON TABLE public.sync_state IS 'What is remembered that belongs to no period, one row a name';
    COMMENT ON COLUMN public.sync_state.name IS 'What it is, e.g. followed metering point: the one whose hours energy_hourly holds';
    COMMENT ON COLUMN public.sync_state.value IS 'Its value, as text';
    COMMENT ON COLUMN public.sync_state.updated_at IS 'When it was remembered';
  END IF;

  IF to_regclass('public.writer_lease') IS NULL THEN
    CREATE TABLE public.writer_lease (
      name text PRIMARY KEY,
      owner text NOT NULL,
      epoch bigint NOT NULL,
      expires_at timestamp with time zone NOT NULL
    );
    COMMENT ON TABLE public.writer_lease IS
      'Which running program may write; every transaction that writes looks here, so that two never write at once';
    COMMENT ON COLUMN public.writer_lease.name IS 'What the lease is for';
    COMMENT ON COLUMN public.writer_lease.owner IS 'The program that has it, or had it last';
    COMMENT ON COLUMN public.writer_lease.epoch IS 'Counts the owners: a write under an older number is refused';
    COMMENT ON COLUMN public.writer_lease.expires_at IS 'When another program may take it, by the clock of the database';
  END IF;
END
$$;

INSERT INTO public.caruna_integration_migration (number, name, older_may_write)
VALUES (4, '004_sync.sql', true)
ON CONFLICT (number) DO NOTHING;
