import { expect, test } from "vitest";
import { runCommand } from "../support/command.js";
import { lastDates, trueRows } from "../support/truth.js";
import { newWorlds } from "../support/world.js";

const world = newWorlds({
  meters: [{ product: "nightly" }, { product: "general", customerNumber: "60987654", represented: true }],
});
const meter = (index: number) => {
  const found = world.simulator.household.meters[index];
  if (found === undefined) throw new Error("no such meter");
  return found;
};
const run = (...parameters: string[]) => runCommand(parameters, world.settings, world.folder);
const [firstDay = "", secondDay = ""] = lastDates(Date.now(), 3);
const sumOf = (assetId: string, dates: readonly string[]) =>
  trueRows(world.simulator, assetId, dates).reduce((sum, { kwh_total }) => sum + (kwh_total ?? 0), 0);

test("profile, contracts and metering-points show what Caruna+ tells, to people and to programs", async () => {
  const profile = await run("profile");
  expect([profile.exitCode, profile.stderr]).toEqual([0, ""]);
  expect(profile.stdout).toMatch(new RegExp(`^${meter(0).customerNumber} +own `, "m"));
  expect(profile.stdout).toMatch(/^60987654 +represented /m);
  expect(JSON.parse((await run("profile", "--json")).stdout).customers).toMatchObject([
    { customer: meter(0).customerNumber, isOwn: true },
    { customer: "60987654", isOwn: false },
  ]);

  const contracts = await run("contracts");
  expect([contracts.exitCode, contracts.stderr]).toEqual([0, ""]);
  expect(contracts.stdout).toMatch(new RegExp(`${meter(0).assetId} +Yösiirto 25 A +\\d{4}-\\d\\d-\\d\\d +open-ended`));
  expect(JSON.parse((await run("contracts", "--json")).stdout).contracts).toMatchObject([
    { meteringPoint: meter(0).assetId, product: "Yösiirto 25 A", to: null },
    { meteringPoint: meter(1).assetId, product: "Yleissiirto 25 A", customer: "60987654" },
  ]);

  const points = await run("metering-points");
  expect([points.exitCode, points.stderr]).toEqual([0, ""]);
  for (const { assetId, gsrn, address } of [meter(0), meter(1)])
    expect(points.stdout).toMatch(new RegExp(`^${assetId} +${gsrn} +${address.streetName} `, "m"));
  expect(JSON.parse((await run("metering-points", "--json")).stdout).meteringPoints).toMatchObject([
    { meteringPoint: meter(0).assetId, gsrn: meter(0).gsrn },
    { meteringPoint: meter(1).assetId, gsrn: meter(1).gsrn },
  ]);
  // One login for all of them: the session is kept.
  expect(world.simulator.passwordPosts).toBe(1);
});

test("energy of hours is the truth, the hour that comes twice too, by asset id or GSRN", async () => {
  for (const key of ["assetId", "gsrn"] as const) {
    const parameters = ["--resolution", "hour", "--metering-point", meter(0)[key], "--json"];
    const { exitCode, stdout } = await run("energy", "--from", "2025-10-25", "--to", "2025-10-26", ...parameters);
    expect(exitCode).toBe(0);
    const { meteringPoint, energy } = JSON.parse(stdout);
    expect(meteringPoint).toBe(meter(0).assetId);
    const truth = trueRows(world.simulator, meter(0).assetId, ["2025-10-25", "2025-10-26"]);
    const told = energy.map(({ start, kwhTotal, kwhNight }: Record<string, string | number | null>) => {
      return [Date.parse(String(start)), kwhTotal, kwhNight];
    });
    expect(told).toEqual(truth.map(({ epochMs, kwh_total, kwh_night }) => [epochMs, kwh_total, kwh_night]));
    expect(energy).toHaveLength(49);
  }
});

test("energy of days and months is their sum, in a table too; METERING_POINT says whose", async () => {
  const settings = { ...world.settings, METERING_POINT: meter(1).assetId };
  const parameters = ["energy", "--from", firstDay, "--to", secondDay];
  const { exitCode, stdout, stderr } = await runCommand(parameters, settings, world.folder);
  expect([exitCode, stderr]).toEqual([0, ""]);
  const lines = stdout.trimEnd().split("\n");
  expect(lines.map((line) => line.split(/ {2,}/).slice(0, 2))).toEqual([
    ["day", "kWh"],
    ...[firstDay, secondDay].map((day) => [day, sumOf(meter(1).assetId, [day]).toFixed(2)]),
  ]);
  // A product without a split has no columns for one.
  expect(lines[0]).not.toContain("night");
  const months = ["energy", "--from", "2026-01-15", "--to", "2026-02-02", "--resolution", "month", "--json"];
  const { energy } = JSON.parse((await runCommand(months, settings, world.folder)).stdout);
  const february = Array.from({ length: 28 }, (_, day) => `2026-02-${String(day + 1).padStart(2, "0")}`);
  expect(energy.map(({ start }: { start: string }) => start)).toEqual(["2026-01", "2026-02"]);
  expect(energy[1].kwhTotal).toBeCloseTo(sumOf(meter(1).assetId, february), 2);
});

