import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCommand } from "../support/command.js";
import { ENTRY, startProgram, watch } from "../support/program.js";
import { lastDates, type Row, trueRows } from "../support/truth.js";
import { newWorlds } from "../support/world.js";

const world = newWorlds({ meters: 2 });
const dates = lastDates(Date.now(), 7);

const run = (...parameters: string[]) => runCommand(parameters, world.settings, world.folder);
/** A shell's command line, in which `$0` is Node.js and `$1` the program. */
const inShell = async (commandLine: string) => {
  const env = { PATH: process.env.PATH ?? "", HOME: world.folder, ...world.settings };
  return await watch(spawn("sh", ["-c", commandLine, process.execPath, ENTRY], { cwd: world.folder, env })).ended;
};
/** What an export needs: the last days of both metering points, and a table that follows the first. */
const load = () => world.once({ METERING_POINT: world.meter });
const second = () => {
  const meter = world.simulator.household.meters[1];
  if (meter === undefined) throw new Error("no second meter");
  return meter;
};

/** The cells of a CSV without quotes, by column. */
function rowsOf(csv: string, separator = ","): Record<string, string>[] {
  const [head = "", ...lines] = csv
    .replace(/^\uFEFF/, "")
    .trimEnd()
    .split("\r\n");
  const names = head.split(separator);
  return lines.map((line) => {
    const cells = line.split(separator);
    return Object.fromEntries(names.map((name, column) => [name, cells[column] ?? ""]));
  });
}

const hours = (rows: readonly Row[]) => rows.map(({ epochMs, kwh_total }) => [epochMs, kwh_total]);
const exported = (csv: string) =>
  rowsOf(csv).map(({ datetime = "", kwh_total }) => [Date.parse(datetime), Number(kwh_total)]);

test("export writes all that is stored of the followed metering point, without a request", async () => {
  await load();
  const requests = world.simulator.requests.length;
  const { exitCode, stdout, stderr } = await run("export");
  expect([exitCode, stderr]).toEqual([0, ""]);
  expect(exported(stdout)).toEqual(hours(trueRows(world.simulator, world.meter, dates)));
  expect(rowsOf(stdout)[0]?.datetime).toMatch(new RegExp(`^${dates[0]}T00:00:00\\+0[23]:00$`));
  expect(world.simulator.requests).toHaveLength(requests);
});

test.each(["assetId", "gsrn"] as const)(
  "export --metering-point takes its %s, --from and --to Finnish days",
  async (key) => {
    await load();
    const days = dates.slice(2, 4);
    const { exitCode, stdout } = await run(
      ...["export", "--metering-point", second()[key], "--from", days[0] ?? "", "--to", days[1] ?? ""],
    );
    expect(exitCode).toBe(0);
    expect(exported(stdout)).toEqual(hours(trueRows(world.simulator, second().assetId, days)));
  },
);

test("export --format json and ndjson hold the same hours", async () => {
  await load();
  const json = JSON.parse((await run("export", "--format", "json")).stdout);
  // What asks Caruna+ nothing needs no account.
  const { CARUNA_USER: _, CARUNA_PASSWORD: __, ...settings } = world.settings;
  const lines = (await runCommand(["export", "--format", "ndjson"], settings, world.folder)).stdout
    .trimEnd()
    .split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual(json);
  const told = json.map(({ start, kwhTotal }: { start: string; kwhTotal: number }) => [Date.parse(start), kwhTotal]);
  expect(told).toEqual(hours(trueRows(world.simulator, world.meter, dates)));
});

test("export --locale fi is what Excel in Finland opens: also the hour that comes twice", async () => {
  await runCommand(
    ["load", "--from", "2025-10-26", "--to", "2025-10-26"],
    { ...world.settings, METERING_POINT: world.meter },
    world.folder,
  );
  const { stdout } = await run("export", "--locale", "fi", "--to", "2025-12-31");
  expect(stdout.startsWith("\uFEFFdatetime;utc_offset_hours;kwh_total;")).toBe(true);
  const rows = rowsOf(stdout, ";");
  expect(rows).toHaveLength(25);
  expect(rows.slice(3, 5).map(({ datetime, utc_offset_hours }) => [datetime, utc_offset_hours])).toEqual([
    ["2025-10-26 03:00", "3"],
    ["2025-10-26 03:00", "2"],
  ]);
  const truth = trueRows(world.simulator, world.meter, ["2025-10-26"]).map(({ kwh_total }) =>
    String(kwh_total).replace(".", ","),
  );
  expect(rows.map(({ kwh_total }) => kwh_total)).toEqual(truth);
});

