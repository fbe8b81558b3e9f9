import type { Configuration } from "../config/index.js";
import {
  AccountIdentity,
  Database,
  type ForgetContent,
  type ForgetRequest,
  type KnownMeteringPoint,
  type PointContent,
} from "../database/index.js";
import type { Logger } from "../shared/logger.js";
import { isNamed } from "../sync/index.js";
import { NothingToQuery } from "./query.js";
import { databaseSettings } from "./state.js";
import { forgetSession } from "./status.js";

/** The database has nothing of what is to be forgotten. */
export class NothingToForget extends Error {
  override readonly name = "NothingToForget";
}

/** What a person wants to be forgotten. */
export type ToForget =
  | { readonly kind: "metering point"; readonly named: string }
  /** That of `CARUNA_USER`. */
  | { readonly kind: "account" };

/** Whether a program with these settings would load a metering point again. */
export type ComesBack = "while it is listed" | "left out by CARUNA_CUSTOMERS" | "not listed now";

export interface ForgottenPoint extends PointContent, Pick<KnownMeteringPoint, "address" | "customer"> {
  readonly comesBack: ComesBack;
}

/** What is to be forgotten, and what would stay. */
export interface ForgetPlan extends Omit<ForgetContent, "points"> {
  readonly points: readonly ForgottenPoint[];
  /** Metering points that no account lists now, of a database of several accounts: whose they were is not known. */
  readonly pointsOfNobody: number;
}

/**
 * Shows what is stored of a metering point or of the account of the settings, and removes it where `confirm` says so: all of it or
 * nothing. Returns what was removed; undefined where it was not confirmed. Throws `NothingToForget`, `NothingToQuery` and
 * subclasses of `DatabaseError`.
 */
export async function forget(
  configuration: Configuration,
  logger: Logger,
  wanted: ToForget,
  confirm: (plan: ForgetPlan) => Promise<boolean>,
  signal: AbortSignal,
): Promise<ForgetPlan | undefined> {
  const database = new Database(databaseSettings(configuration), logger);
  try {
    const inspection = await database.inspect(signal);
    if (inspection.kind === "not made yet") throw new NothingToQuery();
    await database.check(signal);
    const known = await database.sync.meteringPoints(signal);
    const { request, pointsOfNobody } =
      wanted.kind === "account"
        ? await requestForAccount(configuration, database, known, signal)
        : { request: { meteringPointIds: [pointOf(known, wanted.named).id] }, pointsOfNobody: 0 };
    const planOf = ({ points, ...rest }: ForgetContent): ForgetPlan => ({
      ...rest,
      points: points.map((point) => ({ ...point, ...futureOf(known, point.id, configuration) })),
      pointsOfNobody,
    });
    const plan = planOf(await database.forgettable(request, signal));
    const isKnown = plan.points.length > 0 || plan.guardEntries > 0 || request.account?.id !== undefined;
    if (!isKnown) throw new NothingToForget(UNKNOWN_ACCOUNT);
    if (!(await confirm(plan))) return undefined;
    const removed = planOf(await database.forget(request, signal));
    if (wanted.kind === "account") await forgetSession(configuration, logger);
    return removed;
  } finally {
    await database.stop();
  }
}

const UNKNOWN_ACCOUNT =
  "This database knows no account of CARUNA_USER. Set CARUNA_USER to the user name as the program had it, or forget metering points " +
  "one by one: caruna-integration forget POINT";

/** By its id, or else by today's asset id or the GSRN. */
function pointOf(known: readonly KnownMeteringPoint[], named: string): KnownMeteringPoint {
  const matching = known.filter((point) => isNamed(point, named));
  const found = known.find(({ id }) => id === named) ?? (matching.length === 1 ? matching[0] : undefined);
  if (found !== undefined) return found;
  if (matching.length > 1)
    throw new NothingToForget(
      `${named} is the GSRN of ${matching.length} metering points; name one of them by its id, which caruna-integration status shows.`,
    );
  throw new NothingToForget(
    `There is no metering point ${named} in this database; caruna-integration status lists those that there are.`,
  );
}

async function requestForAccount(
  configuration: Configuration,
  database: Database,
  known: readonly KnownMeteringPoint[],
  signal: AbortSignal,
): Promise<{ request: ForgetRequest; pointsOfNobody: number }> {
  const { baseUrl, username, password = "" } = configuration.caruna;
  if (username === undefined)
    throw new NothingToForget("CARUNA_USER says whose account is to be forgotten; set it for this command.");
  const { id, others } = await database.sync.lookForAccount(new AccountIdentity(baseUrl, username), signal);
  const ofNobody = known.filter(({ account }) => account === null);
  // With one account alone, what it does not list any more was its own.
  const own =
    id === undefined ? [] : known.filter(({ account }) => account === id || (account === null && others === 0));
  const guard = database.loginGuard([baseUrl, username, password], Date.now);
  return {
    request: { meteringPointIds: own.map((point) => point.id), account: { id, guard } },
    pointsOfNobody: others === 0 ? 0 : ofNobody.length,
  };
}

function futureOf(known: readonly KnownMeteringPoint[], id: string, { caruna }: Configuration) {
  const { address = "", customer = "", account = null } = known.find((point) => point.id === id) ?? {};
  const isLeftOut = typeof caruna.customers !== "string" && !caruna.customers.includes(customer);
  const comesBack: ComesBack =
    account === null ? "not listed now" : isLeftOut ? "left out by CARUNA_CUSTOMERS" : "while it is listed";
  return { address, customer, comesBack };
}
