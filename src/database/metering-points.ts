import { z } from "zod";
import type { Session } from "./connection/connection-pool.js";
import { textArray } from "./hours/binary-arrays.js";

/** A metering point as Caruna+ shows it. */
export interface SeenMeteringPoint {
  /** Caruna+'s own id (asset id). */
  readonly id: string;
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
export interface KnownMeteringPoint extends SeenMeteringPoint {
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
    (id, customer, gsrn, address, product, fuse, contract_from, contract_to, first_seen, last_seen)
  SELECT id, customer, gsrn, address, product, fuse, contract_from::date, contract_to::date, seen, seen
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
    AS point (id, customer, gsrn, address, product, fuse, contract_from, contract_to), to_timestamp($9::float8) AS seen
  ON CONFLICT (id) DO UPDATE SET
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

const epochMs = (column: string) => `(round(extract(epoch FROM ${column}) * 1000))::float8`;
const READ = `
  SELECT id, customer, gsrn, address, product, fuse,
    to_char(contract_from, 'YYYY-MM-DD') AS "contractFrom", to_char(contract_to, 'YYYY-MM-DD') AS "contractTo",
    ${epochMs("first_seen")} AS "firstSeenEpochMs", ${epochMs("last_seen")} AS "lastSeenEpochMs",
    EXISTS (SELECT FROM public.metering_point_period WHERE metering_point = point.id) AS "hasPeriods"
  FROM public.metering_point AS point
  ORDER BY id`;
/** Both ends of the primary key; one metering point a statement, which Citus can send to the one place that has it. */
const READ_ENDS = `
  SELECT ${epochMs("min(datetime)")} AS "oldestHourEpochMs", ${epochMs("max(datetime)")} AS "newestHourEpochMs"
  FROM public.metering_point_hourly WHERE metering_point = $1`;

const text = z.string().nullable();
const pointRow = z.object({
  id: z.string(),
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

/** As `SyncStore.seeMeteringPoints` says, in a transaction of the caller's. Of two of one id the later counts. */
export async function writeMeteringPoints(
  session: Session,
  points: readonly SeenMeteringPoint[],
  nowEpochMs: number,
): Promise<void> {
  const distinct = [...new Map(points.map((point) => [point.id, point])).values()];
  await session.execute(SEE, [
    textArray(distinct.map((point) => point.id)),
    textArray(distinct.map((point) => point.customer)),
    textArray(distinct.map((point) => point.gsrn)),
    textArray(distinct.map((point) => point.address)),
    textArray(distinct.map((point) => point.product)),
    textArray(distinct.map((point) => point.fuse)),
    textArray(distinct.map((point) => point.contractFrom)),
    textArray(distinct.map((point) => point.contractTo)),
    nowEpochMs / 1000,
  ]);
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
