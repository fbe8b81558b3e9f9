import { expect, test } from "vitest";
import { seededRandom } from "../sync/simulated-year.js";
import { killAllOver, killOnEmbedded } from "./kills.js";

const SEED = Number(process.env.KILLS_SEED ?? 20261123);

test(`kill -9 at any stage: the next start ends well with every hour once, and the guard holds (KILLS_SEED=${SEED})`, async () => {
  const { kills, problems } = await killAllOver(4, seededRandom(SEED));
  expect(problems).toEqual([]);
  expect([...kills.values()].reduce((sum, count) => sum + count, 0)).toBe(4);
});

test("kill -9 while its own database is made, starts, runs and stops: the next start ends well and leaves no process", async () => {
  const { kills, problems } = await killOnEmbedded(2, seededRandom(SEED));
  expect(problems).toEqual([]);
  expect([...kills.values()].reduce((sum, count) => sum + count, 0)).toBe(2);
});
