import { expect, test } from "vitest";
import { z } from "zod";
import { runCommand } from "../support/command.js";
import { startProgram } from "../support/program.js";
import { lastDates, storedRows, trueRows } from "../support/truth.js";
import { newWorlds } from "../support/world.js";

const DAYS = 200;
/** Every day of the contract, up to yesterday. */
const dates = lastDates(Date.now(), DAYS);
const [startDate = ""] = dates;
const world = newWorlds({ meters: [{ startDate }, { startDate: dates[DAYS - 20] ?? "" }] });
const other = () => world.simulator.household.meters[1]?.assetId ?? "";

const run = (...parameters: string[]) =>
  runCommand(parameters, { ...world.settings, METERING_POINT: world.meter }, world.folder);
const day = (index: number) => dates[index] ?? "";
/** Start of an hour of one of those days, in SQL. */
const hourOf = (index: number, hour: number) => `timestamptz '${day(index)} ${hour}:00 Europe/Helsinki'`;
const epochMsOf = (index: number, hour: number) =>
  world.simulator.household.truthOfDay(world.meter, day(index))[hour]?.startEpochMs ?? 0;
const update = (text: string) => world.database.query(text);

const counts = z.object({ missing: z.number(), other: z.number(), extra: z.number() });
const report = z.object({
  ok: z.boolean(),
  meteringPoints: z.number(),
  requests: z.number(),
  differences: z.array(
    z.object({ meteringPoint: z.string(), period: z.string(), hours: counts, energyHourly: counts }),
  ),
  fixed: z.object({ daysLoaded: z.number() }).optional(),
});
const none = { missing: 0, other: 0, extra: 0 };

/** Everything that the database holds, row versions included. */
const wholeDatabase = async () => {
  const tables = ["energy_hourly", "metering_point", "metering_point_hourly", "metering_point_period", "sync_state"];
  const rows = tables.map((table) =>
    world.database.query(`SELECT xmin::text, stored.* FROM ${table} AS stored ORDER BY 2, 3, 4`),
  );
  return await Promise.all(rows);
};

test("sync is one cycle: the last days, and nothing twice", async () => {
  const first = await run("sync");
  expect([first.exitCode, first.stdout]).toEqual([0, ""]);
  expect(await storedRows(world.database)).toEqual(trueRows(world.simulator, world.meter, dates.slice(-7)));
  // The second compares the month and the year with what the first has stored; from then on nothing is due.
  expect((await run("sync")).exitCode).toBe(0);
  const requests = world.simulator.requestCount;
  expect((await run("sync")).exitCode).toBe(0);
  expect(world.simulator.requestCount).toBe(requests);
});

test("backfill loads everything, after which verify finds nothing that differs", async () => {
  expect((await run("backfill")).exitCode).toBe(0);
  expect(await storedRows(world.database)).toEqual(trueRows(world.simulator, world.meter, dates));
  const hours = await world.database.query(
    "SELECT count(*)::int AS hours FROM metering_point_hourly WHERE metering_point = $1",
    [other()],
  );
  expect(hours).toEqual([{ hours: trueRows(world.simulator, other(), dates.slice(-20)).length }]);
  const before = await wholeDatabase();
  const verified = await run("verify");
  expect(verified.stdout).toContain(": the totals of 220 days. What is stored agrees with Caruna+. Totals do not show");
  expect(verified.exitCode).toBe(0);
  expect(await wholeDatabase()).toEqual(before);
});

test("a backfill that is ended goes on from there, and asks for no day twice", async () => {
  world.simulator.set({ latencyMs: 20 });
  const running = startProgram(["backfill"], { ...world.settings, METERING_POINT: world.meter }, world.folder);
  await running.says("history: loaded back to");
  running.child.kill("SIGINT");
  expect((await running.ended).exitCode).toBe(0);
  world.simulator.set({ latencyMs: 0 });
  const kept = await storedRows(world.database);
  expect(kept.length).toBeLessThan(DAYS * 23);
  const askedBefore = world.simulator.requests.length;
  expect((await run("backfill")).exitCode).toBe(0);
  expect(await storedRows(world.database)).toEqual(trueRows(world.simulator, world.meter, dates));
  const daily = world.simulator.requests.slice(askedBefore).filter(({ kind }) => kind === "energy daily");
  expect(daily.length).toBeLessThan(DAYS + 20 - kept.length / 25);
});

