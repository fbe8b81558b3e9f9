import { z } from "zod";
import type { Session } from "../connection/connection-pool.js";
import { readState, writeState } from "../sync-state.js";
import { ENERGY_HOURLY_LOCK } from "./energy-hourly.js";

/** What following a metering point did to `energy_hourly`. */
export interface Followed {
  /** The metering point that it followed before; `null`: none that is known. */
  readonly previous: string | null;
  /** Hours that were written: new ones, and those that had other values. */
  readonly written: number;
  /** Hours that stay in the table although the one followed now has no such hour. */
  readonly others: number;
}

/** Names in `sync_state`. */
const FOLLOWED = "followed metering point";
const CLAIMED_BY = "followed metering point claimed by";
const CONFIGURED = " configured";

/** The metering point that `energy_hourly` mirrors, and the account that claimed the table. */
export interface Mirrored {
  /** Undefined: none was chosen yet. */
  readonly meteringPointId: string | undefined;
  /** Id of the account; undefined: not known (version 0.1.0 wrote it). */
  readonly account: string | undefined;
  /** Whether METERING_POINT of that account names it. */
  readonly isConfigured: boolean;
}

/** Whose metering point `energy_hourly` is to mirror. */
export interface Claim {
  readonly account: string;
  readonly isConfigured: boolean;
}

/** An hour that is there just so is not touched at all: even a row that is only locked would be written. */
const COPY = (merged: readonly string[]) => `
  INSERT INTO public.energy_hourly AS stored (datetime, kwh_total, kwh_day, kwh_night, kwh_night_winter, tariff)
  SELECT excluded.datetime, excluded.kwh_total, excluded.kwh_day, excluded.kwh_night, excluded.kwh_night_winter,
    excluded.tariff
  FROM public.metering_point_hourly AS excluded LEFT JOIN public.energy_hourly AS stored USING (datetime)
  WHERE excluded.metering_point = $1 AND (stored.datetime IS NULL
    OR (stored.kwh_total, stored.kwh_day, stored.kwh_night, stored.kwh_night_winter, stored.tariff)
      IS DISTINCT FROM (${merged.join(", ")}))
  ORDER BY datetime
  ON CONFLICT (datetime) DO UPDATE
  SET (kwh_total, kwh_day, kwh_night, kwh_night_winter, tariff) = ROW (${merged.join(", ")})
  WHERE (stored.kwh_total, stored.kwh_day, stored.kwh_night, stored.kwh_night_winter, stored.tariff)
    IS DISTINCT FROM (${merged.join(", ")})`;
const VALUES = ["kwh_total", "kwh_day", "kwh_night", "kwh_night_winter"];
/** Of another metering point nothing stays, NULL or not: two of them never mix in an hour. */
const COPY_OVER = COPY([...VALUES, "tariff"].map((column) => `EXCLUDED.${column}`));
/** Rows of this same metering point, from before it was known whose they are: as any reading, see `mergeHour`. */
const COPY_INTO = COPY([
  ...VALUES.map((column) => `COALESCE(EXCLUDED.${column}, stored.${column})`),
  `CASE WHEN stored.tariff IS NOT NULL
    AND COALESCE(EXCLUDED.kwh_day, EXCLUDED.kwh_night, EXCLUDED.kwh_night_winter) IS NULL
    AND COALESCE(stored.kwh_day, stored.kwh_night, stored.kwh_night_winter) IS NOT NULL
  THEN stored.tariff ELSE COALESCE(EXCLUDED.tariff, stored.tariff) END`,
]);
const OTHERS = `
  SELECT count(*)::float8 AS others FROM public.energy_hourly AS stored
  WHERE NOT EXISTS (
    SELECT FROM public.metering_point_hourly WHERE metering_point = $1 AND datetime = stored.datetime
  )`;
const othersRow = z.object({ others: z.number() });

/** As `SyncStore.followMeteringPoint` says, in a transaction of the caller's. */
export async function follow(session: Session, meteringPointId: string, claim: Claim): Promise<Followed> {
  await writeState(session, CLAIMED_BY, `${claim.account}${claim.isConfigured ? CONFIGURED : ""}`);
  const previous = (await readState(session, FOLLOWED)) ?? null;
  if (previous === meteringPointId) return { previous, written: 0, others: 0 };
  await session.execute(ENERGY_HOURLY_LOCK);
  await writeState(session, FOLLOWED, meteringPointId);
  const written = await session.execute(previous === null ? COPY_INTO : COPY_OVER, [meteringPointId]);
  const [counted] = await session.query(othersRow, OTHERS, [meteringPointId]);
  return { previous, written, others: othersRow.parse(counted).others };
}

/**
 * Puts into `energy_hourly` what it lacks of the metering point that it follows, as readings of now. Returns how many hours
 * that were.
 */
export async function mendFollowed(session: Session, meteringPointId: string): Promise<number> {
  await session.execute(ENERGY_HOURLY_LOCK);
  return await session.execute(COPY_INTO, [meteringPointId]);
}

/** As `SyncStore.mirrored` says. */
export async function readMirrored(session: Session): Promise<Mirrored> {
  const claim = await readState(session, CLAIMED_BY);
  return {
    meteringPointId: await readState(session, FOLLOWED),
    account: claim?.replace(CONFIGURED, ""),
    isConfigured: claim?.endsWith(CONFIGURED) ?? false,
  };
}

/** As `readFollowed`, and so that it stays until the end of the transaction. */
export async function lockFollowed(session: Session): Promise<string | undefined> {
  const [row] = await session.query(
    z.object({ value: z.string() }),
    "SELECT value FROM public.sync_state WHERE name = $1 FOR SHARE",
    [FOLLOWED],
  );
  return row?.value;
}

/** The metering point whose hours `energy_hourly` holds; undefined where that is not known. */
export async function readFollowed(session: Session): Promise<string | undefined> {
  return await readState(session, FOLLOWED);
}
