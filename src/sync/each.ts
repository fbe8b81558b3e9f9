import { setMaxListeners } from "node:events";

/**
 * Runs a task for every item, at most `atOnce` at a time. The first task that throws ends the whole: the others are told
 * by the signal, waited for, and the error is thrown on.
 */
export async function each<Item>(
  items: Iterable<Item>,
  atOnce: number,
  task: (item: Item, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  // Every request and query under way listens to it; more than ten are no leak.
  setMaxListeners(0, either);
  const queue = items[Symbol.iterator]();
  const worker = async () => {
    for (let next = queue.next(); !next.done && !either.aborted; next = queue.next()) {
      await task(next.value, either).catch((error: unknown) => {
        failed.abort(error);
        throw error;
      });
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  signal.throwIfAborted();
  if (failed.signal.aborted) throw failed.signal.reason;
  const broken = workers.find((outcome) => outcome.status === "rejected");
  if (broken !== undefined) throw broken.reason;
}
