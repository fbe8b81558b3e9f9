import { z } from "zod";
import { ABANDONED_AFTER_MS } from "./accounts.js";
import type { Session } from "./connection/connection-pool.js";
import { storableText } from "./connection/encoding.js";
import { identify } from "./identity.js";

/** A metering point as Caruna+ shows it. */
export interface SeenMeteringPoint {
  /** Caruna+'s own id of today. */
  readonly assetId: string;
  readonly kind: "consumption" | "production";
  /** Number of the customer under whom it is shown. */
  readonly customer: string;
  readonly gsrn: string | null;
  /** In one line; empty where Caruna+ gives none. */
  readonly address: string;
  /** Distribution product in Caruna's words. */
  readonly product: string | null;
  /** Main fuse, e.g. "3x25". */
  readonly fuse: string | null;
  /** First local day of its contract, e.g. "2019-05-01"; `null`: not known. */
  readonly contractFrom: string | null;
  /** Last local day of its contract; `null`: open-ended or not known. */
  readonly contractTo: string | null;
}

/** A metering point as it is remembered. Times are milliseconds since the epoch. */
export interface KnownMeteringPoint extends Omit<SeenMeteringPoint, "kind"> {
  /** Never changes: the asset id under which it was listed first, or the GSRN of one that was known before. */
  readonly id: string;
  /** `null`: not known. */
  readonly kind: "consumption" | "production" | null;
  /** Id of the account that loads it; `null`: none does. */
  readonly account: string | null;
  /** When that account last ran; `null`: not known. */
  readonly accountRunEpochMs: number | null;
  readonly firstSeenEpochMs: number;
  readonly lastSeenEpochMs: number;
  /** Whether any of its days, months or years is remembered. */
  readonly hasPeriods: boolean;
}

/** Start of the first and of the newest stored hour of a metering point, milliseconds since the epoch; `null`: it has none. */
export interface StoredEnds {
  readonly oldestHourEpochMs: number | null;
  readonly newestHourEpochMs: number | null;
}

/**
 * What Caruna+ leaves out this time stays as it was known. Without the beginning of a contract nothing is known of its
 * end; with it, an end that is not told any more is no end.
 */
const SEE = `
  INSERT INTO public.metering_point AS known
    (id, asset_id, kind, account, customer, gsrn, address, product, fuse, contract_from, contract_to, first_seen, last_seen)
  SELECT id, asset_id, kind, $12, customer, gsrn, address, product, fuse, contract_from::date, contract_to::date, seen, seen
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
      $10::text[]) AS point (id, asset_id, kind, customer, gsrn, address, product, fuse, contract_from, contract_to),
    to_timestamp($11::float8) AS seen
  ON CONFLICT (id) DO UPDATE SET
    asset_id = EXCLUDED.asset_id,
    kind = EXCLUDED.kind,
    account = EXCLUDED.account,
    customer = EXCLUDED.customer,
    gsrn = COALESCE(EXCLUDED.gsrn, known.gsrn),
    address = COALESCE(NULLIF(EXCLUDED.address, ''), known.address),
    product = COALESCE(EXCLUDED.product, known.product),
    fuse = COALESCE(EXCLUDED.fuse, known.fuse),
    contract_from = COALESCE(EXCLUDED.contract_from, known.contract_from),
    contract_to = CASE WHEN EXCLUDED.contract_from IS NULL THEN COALESCE(EXCLUDED.contract_to, known.contract_to)
      ELSE EXCLUDED.contract_to END,
    -- A clock that was ahead may have written it.
    first_seen = LEAST(known.first_seen, EXCLUDED.first_seen),
    last_seen = EXCLUDED.last_seen`;
const RELEASE = `
  UPDATE public.metering_point SET account = NULL WHERE account = $1 AND NOT id = ANY ($2::text[])`;
const NOTE_LISTING = `
  UPDATE public.account SET listed_at = to_timestamp($2::float8), run_at = to_timestamp($2::float8), points_listed = $3
  WHERE id = $1`;

