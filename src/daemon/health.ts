import { readFile } from "node:fs/promises";
import { z } from "zod";
import { writeKeptFile } from "../shared/output-file.js";
import type { Uptime } from "./uptime.js";

/** The last instant that a `Date` can tell, either way from the epoch. */
const LAST_EPOCH_MS = 8.64e15;

const HEALTH = z.object({
  /** When the last cycle ended, milliseconds since the epoch. */
  endedEpochMs: z.number().min(-LAST_EPOCH_MS).max(LAST_EPOCH_MS),
  /** When the next word is due, at the latest. */
  nextDueEpochMs: z.number().min(-LAST_EPOCH_MS).max(LAST_EPOCH_MS),
  /** The same by the monotonic clock of one boot of the machine: it stands still asleep, and nobody sets it. */
  nextDue: z.object({ boot: z.string(), uptimeMs: z.number() }).optional(),
  /** What a person reads of the cycle's failure; null where all went well. */
  problem: z.string().nullable(),
  /** Address of the page, where one is served. */
  pageUrl: z.string().optional(),
});

const READINESS = z.object({ ready: z.boolean(), reasons: z.array(z.string()) });

/** The program answers at once, or after the five seconds that it gives the database. */
const ANSWER_TIMEOUT_MS = 10_000;

/** How the last cycle ended, as it is kept in the state directory for those who ask after the program's health. */
export type Health = z.infer<typeof HEALTH>;

/** Keeps the health in a file (0600, whole or not at all). */
export async function writeHealth(file: string, health: Health): Promise<void> {
  await writeKeptFile(file, `${JSON.stringify(health)}\n`);
}

/** The health that a file's text tells; undefined where it tells none. */
export function readHealth(text: string): Health | undefined {
  try {
    return HEALTH.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * What ails the program, in one line; undefined where its last cycle went well and is recent, and the program itself, where
 * it serves a page, finds nothing wrong.
 */
export async function ailment(
  file: string,
  nowEpochMs: number,
  running: Uptime = { boot: undefined, uptimeMs: 0 },
): Promise<string | undefined> {
  const health = readHealth(await readFile(file, "utf8").catch(() => ""));
  if (health === undefined) return `no cycle has ended yet (nothing readable in ${file})`;
  if (health.problem !== null) return `the last cycle failed: ${health.problem}`;
  if (isOverdue(health, nowEpochMs, running))
    return `the last cycle ended ${new Date(health.endedEpochMs).toISOString()}, the next is overdue`;
  return health.pageUrl === undefined ? undefined : await saidBy(health.pageUrl);
}

/** By the clock that stands still while the machine sleeps, where it is the one of the same boot. */
function isOverdue({ nextDue, nextDueEpochMs }: Health, nowEpochMs: number, { boot, uptimeMs }: Uptime): boolean {
  const isOfThisBoot = nextDue !== undefined && nextDue.boot === boot;
  return isOfThisBoot ? uptimeMs > nextDue.uptimeMs : nowEpochMs > nextDueEpochMs;
}

/** What the running program finds wrong; undefined where it finds nothing, or where it is not the one that answers there. */
async function saidBy(pageUrl: string): Promise<string | undefined> {
  try {
    const answer = await fetch(new URL("readyz", pageUrl), { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    const { ready, reasons } = READINESS.parse(await answer.json());
    return ready ? undefined : reasons.join(", ");
  } catch {
    // Its page is gone, or another program has its port: the file is what is known.
    return undefined;
  }
}
