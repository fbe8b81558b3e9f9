-- Password posts are counted by account (base address and user name), no longer by the pair of account and password, and
-- everything that is not a token counts. Rows of before stay as they are: the program takes one over, with its count,
-- when it is about to post the password that the row is of.
ALTER TABLE public.login_guard ADD COLUMN IF NOT EXISTS account_hash bytea;
ALTER TABLE public.login_guard ADD COLUMN IF NOT EXISTS posts jsonb NOT NULL DEFAULT '[]';
CREATE UNIQUE INDEX IF NOT EXISTS login_guard_account ON public.login_guard (account_hash);

COMMENT ON TABLE public.login_guard IS
  'Accounts of Caruna+ whose last password posts led to no token: caruna-integration posts the password again by the timetable in docs/protocol.md. Deleting a row forgets';
COMMENT ON COLUMN public.login_guard.credentials_hash IS
  'scrypt (N 16384, r 8, p 5) of base address, user and the password that was posted last; never these themselves';
COMMENT ON COLUMN public.login_guard.rejections IS
  'How many of the posts were rejected, or needed a person';
COMMENT ON COLUMN public.login_guard.unfinished_tries IS
  'How many of the posts got no answer, or have no outcome because the program was ended';
COMMENT ON COLUMN public.login_guard.last_try_at IS
  'When a password was posted last';
COMMENT ON COLUMN public.login_guard.reason IS
  'Caruna''s own words after the last post, e-mail addresses and numbers masked';
COMMENT ON COLUMN public.login_guard.account_hash IS
  'scrypt (N 16384, r 8, p 5) of base address and user; NULL in a row that version 0.1.0 wrote';
COMMENT ON COLUMN public.login_guard.posts IS
  'The posts since one was last accepted, oldest first: when, a digest of the password, the program''s version, what came';

INSERT INTO public.caruna_integration_migration (number, name, older_may_write)
VALUES (6, '006_login_guard_account.sql', true)
ON CONFLICT (number) DO NOTHING;
