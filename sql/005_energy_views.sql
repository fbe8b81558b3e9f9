-- Local days and months of Europe/Helsinki, with how many of their hours are there.
--
-- Leaves alone each view that is there already. May be run by hand with psql too.
DO $$
DECLARE
  seen record;
BEGIN
  IF to_regclass('public.energy_daily') IS NULL THEN
    CREATE VIEW public.energy_daily AS
    SELECT
      period.*,
      expected.hours AS hours_expected,
      period.hours_stored >= expected.hours AS is_complete
    FROM (
      SELECT
        metering_point,
        (datetime AT TIME ZONE 'Europe/Helsinki')::date AS day,
        sum(kwh_total) AS kwh_total,
        sum(kwh_day) AS kwh_day,
        sum(kwh_night) AS kwh_night,
        sum(kwh_night_winter) AS kwh_night_winter,
        sum(kwh_invoiced) AS kwh_invoiced,
        sum(kwh_production) AS kwh_production,
        sum(kwh_sold) AS kwh_sold,
        sum(kwh_compensated) AS kwh_compensated,
        sum(eur_total) AS eur_total,
        avg(temperature_celsius) AS temperature_celsius,
        count(kwh_total)::integer AS hours_stored
      FROM public.metering_point_hourly
      GROUP BY 1, 2
    ) AS period
    -- A wall clock day has 23 or 25 hours when the clocks change.
    CROSS JOIN LATERAL (
      SELECT (extract(epoch FROM
        (period.day + 1)::timestamp AT TIME ZONE 'Europe/Helsinki' - period.day::timestamp AT TIME ZONE 'Europe/Helsinki'
      ) / 3600)::integer AS hours
    ) AS expected;
  END IF;

  IF to_regclass('public.energy_monthly') IS NULL THEN
    CREATE VIEW public.energy_monthly AS
    SELECT
      period.*,
      expected.hours AS hours_expected,
      period.hours_stored >= expected.hours AS is_complete
    FROM (
      SELECT
        metering_point,
        date_trunc('month', datetime AT TIME ZONE 'Europe/Helsinki')::date AS month,
        sum(kwh_total) AS kwh_total,
        sum(kwh_day) AS kwh_day,
        sum(kwh_night) AS kwh_night,
        sum(kwh_night_winter) AS kwh_night_winter,
        sum(kwh_invoiced) AS kwh_invoiced,
        sum(kwh_production) AS kwh_production,
        sum(kwh_sold) AS kwh_sold,
        sum(kwh_compensated) AS kwh_compensated,
        sum(eur_total) AS eur_total,
        avg(temperature_celsius) AS temperature_celsius,
        count(kwh_total)::integer AS hours_stored
      FROM public.metering_point_hourly
      GROUP BY 1, 2
    ) AS period
    CROSS JOIN LATERAL (
      SELECT (extract(epoch FROM
        (period.month + interval '1 month') AT TIME ZONE 'Europe/Helsinki' - period.month::timestamp AT TIME ZONE 'Europe/Helsinki'
      ) / 3600)::integer AS hours
    ) AS expected;
  END IF;

  COMMENT ON VIEW public.energy_daily IS 'Sums of metering_point_hourly by local day (Europe/Helsinki)';
  COMMENT ON COLUMN public.energy_daily.day IS 'Local day';
  COMMENT ON VIEW public.energy_monthly IS 'Sums of metering_point_hourly by local month (Europe/Helsinki)';
  COMMENT ON COLUMN public.energy_monthly.month IS 'First day of the local month';

  FOR seen IN
    SELECT view, name, comment
    FROM unnest(ARRAY['energy_daily', 'energy_monthly']) AS view,
      (VALUES
        ('metering_point', 'metering_point.id'),
        ('kwh_total', 'Consumption, kWh'),
        ('kwh_day', 'The part at the day price, kWh; NULL where no hour has one'),
        ('kwh_night', 'The part at the night price, kWh; NULL where no hour has one'),
        ('kwh_night_winter', 'The winter part of a seasonal product, kWh; NULL where no hour has one'),
        ('kwh_invoiced', 'Consumption that is invoiced, kWh'),
        ('kwh_production', 'Production of a small producer, kWh'),
        ('kwh_sold', 'Production sold to the grid, kWh'),
        ('kwh_compensated', 'Production set off against consumption, kWh'),
        ('eur_total', 'Price of the distribution with tax and VAT, EUR'),
        ('temperature_celsius', 'Mean outdoor temperature of the hours that have one, degrees Celsius'),
        ('hours_stored', 'Hours that have a total'),
        ('hours_expected', 'Hours that the period has on a wall clock: 23, 24 or 25 a day'),
        ('is_complete', 'Whether every hour of the period has a total')
      ) AS described (name, comment)
  LOOP
    EXECUTE format('COMMENT ON COLUMN public.%I.%I IS %L', seen.view, seen.name, seen.comment);
  END LOOP;
END
$$;

INSERT INTO public.caruna_integration_migration (number, name, older_may_write)
VALUES (5, '005_energy_views.sql', true)
ON CONFLICT (number) DO NOTHING;
