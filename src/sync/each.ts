import { setMaxListeners } from "node:events";
import { controllerUnder } from "../shared/signals.js";

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
  const { controller, release } = controllerUnder(signal);
  // Every request and query under way listens to it; more than ten are no leak.
  setMaxListeners(0, controller.signal);
  const queue = items[Symbol.iterator]();
  const worker = async () => {
    for (let next = queue.next(); !next.done && !controller.signal.aborted; next = queue.next()) {
      await task(next.value, controller.signal).catch((error: unknown) => {
        controller.abort(error);
        throw error;
      });
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  release();
  signal.throwIfAborted();
  controller.signal.throwIfAborted();
  const broken = workers.find((outcome) => outcome.status === "rejected");
  if (broken !== undefined) throw broken.reason;
}
