-- Every metering point of the account, and its hours with everything that Caruna+ tells of them.
--
-- The key of metering_point_hourly suits a TimescaleDB hypertable on datetime and a Citus table distributed by
-- metering_point as it stands; that is why it has no foreign key and no trigger.
--
-- Leaves alone each table that is there already. May be run by hand with psql too.
DO $$
BEGIN
  IF to_regclass('public.metering_point') IS NULL THEN
    CREATE TABLE public.metering_point (
      id text PRIMARY KEY,
      customer text NOT NULL,
      gsrn text,
      address text NOT NULL,
      product text,
      fuse text,
      contract_from date,
      contract_to date,
      first_seen timestamp with time zone NOT NULL,
      last_seen timestamp with time zone NOT NULL
    );

    COMMENT ON TABLE public.metering_point IS
      'The metering points that Caruna+ has shown to this account';
    COMMENT ON COLUMN public.metering_point.id IS 'Caruna+''s own id (assetId)';
    COMMENT ON COLUMN public.metering_point.customer IS 'Number of the customer under whom Caruna+ shows it now';
    COMMENT ON COLUMN public.metering_point.gsrn IS 'Global Service Relation Number, 18 digits, as printed on bills';
    COMMENT ON COLUMN public.metering_point.address IS 'Street address in one line; empty where Caruna+ gives none';
    COMMENT ON COLUMN public.metering_point.product IS 'Distribution product in Caruna''s words';
    COMMENT ON COLUMN public.metering_point.fuse IS 'Main fuse in amperes, phases first, e.g. 3x25';
    COMMENT ON COLUMN public.metering_point.contract_from IS 'First local day (Europe/Helsinki) of its contract; NULL: not known';
    COMMENT ON COLUMN public.metering_point.contract_to IS 'Last local day (Europe/Helsinki) of its contract; NULL: open-ended or not known';
    COMMENT ON COLUMN public.metering_point.first_seen IS 'When Caruna+ showed it for the first time';
    COMMENT ON COLUMN public.metering_point.last_seen IS 'When Caruna+ showed it for the last time';
  END IF;

  IF to_regclass('public.metering_point_hourly') IS NULL THEN
    CREATE TABLE public.metering_point_hourly (
      metering_point text NOT NULL,
      datetime timestamp with time zone NOT NULL,
      kwh_total double precision,
      kwh_day double precision,
      kwh_night double precision,
      kwh_night_winter double precision,
      tariff text,
      kwh_invoiced double precision,
      kwh_production double precision,
      kwh_sold double precision,
      kwh_compensated double precision,
      temperature_celsius double precision,
      eur_total double precision,
      eur_distribution double precision,
      eur_base double precision,
      eur_tax double precision,
      eur_vat double precision,
      status integer,
      parts jsonb,
      split_source text CHECK (split_source IN ('caruna', 'calendar')),
      updated_at timestamp with time zone NOT NULL DEFAULT now(),
      PRIMARY KEY (metering_point, datetime)
    );

    COMMENT ON TABLE public.metering_point_hourly IS
      'The hours of every metering point as Caruna+ published them last. NULL: Caruna+ has not told that value';
    COMMENT ON COLUMN public.metering_point_hourly.metering_point IS 'metering_point.id';
    COMMENT ON COLUMN public.metering_point_hourly.datetime IS 'Start of the hour';
    COMMENT ON COLUMN public.metering_point_hourly.kwh_total IS 'Consumption, kWh';
    COMMENT ON COLUMN public.metering_point_hourly.kwh_day IS 'The part at the day price, or outside the winter day of a seasonal product, kWh';
    COMMENT ON COLUMN public.metering_point_hourly.kwh_night IS 'The part at the night price, kWh';
    COMMENT ON COLUMN public.metering_point_hourly.kwh_night_winter IS 'The winter part of a seasonal product, kWh';
    COMMENT ON COLUMN public.metering_point_hourly.tariff IS 'night_winter, night, day or other_times';
    COMMENT ON COLUMN public.metering_point_hourly.kwh_invoiced IS 'Consumption that is invoiced, kWh';
    COMMENT ON COLUMN public.metering_point_hourly.kwh_production IS 'Production of a small producer, kWh';
    COMMENT ON COLUMN public.metering_point_hourly.kwh_sold IS 'Production sold to the grid, kWh';
    COMMENT ON COLUMN public.metering_point_hourly.kwh_compensated IS 'Production set off against consumption, kWh';
    COMMENT ON COLUMN public.metering_point_hourly.temperature_celsius IS 'Outdoor temperature, degrees Celsius';
    COMMENT ON COLUMN public.metering_point_hourly.eur_total IS 'Price of the distribution with tax and VAT, EUR';
    COMMENT ON COLUMN public.metering_point_hourly.eur_distribution IS 'Distribution fee by consumption, EUR without VAT';
    COMMENT ON COLUMN public.metering_point_hourly.eur_base IS 'The monthly fee spread over the hours of the month, EUR without VAT';
    COMMENT ON COLUMN public.metering_point_hourly.eur_tax IS 'Electricity tax, EUR without VAT';
    COMMENT ON COLUMN public.metering_point_hourly.eur_vat IS 'Value added tax, EUR';
    COMMENT ON COLUMN public.metering_point_hourly.status IS 'Caruna+''s status of the total; 150 is what its clients treat as measured';
    COMMENT ON COLUMN public.metering_point_hourly.parts IS 'kWh by the name of the transfer product part, as received';
    COMMENT ON COLUMN public.metering_point_hourly.split_source IS
      'Where kwh_day, kwh_night and kwh_night_winter come from: caruna (the parts it told), calendar (the clock rules of the product); NULL: no split';
    COMMENT ON COLUMN public.metering_point_hourly.updated_at IS 'When some value of the row changed last, or the row was made';
  END IF;
END
$$;

INSERT INTO public.caruna_integration_migration (number, name, older_may_write)
VALUES (3, '003_metering_points.sql', true)
ON CONFLICT (number) DO NOTHING;