describe("export --out", () => {
  const entries = () => readdirSync(world.folder).filter((name) => name !== "state");

  test("writes the file, and says so", async () => {
    await load();
    const { exitCode, stdout } = await run("export", "--out", "hours.csv");
    expect([exitCode, stdout]).toEqual([
      0,
      expect.stringMatching(`^[\\d,]+ hours of ${world.meter} are in .*hours.csv`),
    ]);
    expect(readFileSync(join(world.folder, "hours.csv"), "utf8")).toBe((await run("export")).stdout);
    expect(entries()).toEqual(["hours.csv"]);
  });

  test("leaves a file that is there, unless --overwrite is given, behind a link too", async () => {
    await load();
    const file = join(world.folder, "hours.csv");
    writeFileSync(file, "mine");
    const refused = await run("export", "--out", "hours.csv");
    expect([refused.exitCode, refused.stdout]).toEqual([2, ""]);
    expect(refused.stderr.trimEnd().split("\n")).toEqual([expect.stringContaining("--overwrite")]);
    expect(readFileSync(file, "utf8")).toBe("mine");
    symlinkSync(file, join(world.folder, "link.csv"));
    expect((await run("export", "--out", "link.csv", "--overwrite")).exitCode).toBe(0);
    expect(readFileSync(file, "utf8")).toMatch(/^datetime,/);
    expect(entries()).toEqual(["hours.csv", "link.csv"]);
  });

  test("leaves nothing where the database fails in the middle, and the file that was there", async () => {
    await load();
    writeFileSync(join(world.folder, "hours.csv"), "mine");
    await world.database.query("ALTER TABLE metering_point_hourly ALTER COLUMN status TYPE text USING 'broken'");
    const { exitCode } = await run("export", "--out", "hours.csv", "--overwrite");
    expect(exitCode).not.toBe(0);
    expect(readFileSync(join(world.folder, "hours.csv"), "utf8")).toBe("mine");
    expect(entries()).toEqual(["hours.csv"]);
  });

  test("refuses a folder, and writes to a device as it is", async () => {
    await load();
    mkdirSync(join(world.folder, "folder"));
    symlinkSync("/dev/null", join(world.folder, "null"));
    const refused = await run("export", "--out", "folder", "--overwrite");
    expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining("no regular file")]);
    for (const out of ["/dev/null", "null"]) {
      const written = await run("export", "--out", out, "--overwrite");
      expect([written.exitCode, written.stdout, written.stderr]).toEqual([0, "", expect.stringContaining("hours of")]);
    }
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
    expect(entries()).toEqual(["folder", "null"]);
  });

  test("to - or a name of its own output: the hours there, the sentence on stderr", async () => {
    await load();
    const { stdout } = await run("export");
    for (const out of ["-", "/dev/stdout", "/dev/fd/1"]) {
      const written = await run("export", "--out", out);
      expect([written.exitCode, written.stdout, written.stderr]).toEqual([
        0,
        stdout,
        expect.stringContaining("hours of"),
      ]);
    }
    expect(entries()).toEqual([]);
  });

  test("a full device behind it or behind stdout is one line and no success", async () => {
    await load();
    const full = await run("export", "--out", "/dev/full");
    expect([full.exitCode, full.stdout, full.stderr.trimEnd().split("\n")]).toEqual([
      2,
      "",
      [expect.stringContaining("the disk is full")],
    ]);
    const { exitCode, stderr } = await inShell(`"$0" "$1" export > /dev/full`);
    expect([exitCode, stderr.trimEnd().split("\n")]).toEqual([1, [expect.stringContaining("standard output")]]);
  });
});

describe("2: an export that cannot be meant, told in one line", () => {
  test("by what it says of days, formats, files and metering points", async () => {
    await load();
    const cases: readonly (readonly [parameters: string[], named: string])[] = [
      [["--from", "2026-03-02", "--to", "2026-03-01"], "is after"],
      [["--from", "2026-02-30"], "is no day"],
      [["--from", "0000-01-01"], "is no day"],
      [["--format", "xml"], "csv, json, ndjson"],
      [["--format", "json", "--locale", "fi"], "--format csv"],
      [["--locale", "sv"], "en, fi"],
      [["--out", "no-such-folder/hours.csv"], "does not exist"],
      [["--metering-point", "12345"], "no metering point known here"],
      [["--meteringpoint", "12345"], "--metering-point"],
    ];
    for (const [parameters, named] of cases) {
      const { exitCode, stdout, stderr } = await run("export", ...parameters);
      expect([parameters, exitCode, stdout]).toEqual([parameters, 2, ""]);
      expect(stderr.trimEnd().split("\n")).toEqual([expect.stringContaining(named)]);
    }
  });

  test("several metering points and none followed: they are listed", async () => {
    await world.once();
    const { exitCode, stdout, stderr } = await run("export");
    expect([exitCode, stdout]).toEqual([2, ""]);
    for (const id of [world.meter, second().assetId]) expect(stderr).toContain(id);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  test("nothing is loaded yet", async () => {
    const { exitCode, stderr } = await run("export", "--out", "hours.csv");
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("caruna-integration sync")]);
    expect(existsSync(join(world.folder, "hours.csv"))).toBe(false);
  });
});

test("days without a stored hour: the head alone, and a word on stderr", async () => {
  await load();
  const { exitCode, stdout, stderr } = await run("export", "--from", "2001-01-01", "--to", "2001-01-31");
  expect([exitCode, stdout.split("\r\n").length]).toEqual([0, 2]);
  expect(stderr).toContain("no hour");
});

test("a reader that has gone ends the export without an error", async () => {
  await load();
  const running = startProgram(["export"], world.settings, world.folder);
  running.child.stdout?.destroy();
  const ended = await running.ended;
  expect([ended.exitCode, ended.stderr]).toEqual([0, ""]);
});

test("ten years of hours take no more memory than one", async () => {
  await load();
  await world.database.query(
    `INSERT INTO metering_point_hourly (metering_point, datetime, kwh_total)
     SELECT $1, timestamptz '2015-01-01 00:00+02' + hour * interval '1 hour', 1.25 FROM generate_series(0, 87599) AS hour`,
    [world.meter],
  );
  // The program itself takes about 25 MB; the hours of ten years at once would take twice the limit.
  const small = { ...world.settings, NODE_OPTIONS: "--max-old-space-size=48" };
  const { exitCode, stdout } = await runCommand(
    ["export", "--format", "ndjson", "--to", "2024-12-31"],
    small,
    world.folder,
  );
  expect([exitCode, stdout.split("\n").length]).toEqual([0, 87_601]);
});