test("backfill --from loads back to that day, whatever was loaded under another setting", async () => {
  await runCommand(
    ["backfill"],
    { ...world.settings, METERING_POINT: world.meter, BACKFILL: day(DAYS - 10) },
    world.folder,
  );
  expect(await storedRows(world.database)).toHaveLength(
    trueRows(world.simulator, world.meter, dates.slice(-10)).length,
  );
  expect((await run("backfill", "--from", day(DAYS - 45))).exitCode).toBe(0);
  expect(await storedRows(world.database)).toEqual(trueRows(world.simulator, world.meter, dates.slice(-45)));
});

test("verify tells days that are not loaded yet by month, and writes nothing", async () => {
  await run("sync");
  const before = await wholeDatabase();
  const { exitCode, stdout } = await run("verify", "--json");
  expect(exitCode).toBe(6);
  const { ok, differences } = report.parse(JSON.parse(stdout));
  expect(ok).toBe(false);
  const missing = (id: string) =>
    differences.filter(({ meteringPoint }) => meteringPoint === id).reduce((sum, { hours }) => sum + hours.missing, 0);
  expect(missing(world.meter)).toBe(trueRows(world.simulator, world.meter, dates.slice(0, -7)).length);
  expect(missing(other())).toBe(trueRows(world.simulator, other(), dates.slice(-20, -7)).length);
  expect(differences.length).toBeLessThan(15);
  expect(await wholeDatabase()).toEqual(before);
});

test("verify finds what is missing, other and extra in both tables; --fix mends all but the extra", async () => {
  await run("backfill");
  world.simulator.household.revise(world.meter, epochMsOf(20, 3), 9.99);
  await update(`DELETE FROM metering_point_hourly WHERE datetime = ${hourOf(40, 7)}`);
  world.simulator.household.withhold(world.meter, [epochMsOf(60, 12)]);
  await update(`DELETE FROM energy_hourly WHERE datetime = ${hourOf(80, 5)}`);
  await update(`UPDATE energy_hourly SET kwh_total = 77 WHERE datetime = ${hourOf(90, 5)}`);
  await update("INSERT INTO energy_hourly (datetime, kwh_total) VALUES (timestamptz '2011-05-05 10:00+03', 1)");

  const { exitCode, stdout } = await run("verify", "--json");
  expect(exitCode).toBe(6);
  const { differences } = report.parse(JSON.parse(stdout));
  const found = differences.map(({ period, hours, energyHourly }) => [period, hours, energyHourly]);
  const old = ["2011-05-05", none, { ...none, extra: 1 }];
  const withheld = [day(60), { ...none, extra: 1 }, none];
  expect(found).toEqual([
    old,
    [day(20), { ...none, other: 1 }, none],
    [day(40), { ...none, missing: 1 }, none],
    withheld,
    [day(80), none, { ...none, missing: 1 }],
    [day(90), none, { ...none, other: 1 }],
  ]);

  const fixed = await run("verify", "--fix", "--json");
  expect(fixed.exitCode).toBe(6);
  const after = report.parse(JSON.parse(fixed.stdout));
  expect(after.fixed).toEqual({ daysLoaded: 4 });
  expect(after.differences.map(({ period, hours, energyHourly }) => [period, hours, energyHourly])).toEqual([
    old,
    withheld,
  ]);

  world.simulator.household.release();
  await update("DELETE FROM energy_hourly WHERE datetime < '2012-01-01'");
  expect((await run("verify")).exitCode).toBe(0);
  expect(await storedRows(world.database)).toEqual(trueRows(world.simulator, world.meter, dates));
});

test("verify --fix that mends everything ends with 0", async () => {
  await run("backfill");
  world.simulator.household.revise(other(), epochMsOf(DAYS - 10, 3), 9.99);
  const { exitCode, stdout } = await run("verify", "--fix");
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(new RegExp(`${other()} +${day(DAYS - 10)} .*1 hour with other values \\(03:00\\)`));
  expect(stdout).toContain("1 day that differed was loaded");
  expect(stdout).toContain("the totals of 220 days, and every hour of 1 day. What is stored agrees with Caruna+.");
});

test("verify --from --to looks at those days alone", async () => {
  await run("backfill");
  world.simulator.household.revise(world.meter, epochMsOf(DAYS - 2, 3), 9.99);
  const past = await run("verify", "--from", day(DAYS - 9), "--to", day(DAYS - 3));
  expect([past.exitCode, past.stdout]).toEqual([0, expect.stringContaining("the totals of 14 days.")]);
  const read = await run("verify", "--hours", "--from", day(DAYS - 9), "--to", day(DAYS - 3));
  expect([read.exitCode, read.stdout]).toEqual([
    0,
    expect.stringContaining("every value of every hour of 14 days. Every hour is stored as Caruna+ shows it.\n"),
  ]);
  const upToYesterday = await run("verify", "--from", day(DAYS - 9), "--json");
  expect(upToYesterday.exitCode).toBe(6);
  const { differences } = report.parse(JSON.parse(upToYesterday.stdout));
  expect(differences.map(({ meteringPoint, period }) => [meteringPoint, period])).toEqual([
    [world.meter, day(DAYS - 2)],
  ]);
});

