-- What the monthly answer of Caruna+ reported of a day, so that a later answer that says something else is noticed.
ALTER TABLE public.metering_point_period
  ADD COLUMN IF NOT EXISTS reported text;
ALTER TABLE public.metering_point_period
  ADD COLUMN IF NOT EXISTS times_reported integer NOT NULL DEFAULT 0;

COMMENT ON COLUMN public.metering_point_period.reported IS
  'Digest of all values that Caruna+''s monthly answer last reported of the day; NULL: none has yet. Where it changes, the day is read again';
COMMENT ON COLUMN public.metering_point_period.times_reported IS
  'How many times in a row the day was read because that had changed: the more, the longer until the next time';

INSERT INTO public.caruna_integration_migration (number, name, older_may_write)
VALUES (8, '008_reported.sql', true)
ON CONFLICT (number) DO NOTHING;
