import { expect, test } from "vitest";
import { Ending } from "../../src/daemon/index.js";
import { atTheEnd, collectedLog } from "../support/caruna.js";

function listening(timeoutMs = 60_000) {
  const log = collectedLog();
  let onTimeout = () => {};
  const timedOut = new Promise<void>((resolve) => {
    onTimeout = resolve;
  });
  const ending = new Ending({ keyboard: undefined, onListening: () => {}, logger: log, onTimeout, timeoutMs });
  ending.start();
  atTheEnd(() => ending.stop());
  return { ending, log, timedOut };
}

test.each(["SIGTERM", "SIGINT"] as const)("%s aborts the one signal that all parts listen to", (name) => {
  const { ending } = listening();
  expect(ending.signal.aborted).toBe(false);
  process.emit(name, name);
  expect(ending.signal.aborted).toBe(true);
});

test("a second signal neither ends the program at once nor is logged again", () => {
  const { ending, log } = listening();
  process.emit("SIGTERM", "SIGTERM");
  process.emit("SIGINT", "SIGINT");
  expect(log.entries).toHaveLength(1);
  // Node.js ends a program at a signal that nobody listens to.
  expect(process.listenerCount("SIGTERM")).toBeGreaterThan(0);
  ending.stop();
});

test("a program that does not end by itself is ended after the time it has, also when it is asked again and again", async () => {
  const { timedOut } = listening(1);
  process.emit("SIGTERM", "SIGTERM");
  process.emit("SIGTERM", "SIGTERM");
  await timedOut;
});

test("one that has ended in time is left alone, and its signals are Node.js' own again", () => {
  const before = process.listenerCount("SIGTERM");
  const { ending } = listening();
  expect(process.listenerCount("SIGTERM")).toBe(before + 1);
  process.emit("SIGTERM", "SIGTERM");
  ending.stop();
  expect(process.listenerCount("SIGTERM")).toBe(before);
});