test("a total that is not the sum of Caruna+'s own hours is told, and is no difference of ours", async () => {
  await run("backfill");
  const rows = [{ timestamp: `${day(100)}T00:00:00`, totalConsumption: 999 }];
  world.simulator.answerNext({
    ...{ pathIncludes: `${world.meter}/energy`, times: 1 },
    answer: { status: 200, headers: {}, body: JSON.stringify(rows) },
  });
  const { exitCode, stdout } = await run("verify", "--from", day(100), "--to", day(100));
  expect(stdout).toContain(
    `${world.meter} ${day(100)}: Caruna+ contradicts itself: it reports 999.00 kWh for this day`,
  );
  expect(exitCode).toBe(0);
});

test.each([
  [["verify", "--to", "2026-01-01"], "--from"],
  [["verify", "--from", "2026-01-02", "--to", "2026-01-01"], "is after"],
  [["verify", "--from", "9998-01-01"], "nothing to verify yet"],
  [["backfill", "--from", "soon"], "no day"],
])("2: a command line that cannot be meant: %j", async (parameters, named) => {
  const ended = await run(...parameters);
  expect(ended.stderr).toContain(named);
  expect(ended.exitCode).toBe(2);
  expect(ended.stdout).toBe("");
});

test("4: verify with Caruna+ away says so, and tells nothing of the hours", async () => {
  await run("sync");
  world.simulator.answerNext({
    ...{ pathIncludes: "/energy", times: 1000 },
    answer: { status: 200, headers: {}, body: "<html>" },
  });
  const ended = await run("verify");
  expect([ended.exitCode, ended.stdout]).toEqual([4, ""]);
});

test("status tells what is there without an account and without a request", async () => {
  await run("backfill");
  await update(`DELETE FROM metering_point_hourly WHERE datetime BETWEEN ${hourOf(40, 7)} AND ${hourOf(40, 9)}`);
  const requests = world.simulator.requests.length;
  const { CARUNA_USER: _, CARUNA_PASSWORD: __, ...settings } = world.settings;
  const { exitCode, stdout, stderr } = await runCommand(["status"], settings, world.folder);
  expect([exitCode, stderr]).toEqual([0, ""]);
  expect(world.simulator.requests).toHaveLength(requests);
  const all = trueRows(world.simulator, world.meter, dates).length.toLocaleString("en");
  expect(stdout).toContain(`${world.meter}, Yösiirto 25 A (energy_hourly follows it)`);
  expect(stdout).toMatch(new RegExp(`stored +[\\d,]+ of ${all} hours \\(99\\.`));
  expect(stdout).toContain(`1: ${day(40)} 07:00 (3 hours)`);
  expect(stdout).toMatch(/to look back +nothing/);
  expect(stdout).toMatch(new RegExp(`${day(DAYS - 1)}  #+ .* kWh$`, "m"));
  // A colour or a bar of blocks would be noise in a file.
  for (const drawn of ["\u001b", "█"]) expect(stdout).not.toContain(drawn);
  const [meter] = world.simulator.household.meters;
  for (const personal of [meter?.customerNumber, meter?.address.streetName, meter?.gsrn])
    expect(stdout).not.toContain(personal);
});

test("status --json says what is still to look back on", async () => {
  await run("sync");
  const { stdout } = await run("status", "--json");
  const status = JSON.parse(stdout);
  expect(status.meteringPoints).toHaveLength(2);
  expect(status.meteringPoints[0]).toMatchObject({
    ...{ meteringPoint: world.meter, isFollowedByEnergyHourly: true, gaps: [], lastVerified: null },
    toLookBack: { days: 0, months: 2, years: 1 },
    firstHour: new Date(epochMsOf(DAYS - 7, 0)).toISOString(),
  });
  expect(status.meteringPoints[0].hours).toBe(status.meteringPoints[0].hoursExpected);
  expect(status.meteringPoints[0].lastDays).toHaveLength(14);
});

test("a reader that has gone is no error", async () => {
  await run("sync");
  const running = startProgram(["status", "--json"], world.settings, world.folder);
  running.child.stdout?.destroy();
  const ended = await running.ended;
  expect([ended.exitCode, ended.stderr]).toEqual([0, ""]);
});
