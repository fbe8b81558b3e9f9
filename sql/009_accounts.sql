-- The accounts of Caruna+ that load into this database, which of them loads a metering point, and what a metering point
-- is called by Caruna+ today: its own id never changes.
CREATE TABLE IF NOT EXISTS public.account (
  id text PRIMARY KEY,
  digest bytea NOT NULL,
  salt bytea NOT NULL,
  listed_at timestamp with time zone,
  points_listed integer,
  run_at timestamp with time zone
);
ALTER TABLE public.metering_point ADD COLUMN IF NOT EXISTS asset_id text;
ALTER TABLE public.metering_point ADD COLUMN IF NOT EXISTS kind text;
ALTER TABLE public.metering_point ADD COLUMN IF NOT EXISTS account text;

COMMENT ON TABLE public.account IS 'The accounts of Caruna+ that have loaded into this database';
COMMENT ON COLUMN public.account.id IS 'A random word, the same for as long as the row is there';
COMMENT ON COLUMN public.account.digest IS
  'scrypt (N 16384, r 8, p 1) of base address and user name, by which the program knows its row; never these themselves';
COMMENT ON COLUMN public.account.salt IS 'Salt of the digest';
COMMENT ON COLUMN public.account.listed_at IS 'When its metering points were listed last';
COMMENT ON COLUMN public.account.points_listed IS 'How many there were then, those that another account loads included';
COMMENT ON COLUMN public.account.run_at IS
  'When a cycle for it last began well; after two days without one, another account that lists its metering points loads them';
COMMENT ON TABLE public.metering_point IS
  'The metering points that Caruna+ has shown to the accounts of this database';
COMMENT ON COLUMN public.metering_point.id IS
  'Never changes: the asset id under which it was listed first, or the GSRN of one that was known from a file before';
COMMENT ON COLUMN public.metering_point.asset_id IS 'Caruna+''s own id of today (assetId); NULL: as id';
COMMENT ON COLUMN public.metering_point.kind IS 'consumption or production; NULL: not known';
COMMENT ON COLUMN public.metering_point.account IS 'account.id of the one that loads it; NULL: none does, as none lists it now';
COMMENT ON COLUMN public.writer_lease.name IS
  'What the lease is for: "writer of " and account.id; "writer" alone is that of version 0.1.0';

INSERT INTO public.caruna_integration_migration (number, name, older_may_write)
VALUES (9, '009_accounts.sql', true)
ON CONFLICT (number) DO NOTHING;
