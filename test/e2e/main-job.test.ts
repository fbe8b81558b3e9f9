import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCommand } from "../support/command.js";
import { createDatabase } from "../support/postgres.js";
import { lastDates, storedRows, trueRows } from "../support/truth.js";
import { newWorlds } from "../support/world.js";

const world = newWorlds({}, createDatabase);

const once = (changes?: Record<string, string>) => world.once(changes);
const meter = () => world.meter;

describe.each(["2024-10", "2026-08"] as const)("with the login of %s", (variant) => {
  test("one cycle stores seven days exactly as Caruna+ has them, hour by hour", async () => {
    world.simulator.set({ variant });
    const ended = await once();
    expect(ended.stderr).toContain("7 days loaded");
    expect(ended.exitCode).toBe(0);
    expect(await storedRows(world.database)).toEqual(trueRows(world.simulator, meter(), lastDates(Date.now(), 7)));
  });

  test("a second run writes no row again and does not log in again", async () => {
    world.simulator.set({ variant });
    await once();
    const versions = () => world.database.query("SELECT id, xmin::text FROM energy_hourly ORDER BY id");
    const before = await versions();
    const second = await once();
    const third = await once();
    expect([second.exitCode, third.exitCode]).toEqual([0, 0]);
    expect(await versions()).toEqual(before);
    expect(world.simulator.passwordPosts).toBe(1);
  });
});

test("with nothing due there is not one request", async () => {
  await once();
  // The totals of the month and the year are compared once there are days to compare.
  await once();
  const requests = world.simulator.requests.length;
  const again = await once();
  expect(again.exitCode).toBe(0);
  expect(again.stderr).not.toContain("nothing is due");
  expect(world.simulator.requests).toHaveLength(requests);
});

test("a value that Caruna+ revises is taken over and told", async () => {
  await once();
  const [hour] = await storedRows(world.database);
  if (hour === undefined) throw new Error("no row");
  world.simulator.household.revise(meter(), hour.epochMs, 9.99);
  const [date = ""] = lastDates(Date.now(), 7);
  const settings = world.settings;
  const ended = await runCommand(["load", "--from", date, "--to", date], settings, world.folder);
  expect(ended.stderr).toContain("0 hours new, 1 changed");
  expect(await storedRows(world.database)).toEqual(trueRows(world.simulator, meter(), lastDates(Date.now(), 7)));
});

test.each([
  ["the spring change", "2026-03-28", "2026-03-30", 71],
  ["the autumn change", "2025-10-25", "2025-10-27", 73],
])("load brings the days around %s, however old", async (_, from, to, hours) => {
  const settings = world.settings;
  const ended = await runCommand(["load", "--from", from, "--to", to], settings, world.folder);
  expect(ended.exitCode).toBe(0);
  const middle = from.replace(/\d\d$/, (day) => String(Number(day) + 1));
  const rows = await storedRows(world.database);
  expect(rows).toEqual(trueRows(world.simulator, meter(), [from, middle, to]));
  expect(rows).toHaveLength(hours);
});

test("load --dates brings the days of a file, each once, comments and empty lines passed over", async () => {
  writeFileSync(
    join(world.folder, "days.txt"),
    "2025-10-26\n\n# the spring change\n2026-03-29 # 23 hours\n2025-10-26\n",
  );
  const ended = await runCommand(["load", "--dates", "days.txt"], world.settings, world.folder);
  expect(ended.exitCode).toBe(0);
  expect(await storedRows(world.database)).toEqual(trueRows(world.simulator, meter(), ["2025-10-26", "2026-03-29"]));
});

test("nothing secret is in the log at its most talkative", async () => {
  const settings: Record<string, string> = {
    ...world.settings,
    LOG_LEVEL: "trace",
  };
  const { stdout, stderr } = await runCommand(["start", "--once"], settings, world.folder);
  const log = stdout + stderr;
  expect(log).toContain("login step");
  for (const secret of [settings.DB_PASSWORD, settings.CARUNA_USER, '"demo"', "=demo", "eyJ"])
    expect(log).not.toContain(secret);
});
