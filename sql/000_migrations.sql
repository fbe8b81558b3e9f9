-- The record of the files of this folder that were run on a database. Every file writes its own row at its end, so that
-- they may be run by hand too, in the order of their names: for file in sql/*.sql; do psql -f "$file"; done
CREATE TABLE IF NOT EXISTS public.caruna_integration_migration (
  number integer PRIMARY KEY,
  name text NOT NULL,
  applied_at timestamp with time zone NOT NULL DEFAULT now()
);
ALTER TABLE public.caruna_integration_migration
  ADD COLUMN IF NOT EXISTS older_may_write boolean NOT NULL DEFAULT true;

COMMENT ON TABLE public.caruna_integration_migration IS 'The files of the folder sql/ of caruna-integration that were run on this database';
COMMENT ON COLUMN public.caruna_integration_migration.number IS 'The number that the name of the file begins with';
COMMENT ON COLUMN public.caruna_integration_migration.applied_at IS 'When it was run here';
COMMENT ON COLUMN public.caruna_integration_migration.older_may_write IS
  'Whether a version of the program that does not have this file may still write to the tables; where it may not, it refuses';

INSERT INTO public.caruna_integration_migration (number, name, older_may_write)
VALUES (0, '000_migrations.sql', true)
ON CONFLICT (number) DO NOTHING;
