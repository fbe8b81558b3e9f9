-- What became of the passwords posted to Caruna+, so that the account is never locked by this program: it survives
-- restarts, crash loops and containers that lose their state directory. A login that is accepted leaves no row.
--
-- Does nothing where the table is there already. May be run by hand with psql too.
DO $$
BEGIN
  IF to_regclass('public.login_guard') IS NOT NULL THEN
    RETURN;
  END IF;

  CREATE TABLE public.login_guard (
    credentials_hash bytea PRIMARY KEY,
    salt bytea NOT NULL,
    rejections integer NOT NULL CHECK (rejections >= 0),
    unfinished_tries integer NOT NULL CHECK (unfinished_tries >= 0),
    last_try_at timestamp with time zone NOT NULL,
    reason text
  );

  COMMENT ON TABLE public.login_guard IS
    'Logins to Caruna+ that were not accepted, by their credentials: caruna-integration posts a rejected password again after 1 h, 6 h and 24 h, then only when asked. Deleting a row forgets';
  COMMENT ON COLUMN public.login_guard.credentials_hash IS
    'scrypt (N 16384, r 8, p 5) of base address, user and password; never these themselves';
  COMMENT ON COLUMN public.login_guard.salt IS
    'Salt of the hash, random, the same in all rows';
  COMMENT ON COLUMN public.login_guard.rejections IS
    'How often Caruna+ has rejected these credentials';
  COMMENT ON COLUMN public.login_guard.unfinished_tries IS
    'Posts of the password whose outcome never came to be noted (the program was killed); from the third on each counts as a rejection';
  COMMENT ON COLUMN public.login_guard.last_try_at IS
    'When the password was posted last, or its rejection was noted';
  COMMENT ON COLUMN public.login_guard.reason IS
    'Caruna''s own words at the last rejection, e-mail addresses and numbers masked';
END
$$;

INSERT INTO public.caruna_integration_migration (number, name, older_may_write)
VALUES (2, '002_login_guard.sql', true)
ON CONFLICT (number) DO NOTHING;
