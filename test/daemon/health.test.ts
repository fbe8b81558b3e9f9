import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ailment, writeHealth } from "../../src/daemon/index.js";

const ENDED = Date.UTC(2026, 10, 23, 8);
const GOOD = { endedEpochMs: ENDED, nextDueEpochMs: ENDED + 4_500_000, problem: null };

function healthFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "caruna-health-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "health.json");
}

test("a good cycle is healthy until the next one is overdue, to the millisecond", async () => {
  const file = healthFile();
  await writeHealth(file, GOOD);
  expect(await ailment(file, GOOD.nextDueEpochMs)).toBeUndefined();
  expect(await ailment(file, GOOD.nextDueEpochMs + 1)).toBe(
    "the last cycle ended 2026-11-23T08:00:00.000Z, the next is overdue",
  );
});

test("a failed cycle says why, before anything else", async () => {
  const file = healthFile();
  await writeHealth(file, { ...GOOD, problem: "Caruna+ is out of reach." });
  expect(await ailment(file, GOOD.nextDueEpochMs + 1)).toBe("the last cycle failed: Caruna+ is out of reach.");
});
