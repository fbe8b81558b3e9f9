import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { runCommand } from "../support/command.js";
import { freePort } from "../support/free-port.js";
import { createDatabase } from "../support/postgres.js";
import { accountSettings } from "../support/program.js";
import { newWorlds } from "../support/world.js";

const NAMES = [
  "configuration",
  "state directory",
  "database",
  "portal",
  "login host",
  "browser",
  "login",
  "metering points",
  "one day of energy",
];
const OK = "ok";
const FAILED = "failed";
const NOT = "not checked";

const REPORT = z.object({
  ok: z.boolean(),
  checks: z.array(
    z.object({ name: z.string(), status: z.string(), reason: z.string(), nextStep: z.string().nullable() }),
  ),
});

const world = newWorlds(
  { meters: [{ assetId: "FSK77008899", gsrn: "643007577008899001", customerNumber: "770088991" }] },
  createDatabase,
);

const run = (parameters: readonly string[], changes: Record<string, string> = {}) =>
  runCommand(parameters, { ...world.settings, ...changes }, world.folder);

/** Runs `doctor --json`: exit code, and the checks by name. */
async function doctor(changes: Record<string, string> = {}) {
  const ended = await run(["doctor", "--json"], changes);
  const { ok, checks } = REPORT.parse(JSON.parse(ended.stdout));
  expect(checks.map(({ name }) => name)).toEqual(NAMES);
  expect(checks.every(({ status, nextStep }) => (status === FAILED) === (nextStep !== null && nextStep !== ""))).toBe(
    true,
  );
  return {
    ...ended,
    ok,
    statuses: checks.map(({ status }) => status),
    of: (name: string) => checks.find((check) => check.name === name),
  };
}

test("all well: eight ticks, in order, and nothing is written to the database", async () => {
  const ended = await run(["doctor"]);
  expect(ended.exitCode).toBe(0);
  const lines = ended.stdout.trim().split("\n");
  expect(lines.slice(1, -1).map((line) => line.replace(/:.*/, ""))).toEqual(NAMES.map((name) => `✓ ${name}`));
  expect(ended.stdout).toMatch(
    /database: PostgreSQL \d+\.\d+ .*no table of hours yet; the next start brings it up to date/,
  );
  expect(ended.stdout).toMatch(/one day of energy: 24 of 24 hours of \d{4}-\d{2}-\d{2}/);
  expect(ended.stderr).toBe("");
  expect(
    await world.database.query("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"),
  ).toEqual([]);
});

test("beside a running program: tells what is stored, uses its session, and leaves the hours alone", async () => {
  await run(["start", "--once"]);
  const before = await world.database.query("SELECT xmin::text, * FROM energy_hourly ORDER BY datetime");
  const report = await doctor();
  expect([report.exitCode, report.ok, ...report.statuses]).toEqual([0, true, ...NAMES.map(() => OK)]);
  expect(report.of("database")?.reason).toContain(`${before.length} hours stored`);
  expect(report.of("login")?.reason).toContain("still good");
  expect(world.simulator.passwordPosts).toBe(1);
  expect(await world.database.query("SELECT xmin::text, * FROM energy_hourly ORDER BY datetime")).toEqual(before);
});

test("a database that is down stops nothing else: 5", async () => {
  const report = await doctor({ DB_PORT: String(await freePort()) });
  expect([report.exitCode, report.ok]).toEqual([5, false]);
  expect(report.statuses).toEqual([OK, OK, FAILED, OK, OK, OK, OK, OK, OK]);
});

test("a role without rights: 5, with the statement to run", async () => {
  await run(["start", "--once"]);
  const { database: name } = world.database.settings;
  await world.database.query(`CREATE ROLE reader_${name} LOGIN PASSWORD 'reader'`);
  try {
    const report = await doctor({ DB_USER: `reader_${name}`, DB_PASSWORD: "reader" });
    expect(report.exitCode).toBe(5);
    expect(report.of("database")?.reason).toContain("GRANT SELECT, INSERT, UPDATE ON public.energy_hourly");
  } finally {
    await world.database.query(`DROP OWNED BY reader_${name}; DROP ROLE reader_${name}`);
  }
});

test("Caruna+ down: 4, and what builds on it is not checked", async () => {
  const port = await freePort();
  const report = await doctor({ CARUNA_BASE_URL: `http://127.0.0.1:${port}` });
  expect(report.exitCode).toBe(4);
  expect(report.statuses).toEqual([OK, OK, OK, FAILED, NOT, OK, NOT, NOT, NOT]);
  expect(report.of("portal")?.reason).toContain("nobody listens there");
});

