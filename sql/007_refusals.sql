-- What Caruna+ refuses to show to an account: a customer whose right was withdrawn, a metering point. It is asked for again
-- after a day, then a week (a metering point after 1 h, 6 h, a day, then a week), and never stops the others.
CREATE TABLE IF NOT EXISTS public.access_refusal (
  account text NOT NULL,
  customer text NOT NULL,
  metering_point text NOT NULL DEFAULT '',
  times integer NOT NULL CHECK (times >= 0),
  status integer,
  reason text NOT NULL,
  refused_since timestamp with time zone NOT NULL,
  asked_at timestamp with time zone NOT NULL,
  next_ask_at timestamp with time zone NOT NULL,
  reported_at timestamp with time zone,
  PRIMARY KEY (account, customer, metering_point)
);

COMMENT ON TABLE public.access_refusal IS 'What Caruna+ refuses to show, and when it is asked for again';
COMMENT ON COLUMN public.access_refusal.account IS 'account.id of the account that was refused';
COMMENT ON COLUMN public.access_refusal.customer IS 'Number of the customer whose lists, or whose metering point, are refused';
COMMENT ON COLUMN public.access_refusal.metering_point IS 'metering_point.id; empty: the lists of the customer are refused';
COMMENT ON COLUMN public.access_refusal.times IS 'How often in a row; 0: it was answered since';
COMMENT ON COLUMN public.access_refusal.status IS 'HTTP status of the refusal; NULL: there was no answer, or one that was not understood';
COMMENT ON COLUMN public.access_refusal.reason IS 'The refusal in words, numbers masked';
COMMENT ON COLUMN public.access_refusal.refused_since IS 'When it was refused first';
COMMENT ON COLUMN public.access_refusal.asked_at IS 'When it was asked for last';
COMMENT ON COLUMN public.access_refusal.next_ask_at IS 'When it is asked for again';
COMMENT ON COLUMN public.access_refusal.reported_at IS 'When the log said so last: once a day';

INSERT INTO public.caruna_integration_migration (number, name, older_may_write)
VALUES (7, '007_refusals.sql', true)
ON CONFLICT (number) DO NOTHING;
