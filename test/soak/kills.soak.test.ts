import { expect, test } from "vitest";
import { EMBEDDED_STAGES, killAllOver, killOnEmbedded, STAGES } from "../faults/kills.js";
import { seededRandom } from "../sync/simulated-year.js";

const SEED = Number(process.env.KILLS_SEED ?? Date.now() % 1_000_000);
const KILLS = Number(process.env.KILLS ?? 440);
const EMBEDDED_KILLS = Number(process.env.EMBEDDED_KILLS ?? 60);

test(`${KILLS} kills at every stage: nothing lost, nothing twice (KILLS_SEED=${SEED})`, async () => {
  const { kills, problems, slowestRecoveryMs } = await killAllOver(KILLS, seededRandom(SEED));
  process.stdout.write(`${JSON.stringify({ kills: Object.fromEntries(kills), slowestRecoveryMs })}\n`);
  expect(problems).toEqual([]);
  expect([...kills.keys()].sort()).toEqual([...STAGES].sort());
}, 7_200_000);

test(`${EMBEDDED_KILLS} kills on the embedded database: nothing lost, nothing left (KILLS_SEED=${SEED})`, async () => {
  const { kills, problems, slowestRecoveryMs } = await killOnEmbedded(EMBEDDED_KILLS, seededRandom(SEED));
  process.stdout.write(`${JSON.stringify({ kills: Object.fromEntries(kills), slowestRecoveryMs })}\n`);
  expect(problems).toEqual([]);
  expect([...kills.keys()].sort()).toEqual([...EMBEDDED_STAGES].sort());
}, 7_200_000);
