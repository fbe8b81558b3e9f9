import { expect, test } from "vitest";
import { JOBS, killDataJobs } from "../faults/data-kills.js";
import { killUpgrades } from "../faults/upgrade-kills.js";
import { seededRandom } from "../sync/simulated-year.js";

const SEED = Number(process.env.KILLS_SEED ?? Date.now() % 1_000_000);
const KILLS = Number(process.env.KILLS ?? 200);
const UPGRADE_KILLS = Number(process.env.UPGRADE_KILLS ?? 30);

test(`${KILLS} kills of backups, restorations, merges and forgettings (KILLS_SEED=${SEED})`, async () => {
  const { kills, problems } = await killDataJobs(KILLS, seededRandom(SEED), "2023-01-01");
  process.stdout.write(`${JSON.stringify(Object.fromEntries(kills))}\n`);
  expect(problems).toEqual([]);
  expect([...kills.keys()].sort()).toEqual([...JOBS].sort());
}, 7_200_000);

test(`${UPGRADE_KILLS} kills of upgrades of the embedded database (KILLS_SEED=${SEED})`, async () => {
  expect(await killUpgrades(UPGRADE_KILLS, seededRandom(SEED))).toEqual({ kills: UPGRADE_KILLS, problems: [] });
}, 7_200_000);
