import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { lastDays } from "../../src/index.js";
import { atTheEnd, simulatorFor } from "../support/caruna.js";
import { accountSettings, type Ended, watch } from "../support/program.js";

const EXAMPLES = resolve(import.meta.dirname, "../../examples");

/** A simulator, and a way to run an example against it as a reader of the README would. */
async function exampleRunner() {
  const simulator = await simulatorFor({ meters: 2, publishHour: 0 });
  const run = (name: string, parameters: readonly string[] = [], settings: Record<string, string> = {}) =>
    runExample(name, parameters, { ...accountSettings(simulator), ...settings });
  return { simulator, run };
}

async function runExample(
  name: string,
  parameters: readonly string[],
  settings: Record<string, string>,
): Promise<Ended> {
  const env = { PATH: process.env.PATH ?? "", TZ: "America/New_York", ...settings };
  return await watch(spawn(process.execPath, [join(EXAMPLES, name), ...parameters], { env })).ended;
}

describe("the example in docs/library.md", () => {
  test("prints the hours of a month, in ten lines", async () => {
    const { simulator } = await exampleRunner();
    const text = readFileSync(resolve(EXAMPLES, "../docs/library.md"), "utf8");
    const program = /```js\n([\s\S]*?)```/.exec(text)?.[1] ?? "";
    expect(program.trim().split("\n").filter(Boolean).length).toBeLessThanOrEqual(10);
    const { CARUNA_BASE_URL: baseUrl, CARUNA_ALLOWED_HOSTS: host, ...account } = accountSettings(simulator);
    const here = program.replace(
      "{ username, password }",
      JSON.stringify({ baseUrl, allowedHosts: [host] }).replace("{", "{ username, password, "),
    );
    const env = { PATH: process.env.PATH ?? "", ...account };
    const options = { env, cwd: resolve(EXAMPLES, "..") };
    const { exitCode, stdout, stderr } = await watch(
      spawn(process.execPath, ["--input-type=module", "-e", here], options),
    ).ended;
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout.trim().split("\n")).toHaveLength(31 * 24 + 1);
  });
});

describe("the examples", () => {
  test("metering-points.js logs in and prints the metering points", async () => {
    const { run } = await exampleRunner();
    expect(await run("metering-points.js")).toMatchObject({
      exitCode: 0,
      stderr: "",
      stdout:
        "FSK000127\t643003610000000007\tYösiirto 25 A\tMäntykuja 7, 02780 Espoo\n" +
        "FSK000227\t643003610000079195\tYleissiirto 25 A\tLänsiväylänpolku 12 B 4, 10600 Tammisaari\n",
    });
  });

  test("metering-points.js prints what is wrong in words, without a stack", async () => {
    const { run } = await exampleRunner();
    const { exitCode, stdout, stderr } = await run("metering-points.js", [], { CARUNA_PASSWORD: "wrong" });
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^Caruna\+ rejected the user name or the password/);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  test("they name the two settings that they need", async () => {
    const { exitCode, stderr } = await runExample("metering-points.js", [], {});
    expect(exitCode).toBe(2);
    expect(stderr).toContain("Set CARUNA_USER and CARUNA_PASSWORD");
  });

  test("daily-consumption.js prints the days of a month and their sum", async () => {
    const { simulator, run } = await exampleRunner();
    const { exitCode, stdout, stderr } = await run("daily-consumption.js", ["2026-03"]);
    expect([exitCode, stderr]).toEqual([0, ""]);
    const days = Array.from({ length: 31 }, (_, index) => `2026-03-${String(index + 1).padStart(2, "0")}`);
    const kwhOf = (day: string) =>
      simulator.household.truthOfDay("FSK000127", day).reduce((sum, { kwhTotal }) => sum + kwhTotal, 0);
    const sum = days.reduce((total, day) => total + kwhOf(day), 0);
    expect(stdout.trim().split("\n")).toEqual([
      ...days.map((day) => `${day} ${kwhOf(day).toFixed(2)} kWh`),
      `2026-03 ${sum.toFixed(2)} kWh`,
    ]);
  });

  test("daily-consumption.js takes the last month where none is named", async () => {
    const { run } = await exampleRunner();
    const before = lastDays(Date.now(), 1)[0]?.add({ days: 1 }).subtract({ months: 1 }).toString().slice(0, 7);
    const { stdout } = await run("daily-consumption.js");
    expect(stdout.trim().split("\n").at(-1)).toContain(`${before} `);
  });

  test("hours-to-csv.js writes every hour of the days, 25 on the day the clocks are set back", async () => {
    const { simulator, run } = await exampleRunner();
    const { exitCode, stdout, stderr } = await run("hours-to-csv.js", ["2025-10-25", "2025-10-26"]);
    expect([exitCode, stderr]).toEqual([0, ""]);
    const [head, ...lines] = stdout.trim().split("\n");
    expect(head).toBe("start,kwh,kwh_day,kwh_night,celsius,eur");
    const truth = ["2025-10-25", "2025-10-26"].flatMap((day) => simulator.household.truthOfDay("FSK000127", day));
    expect(lines).toHaveLength(49);
    expect(lines.map((line) => line.split(",").slice(0, 2))).toEqual(
      truth.map(({ startEpochMs, kwhTotal }) => [new Date(startEpochMs).toISOString(), String(kwhTotal)]),
    );
    for (const line of lines) expect(line).toMatch(/^\S+Z,[\d.]+,(?:[\d.]+,|,[\d.]+),-?[\d.]+,[\d.]+$/);
  });

  test("own-session-store.js spares the second run the login, and its file tells nothing", async () => {
    const { simulator, run } = await exampleRunner();
    const folder = mkdtempSync(join(tmpdir(), "caruna-integration-example-"));
    atTheEnd(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "session.bin");
    const SESSION_KEY = "0123456789abcdef".repeat(4);
    const first = await run("own-session-store.js", [file], { SESSION_KEY });
    const second = await run("own-session-store.js", [file], { SESSION_KEY });
    expect(first).toMatchObject({ exitCode: 0, stderr: "logged in to Caruna+\n" });
    expect(second).toMatchObject({ exitCode: 0, stderr: "", stdout: first.stdout });
    expect(first.stdout).toBe("50123456\tSäynäväinen Äijö\tMäntykuja 7, 02780 Espoo\n");
    expect(simulator.passwordPosts).toBe(1);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "latin1")).not.toContain("50123456");
    const otherKey = await run("own-session-store.js", [file], { SESSION_KEY: "f".repeat(64) });
    expect(otherKey.stderr).toBe("logged in to Caruna+\n");
  });
});