test("a host that does not speak TLS, a name that nobody knows: 4", async () => {
  const untrusted = await doctor({ CARUNA_BASE_URL: `https://127.0.0.1:${world.simulator.port}` });
  expect(untrusted.of("portal")).toMatchObject({ status: FAILED });
  const unknown = await doctor({ CARUNA_BASE_URL: "https://no-such-host.invalid" });
  expect(unknown.of("portal")).toMatchObject({ status: FAILED, reason: expect.stringContaining("the name") });
  expect([untrusted.exitCode, unknown.exitCode]).toEqual([4, 4]);
});

test("an identity provider that is no allowed host: 4, and no password is posted", async () => {
  const report = await doctor({ CARUNA_ALLOWED_HOSTS: "caruna.fi" });
  expect(report.exitCode).toBe(4);
  expect(report.statuses).toEqual([OK, OK, OK, OK, FAILED, OK, NOT, NOT, NOT]);
  expect(world.simulator.passwordPosts).toBe(0);
});

test("a wrong password: 3, posted once; then the login is paused", async () => {
  await run(["start", "--once"], { CARUNA_PASSWORD: "wrong" });
  expect(world.simulator.passwordPosts).toBe(1);
  const held = await doctor({ CARUNA_PASSWORD: "wrong" });
  expect(held.exitCode).toBe(3);
  expect(held.statuses).toEqual([OK, OK, OK, OK, OK, OK, FAILED, NOT, NOT]);
  expect(held.of("login")?.reason).toContain("login is paused");
  expect(world.simulator.passwordPosts).toBe(1);
});

test("a login that has changed: 4, with what was found and the file of the transcript", async () => {
  world.simulator.answerNext({ pathIncludes: "/commonauth", answer: { status: 200, body: "<title>Uusi</title><p>?" } });
  const report = await doctor();
  expect(report.exitCode).toBe(4);
  expect(report.of("login")).toMatchObject({
    status: FAILED,
    reason: expect.stringMatching(/page after the password.*commonauth.*"Uusi"/),
    nextStep: expect.stringMatching(/~\/state\/transcripts\/.*LoginChanged\.json/),
  });
});

test("settings that cannot be used: 2; an account that is missing leaves the database and the hosts to check", async () => {
  const wrong = await doctor({ JOB_INTERVAL: "soon" });
  expect([wrong.exitCode, ...wrong.statuses]).toEqual([2, FAILED, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT]);
  const without = await doctor({ CARUNA_USER: "", CARUNA_PASSWORD: "" });
  expect([without.exitCode, ...without.statuses]).toEqual([2, FAILED, OK, OK, OK, OK, OK, NOT, NOT, NOT]);
});

test("a METERING_POINT that is not there: 2, without a list of those that are", async () => {
  const report = await doctor({ METERING_POINT: "643007577008899999" });
  expect(report.exitCode).toBe(2);
  expect(report.statuses).toEqual([OK, OK, OK, OK, OK, OK, OK, FAILED, NOT]);
  // Nor with its lines masked one by one: how many there are and on which products is nobody else's matter.
  expect(report.of("metering points")?.reason).toBe("METERING_POINT names none of the account's metering points");
  expect(report.stdout).not.toMatch(/6430075|FSK/);
});

test("not one hour of the day before yesterday: 4", async () => {
  world.simulator.set({ publishHour: 24 * 30 });
  const report = await doctor();
  expect(report.exitCode).toBe(4);
  expect(report.of("one day of energy")).toMatchObject({ status: FAILED, reason: expect.stringContaining("no hour") });
});

test("may be shown to anybody: no e-mail, no numbers, no address, no home folder", async () => {
  const shown: string[] = [];
  for (const changes of [
    {},
    { METERING_POINT: "FSK77008899" },
    { METERING_POINT: "1" },
    { CARUNA_PASSWORD: "x" },
    { CARUNA_USER: "demo2@example.com" },
  ]) {
    for (const parameters of [["doctor"], ["doctor", "--json"]]) {
      const { stdout, stderr } = await run(parameters, changes);
      shown.push(stdout, stderr);
    }
  }
  expect(shown.join("\n")).not.toMatch(/example\.com|770088|6430|Mäntykuja|Espoo/);
  expect(shown.join("\n")).not.toContain(world.folder);
});

test("the embedded PostgreSQL is not made by a look at it; one that is there is asked", async () => {
  const settings = accountSettings(world.simulator);
  const first = await runCommand(["doctor"], settings, world.folder);
  expect([first.exitCode, first.stdout]).toEqual([0, expect.stringContaining("its data are made by the first start")]);
  expect(statSync(join(world.folder, "state", "postgres"), { throwIfNoEntry: false })).toBeUndefined();
  await runCommand(["start", "--once"], settings, world.folder);
  const second = await runCommand(["doctor"], settings, world.folder);
  expect([second.exitCode, second.stdout]).toEqual([0, expect.stringMatching(/\d+ hours stored/)]);
});
