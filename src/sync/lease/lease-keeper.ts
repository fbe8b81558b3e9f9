import { randomUUID } from "node:crypto";
import { type Database, type Lease, type LeaseHeld, LeaseLost } from "../../database/index.js";
import { errorCode } from "../../shared/error-code.js";
import type { Logger } from "../../shared/logger.js";
import { controllerUnder } from "../../shared/signals.js";
import { machine } from "./machine.js";

/** How often the lease is renewed while it is held; it lasts three times as long. */
const RENEWAL_MS = 60_000;
/** How often a lease that somebody else holds is asked for. */
const POLL_MS = 5_000;

/** Tells this process from one that had its number before: after a restart a container's first process is 1 again. */
const PROCESS = randomUUID().slice(0, 8);
const { name: HOST, fingerprint: FINGERPRINT } = machine();
const MACHINE = `${HOST}/${FINGERPRINT ?? "unknown"}`;
let keepers = 0;

/** Sees that one program alone writes the metering points of an account: holds its lease while a task runs. */
export class LeaseKeeper {
  readonly #database: Database;
  readonly #sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly #logger: Logger;
  readonly #owner = `${MACHINE} ${process.pid} ${PROCESS} ${++keepers}`;

  constructor(database: Database, sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>, logger: Logger) {
    this.#database = database;
    this.#sleep = sleep;
    this.#logger = logger;
  }

  /**
   * Waits until no other program writes, runs the task with the lease, and gives it back. The task's signal is aborted
   * with `LeaseLost` when the lease could not be kept.
   */
  async holding<Result>(
    account: string,
    task: (lease: Lease, signal: AbortSignal) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result> {
    const lease = await this.#acquired(account, signal);
    const { controller, release } = controllerUnder(signal);
    const timer = setInterval(() => {
      this.#database.sync.renewLease(lease).catch((error: unknown) => {
        if (error instanceof LeaseLost) controller.abort(error);
        else this.#logger.warn({}, "the lease of the writer could not be renewed; trying again in a minute");
      });
    }, RENEWAL_MS);
    timer.unref();
    try {
      return await task(lease, controller.signal);
    } finally {
      release();
      clearInterval(timer);
      // Not given back, it ends by itself.
      await this.#database.sync.releaseLease(lease).catch(() => {});
    }
  }

  async #acquired(account: string, signal: AbortSignal): Promise<Lease> {
    let lockIsTold = false;
    for (let told = false; ; told = true) {
      const outcome = await this.#tryToAcquire(account, signal);
      if ("epoch" in outcome) return outcome;
      const sessions = outcome.lockedBy ?? [];
      // A write takes a moment; a transaction that somebody left open stays.
      if (told && !lockIsTold && sessions.length > 0) {
        lockIsTold = true;
        this.#logger.warn(
          { sessions },
          "nobody has the right to write now, but another session of the database keeps its row in public.writer_lease locked, in a " +
            `transaction that was left open, perhaps. If this stays, end it there, or with SELECT pg_terminate_backend(${sessions[0]});`,
        );
      }
      if (!told)
        this.#logger.info({ writer: outcome.heldBy }, "another program writes to this database; waiting for it to end");
      await this.#sleep(POLL_MS, signal);
    }
  }

  /** A program of this machine that was killed is known to be gone: its lease need not run out. */
  async #tryToAcquire(account: string, signal: AbortSignal): Promise<Lease | LeaseHeld> {
    const { sync } = this.#database;
    const request = { account, owner: this.#owner };
    const outcome = await sync.acquireLease(request, signal);
    if ("epoch" in outcome || !isGone(outcome.heldBy)) return outcome;
    return await sync.acquireLease({ ...request, goneOwner: outcome.heldBy }, signal);
  }
}

function isGone(owner: string): boolean {
  const [machine, processId, token] = owner.split(" ");
  if (FINGERPRINT === undefined || machine !== MACHINE) return false;
  if (Number(processId) === process.pid) return token !== PROCESS;
  try {
    process.kill(Number(processId), 0);
    return false;
  } catch (error) {
    return errorCode(error) === "ESRCH";
  }
}
