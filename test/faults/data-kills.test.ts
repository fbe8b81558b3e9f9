import { expect, test } from "vitest";
import { seededRandom } from "../sync/simulated-year.js";
import { JOBS, killDataJobs } from "./data-kills.js";
import { killUpgrades } from "./upgrade-kills.js";

const SEED = Number(process.env.KILLS_SEED ?? 20261128);

test(`kill -9 in a backup, a restoration, a merge, a forgetting: all of it is there or nothing (KILLS_SEED=${SEED})`, async () => {
  const { kills, problems } = await killDataJobs(JOBS.length, seededRandom(SEED), "2020-03-01");
  expect(problems).toEqual([]);
  expect([...kills.values()].reduce((sum, count) => sum + count, 0)).toBe(JOBS.length);
}, 300_000);

test(`kill -9 while the embedded database is upgraded: the next upgrade ends well (KILLS_SEED=${SEED})`, async () => {
  expect(await killUpgrades(1, seededRandom(SEED))).toEqual({ kills: 1, problems: [] });
}, 300_000);