test("2: energy that cannot be meant, told in one line", async () => {
  const cases: readonly (readonly [parameters: string[], named: string])[] = [
    [[], "--from"],
    [["--from", "2026-03-02", "--to", "2026-03-01"], "is after"],
    [["--from", "2026-02-30"], "is no day"],
    [["--from", "2026-03-01", "--resolution", "weekly"], "hour, day, month"],
    [["--from", "2001-01-01", "--resolution", "hour"], "backfill"],
    [["--from", firstDay, "--metering-point", "12345"], "no metering point known here"],
    // Several of them, and none chosen.
    [["--from", firstDay], meter(1).assetId],
  ];
  for (const [parameters, named] of cases) {
    const { exitCode, stdout, stderr } = await run("energy", ...parameters);
    expect([parameters, exitCode, stdout]).toEqual([parameters, 2, ""]);
    expect(stderr.trimEnd().split("\n")).toEqual([expect.stringContaining(named)]);
  }
});

test("days that Caruna+ knows nothing of are told, not an error", async () => {
  const { exitCode, stdout } = await run("energy", "--from", "2031-01-01", "--metering-point", meter(0).assetId);
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining("shows no day")]);
});

test("3: a rejected password is posted once, then the login is paused; no stack trace", async () => {
  const settings = { ...world.settings, CARUNA_PASSWORD: "not-the-one" };
  const first = await runCommand(["profile"], settings, world.folder);
  const second = await runCommand(["metering-points"], settings, world.folder);
  expect([first.exitCode, second.exitCode, world.simulator.passwordPosts]).toEqual([3, 3, 1]);
  expect(second.stderr).toContain("login is paused");
  for (const { stdout, stderr } of [first, second]) {
    expect(stdout).toBe("");
    expect(stderr).not.toMatch(/\n\s+at |not-the-one/);
  }
});

test("5: without the database no password is posted; with a kept session it is not needed", async () => {
  const away = { ...world.settings, DB_PORT: "1" };
  const refused = await runCommand(["profile"], away, world.folder);
  expect([refused.exitCode, refused.stdout, world.simulator.passwordPosts]).toEqual([5, "", 0]);
  expect((await run("profile")).exitCode).toBe(0);
  const shown = await runCommand(["profile"], away, world.folder);
  expect([shown.exitCode, shown.stderr]).toEqual([0, ""]);
});

test("4: Caruna+ answers with something else", async () => {
  world.simulator.answerNext({
    ...{ pathIncludes: "/contracts", times: 10 },
    answer: { status: 200, headers: {}, body: '{"unforeseen": true}' },
  });
  const { exitCode, stdout, stderr } = await run("contracts");
  expect([exitCode, stdout]).toEqual([4, ""]);
  expect(stderr).toContain("was not understood");
});

test("what is asked of Caruna+ is stored nowhere", async () => {
  await run("energy", "--from", firstDay, "--metering-point", meter(0).assetId);
  expect(await world.database.query("SELECT FROM metering_point_hourly")).toEqual([]);
  expect(await world.database.query("SELECT FROM energy_hourly")).toEqual([]);
});

test("a mistyped command is told with the one that is meant, in one line; help tells the exit codes", async () => {
  const { exitCode, stderr } = await run("metering-point");
  expect([exitCode, stderr.trimEnd().split("\n").length]).toEqual([2, 1]);
  expect(stderr).toContain("Did you mean metering-points?");
  const { stdout } = await run("--help");
  for (const code of ["0  done", "2  configuration or command line", "6  verify"]) expect(stdout).toContain(code);
  for (const command of ["profile", "contracts", "metering-points", "energy", "export"]) {
    expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
    const help = await run(command, "--help");
    expect([help.exitCode, help.stderr]).toEqual([0, ""]);
    expect(help.stdout).toContain("Exit codes: caruna-integration --help");
  }
});
