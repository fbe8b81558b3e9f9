import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { quoteIdentifier } from "../../src/database/connection/connection-errors.js";
import type { MeterOptions } from "../../src/simulator/index.js";
import { runCommand } from "../support/command.js";
import { newWorlds } from "../support/world.js";

/** Ids and names that mean something to SQL, to a shell, to an address, to a log or to a spreadsheet program. */
const HOSTILE_METERS: MeterOptions[] = [
  { assetId: "1'; DROP TABLE public.energy_hourly; --" },
  { assetId: '2"); DELETE FROM public.metering_point; --' },
  { assetId: "3$1::text || pg_sleep(60)" },
  { assetId: "../../../evil?x=1#y" },
  { assetId: "$(touch planted)`touch planted`" },
  { assetId: "=cmd|'/c calc'!A1" },
  {
    assetId: "plain",
    address: {
      streetName: "\u001b]0;owned\u0007\u001b[2JKatu\nMETERING_POINT=forged",
      houseNumber: "'; DROP TABLE public.metering_point; --",
      postalCode: "\u0000\u202E",
      postOffice: "$(touch planted)",
    },
  },
];

describe("what Caruna+ tells", () => {
  const world = newWorlds({ meters: HOSTILE_METERS });

  test("is stored to the letter, and no part of it is executed", async () => {
    const { exitCode, stdout, stderr } = await world.once({ DAYS_TO_LOAD: "1", LOG_FORMAT: "pretty" });
    expect([exitCode, stderr]).toEqual([0, expect.any(String)]);
    const ids = HOSTILE_METERS.map(({ assetId }) => assetId).sort();
    const points = await world.database.query("SELECT id, address FROM public.metering_point");
    expect(points.map(({ id }) => id).sort()).toEqual(ids);
    expect(points.find(({ id }) => id === "plain")?.address).toBe(
      " ]0;owned [2JKatu METERING_POINT=forged '; DROP TABLE public.metering_point; --, \uFFFD  $(touch planted)",
    );
    const stored = await world.database.query(
      "SELECT metering_point, count(*)::int AS hours FROM public.metering_point_hourly GROUP BY 1",
    );
    expect(stored.map(({ metering_point }) => metering_point).sort()).toEqual(ids);
    expect(readdirSync(world.folder)).toEqual(["state"]);
    // What a terminal would obey, or take for a line of its own.
    expect(stdout + stderr).not.toMatch(/(?!\n)[\p{Cc}\u202E]/u);
    expect(stderr).not.toMatch(/^METERING_POINT=forged/m);
    expect(stderr).toContain("METERING_POINT=forged");
  });

  test("is asked for at Caruna+ alone, however an id is written", async () => {
    await world.once({ DAYS_TO_LOAD: "1" });
    const paths = world.simulator.requests.filter(({ site }) => site === "plus").map(({ path }) => path);
    for (const path of paths.filter((asked) => asked.includes("/energy")))
      expect(path).toMatch(/^\/api\/customers\/\d+\/assets\/[^/]+\/energy/);
  });

  test("forges nothing in the lists, and is no formula in a spreadsheet", async () => {
    await world.once({ DAYS_TO_LOAD: "1" });
    for (const command of ["metering-points", "contracts", "profile", "status"]) {
      const { exitCode, stdout, stderr } = await runCommand([command], world.settings, world.folder);
      expect([command, exitCode]).toEqual([command, 0]);
      expect(stdout + stderr, command).not.toMatch(/(?!\n)[\p{Cc}\u202E]/u);
    }
    const parameters = ["export", "--metering-point", "=cmd|'/c calc'!A1"];
    const { exitCode, stdout, stderr } = await runCommand(parameters, world.settings, world.folder);
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout).not.toMatch(/(^|,)=/m);
  });
});

describe("settings", () => {
  const world = newWorlds();

  test("with quotes and semicolons name a database and a role, and run nothing", async () => {
    const mark = randomBytes(4).toString("hex");
    const database = `Da"ta'; DROP TABLE x; -- \\ ${mark}`;
    const role = `Ro"le'; -- \\ ${mark}`;
    const password = `pass'"; \\ $PATH \${HOME} %40 ${mark}`;
    await world.database.query(
      `CREATE ROLE ${quoteIdentifier(role)} LOGIN PASSWORD '${password.replaceAll("'", "''")}'`,
    );
    await world.database.query(`CREATE DATABASE ${quoteIdentifier(database)} OWNER ${quoteIdentifier(role)}`);
    try {
      const settings = { DB_DATABASE: database, DB_USER: role, DB_PASSWORD: password, DAYS_TO_LOAD: "1" };
      expect((await world.once(settings)).exitCode).toBe(0);
      // A name that is not there is quoted in the statement that the person is told to run.
      const { exitCode, stderr } = await world.once({
        ...settings,
        DB_DATABASE: `${database}2`,
        LOG_FORMAT: "pretty",
      });
      expect(exitCode).toBe(5);
      const statement = `CREATE DATABASE ${quoteIdentifier(`${database}2`)} OWNER ${quoteIdentifier(role)};`;
      expect(stderr).toContain(statement);
      expect(stderr).not.toContain("pass'");
    } finally {
      await world.database.query(`DROP DATABASE ${quoteIdentifier(database)} WITH (FORCE)`);
      await world.database.query(`DROP ROLE ${quoteIdentifier(role)}`);
    }
  });

  test("of .env and config.ini are read, and never executed", async () => {
    const code = "$(touch planted)`touch planted`";
    writeFileSync(
      join(world.folder, ".env"),
      `CARUNA_PASSWORD='demo'\nMETERING_POINT=${code}\nEVIL=$(touch planted)\n`,
    );
    writeFileSync(
      join(world.folder, "config.ini"),
      `[main]\nstate_dir = '$(touch planted)'\n[__proto__]\npolluted = yes\n[caruna]\nconstructor = touch planted\n`,
    );
    const { CARUNA_PASSWORD: _, ...settings } = world.settings;
    await runCommand(["start", "--once"], { ...settings, CONFIG_FILE: "config.ini" }, world.folder);
    expect(readdirSync(world.folder).sort()).toEqual([".env", "config.ini"].concat("$(touch planted)").sort());
    expect(existsSync(join(world.folder, "planted"))).toBe(false);
  });
});

describe("the source", () => {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const sources = files.map((name) => [name, readFileSync(join("src", name), "utf8")] as const);
  const using = (pattern: RegExp) => sources.filter(([, text]) => pattern.test(text)).map(([name]) => name);

  test("hands nothing to a shell, and builds no program from text", () => {
    expect(using(/from "node:child_process"/).sort()).toEqual([
      "daemon/key-press.ts",
      "database/embedded/programs.ts",
      "database/embedded/upgrade.ts",
    ]);
    expect(using(/import \{[^}]*\b(exec|execSync|spawnSync|fork)\b[^}]*\} from "node:child_process"/)).toEqual([]);
    expect(using(/\bshell:|\beval\(|new Function\(|node:vm|\bimport\((?!")/)).toEqual([]);
  });

  test("writes no markup from text into the page", () => {
    const writers = using(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|\braw\(/);
    expect(writers.filter((name) => name.startsWith("web/"))).toEqual([]);
  });
});
