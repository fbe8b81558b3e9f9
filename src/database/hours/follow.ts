import { z } from "zod";
import type { Session } from "../connection/connection-pool.js";
import { readState, writeState } from "../sync-state.js";
import { ALL_HOURS, ENERGY_HOURLY_LOCK, mirrorHours } from "./mirror.js";

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
export const FOLLOWED = "followed metering point";
export const CLAIMED_BY = "followed metering point claimed by";
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

const OTHERS = `
  WITH hour AS MATERIALIZED (SELECT datetime FROM public.metering_point_hourly WHERE metering_point = $1)
  SELECT count(*)::float8 AS others FROM public.energy_hourly AS stored
  WHERE NOT EXISTS (SELECT FROM hour WHERE hour.datetime = stored.datetime)`;
const othersRow = z.object({ others: z.number() });

/** As `SyncStore.followMeteringPoint` says, in a transaction of the caller's. */
export async function follow(session: Session, meteringPointId: string, claim: Claim): Promise<Followed> {
  await writeState(session, CLAIMED_BY, `${claim.account}${claim.isConfigured ? CONFIGURED : ""}`);
  const previous = (await readState(session, FOLLOWED)) ?? null;
  if (previous === meteringPointId) return { previous, written: 0, others: 0 };
  await session.execute(ENERGY_HOURLY_LOCK);
  await writeState(session, FOLLOWED, meteringPointId);
  const written = await mirrorHours(session, meteringPointId, ALL_HOURS, previous === null ? "same" : "another");
  const [counted] = await session.query(othersRow, OTHERS, [meteringPointId]);
  return { previous, written, others: othersRow.parse(counted).others };
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