const epochMs = (column: string) => `(round(extract(epoch FROM ${column}) * 1000))::float8`;
const READ = `
  SELECT point.id, COALESCE(asset_id, point.id) AS "assetId", kind, account, ${epochMs("run_at")} AS "accountRunEpochMs",
    customer, gsrn, address, product, fuse,
    to_char(contract_from, 'YYYY-MM-DD') AS "contractFrom", to_char(contract_to, 'YYYY-MM-DD') AS "contractTo",
    ${epochMs("first_seen")} AS "firstSeenEpochMs", ${epochMs("last_seen")} AS "lastSeenEpochMs",
    EXISTS (SELECT FROM public.metering_point_period WHERE metering_point = point.id) AS "hasPeriods"
  FROM public.metering_point AS point LEFT JOIN public.account ON account.id = point.account
  ORDER BY point.id`;
/** Both ends of the primary key; one metering point a statement, which Citus can send to the one place that has it. */
const READ_ENDS = `
  SELECT ${epochMs("min(datetime)")} AS "oldestHourEpochMs", ${epochMs("max(datetime)")} AS "newestHourEpochMs"
  FROM public.metering_point_hourly WHERE metering_point = $1 AND isfinite(datetime)`;

const text = z.string().nullable();
const pointRow = z.object({
  id: z.string(),
  assetId: z.string(),
  kind: z.enum(["consumption", "production"]).nullable(),
  account: text,
  accountRunEpochMs: z.number().nullable(),
  customer: z.string(),
  gsrn: text,
  address: z.string(),
  product: text,
  fuse: text,
  contractFrom: text,
  contractTo: text,
  firstSeenEpochMs: z.number(),
  lastSeenEpochMs: z.number(),
  hasPeriods: z.boolean(),
});
const endsRow = z.object({ oldestHourEpochMs: z.number().nullable(), newestHourEpochMs: z.number().nullable() });

/** As `SyncStore.seeMeteringPoints` says, in a transaction of the caller's. Of two of one asset id the later counts. */
export async function writeMeteringPoints(
  session: Session,
  account: string,
  listed: readonly SeenMeteringPoint[],
  nowEpochMs: number,
): Promise<void> {
  // The listings of two accounts follow one another: one metering point must not be given two ids.
  await session.execute("LOCK TABLE public.metering_point IN SHARE ROW EXCLUSIVE MODE");
  const known = await readMeteringPoints(session);
  const distinct = [...new Map(listed.map((point) => [point.assetId, point])).values()];
  const ids = identify(distinct, known);
  const loadedByOthers = new Set(
    known.filter((point) => isLoadedByAnother(point, account, nowEpochMs)).map(({ id }) => id),
  );
  const points = distinct
    .map((point) => ({ ...point, id: ids.get(point.assetId) ?? point.assetId }))
    .filter(({ id }) => !loadedByOthers.has(id));
  const storable = await storableText(session);
  const texts = (values: readonly (string | null)[]) =>
    values.map((value) => (value === null ? null : storable(value)));
  await session.execute(SEE, [
    points.map((point) => point.id),
    points.map((point) => point.assetId),
    points.map((point) => point.kind),
    points.map((point) => point.customer),
    points.map((point) => point.gsrn),
    texts(points.map((point) => point.address)),
    texts(points.map((point) => point.product)),
    texts(points.map((point) => point.fuse)),
    points.map((point) => point.contractFrom),
    points.map((point) => point.contractTo),
    ...[nowEpochMs / 1000, account],
  ]);
  await session.execute(RELEASE, [account, points.map(({ id }) => id)]);
  await session.execute(NOTE_LISTING, [account, nowEpochMs / 1000, distinct.length]);
}

/** Whether an account other than this one loads a metering point; one that has not run for long does not any more. */
export function isLoadedByAnother(
  { account: loader, accountRunEpochMs }: Pick<KnownMeteringPoint, "account" | "accountRunEpochMs">,
  account: string,
  nowEpochMs: number,
): boolean {
  if (loader === null || loader === account || accountRunEpochMs === null) return false;
  return accountRunEpochMs > nowEpochMs - ABANDONED_AFTER_MS;
}

/** By id; one statement, however many there are. */
export async function readMeteringPoints(session: Session): Promise<KnownMeteringPoint[]> {
  return await session.query(pointRow, READ);
}

/** As `SyncStore.storedEnds` says. */
export async function readStoredEnds(session: Session, ids: readonly string[]): Promise<Map<string, StoredEnds>> {
  const ends = new Map<string, StoredEnds>();
  for (const id of ids) {
    const [found] = await session.query(endsRow, READ_ENDS, [id]);
    ends.set(id, endsRow.parse(found));
  }
  return ends;
}
