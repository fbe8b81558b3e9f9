import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Interception, SimulatorOptions } from "../../src/simulator/index.js";
import { CANARIES, type CanaryService, canaryService, found, privateFiles } from "../support/canaries.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";
import { databaseSettings, ENTRY, workingDirectory } from "../support/program.js";
import { inTerminal, type Terminal } from "../support/terminal.js";

const CTRL_C = "\u0003";
const HTML = "<html><head><title>Uusi sivu</title></head><body><form><input name='x'></form></body></html>";
/** What is typed: the address is echoed, the password never is. */
const { user, password } = CANARIES;
const WRONG = "CanaryWrongPasswordQx";
/** By these a person tells metering points apart. */
const SHOWN: readonly string[] = [user, CANARIES.street, CANARIES.assetId, CANARIES.gsrn];

let service: CanaryService;
let database: TestDatabase;
let folder: ReturnType<typeof workingDirectory>;
beforeEach(async () => {
  const { customer: customerNumber, assetId, gsrn, street } = CANARIES;
  const address = { streetName: street, houseNumber: "7", postalCode: "02780", postOffice: street };
  // A second metering point makes it ask which one.
  service = await canaryService({ meters: [{ customerNumber, assetId, gsrn, address }, { customerNumber }] });
  database = await createDatabase();
  folder = workingDirectory();
});
afterEach(async () => {
  await service.stop();
  await database.drop();
  folder.remove();
});

/** The program in a terminal, with no account set and everything told that there is to tell. */
function run(command: string, changes: Record<string, string> = {}): Terminal {
  const settings = {
    ...databaseSettings(database),
    CARUNA_BASE_URL: service.simulator.plusUrl,
    CARUNA_ALLOWED_HOSTS: new URL(service.simulator.authUrl).host,
    ...{ LOG_LEVEL: "trace", BACKFILL: "none", DAYS_TO_LOAD: "1", HTTP_PORT: "0" },
    ...changes,
  };
  const commandLine = `stty cols 160 rows 50; ${process.execPath} ${ENTRY} ${command}; echo exit code $?`;
  return inTerminal(commandLine, settings, folder.path);
}

async function logIn(terminal: Terminal, typed: string = password, typedUser: string = user): Promise<void> {
  await terminal.shows("E-mail address");
  terminal.type(`${typedUser}\r`);
  await terminal.shows("Password");
  terminal.type(`${typed}\r`);
}

/** What a dialogue leaves where it should not: in the terminal, and in every file but `.env` and the session. */
async function leftBy(terminal: Terminal): Promise<{ exitCode: number; hits: string[]; shown: string }> {
  const { stdout, stderr } = await terminal.ended;
  const { "session.json": session = "", ...files } = privateFiles(join(folder.path, "state"));
  const secrets = [...Object.values(CANARIES), WRONG, ...service.wire];
  const hits = [
    ...found(
      { terminal: stdout + stderr },
      secrets.filter((secret) => !SHOWN.includes(secret)),
    ),
    ...found(files, secrets),
    ...found({ session }, [user, password, WRONG]),
  ];
  return { exitCode: Number(/exit code (\d+)/.exec(stdout)?.[1]), hits, shown: stdout };
}

test.each(["setup", "start --once"])(
  "%s shows no secret when all is well, and keeps the account in .env alone",
  async (command) => {
    const terminal = run(command);
    await logIn(terminal);
    await terminal.shows("Which metering point");
    terminal.type("\r");
    await terminal.shows("Keep this in");
    terminal.type("\r");
    const { exitCode, hits, shown } = await leftBy(terminal);
    expect([exitCode, hits]).toEqual([0, []]);
    expect(shown).toContain(user);
    const file = join(folder.path, ".env");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(found({ env: readFileSync(file, "utf8") }, [...Object.values(CANARIES), ...service.wire]).sort()).toEqual(
      [`env: ${CANARIES.assetId}`, `env: ${password}`, `env: ${user}`].sort(),
    );
  },
);

describe("no secret is shown when the login of the dialogue", () => {
  test.each<[string, Partial<SimulatorOptions>, Interception | undefined, number]>([
    ["needs a second factor", { secondFactor: true }, undefined, 3],
    ["meets maintenance", { maintenance: 503 }, undefined, 4],
    ["meets a page that nobody knows", {}, { pathIncludes: "/commonauth", answer: { status: 200, body: HTML } }, 4],
    ["is led to another host", { foreign: { step: "journey", url: "http://foreign.example:81/x" } }, undefined, 4],
    [
      "is refused its token",
      {},
      { pathIncludes: "/authorization/token", answer: { status: 400, body: '{"msg":"no"}' } },
      4,
    ],
    ["has its password post cut off", {}, { method: "POST", pathIncludes: "/portal/login", answer: "disconnect" }, 4],
    ["gets no list of metering points", {}, { pathIncludes: "/assets", answer: { status: 200, body: "ei JSONia" } }, 4],
  ])("%s", async (_, behaviour, interception, expected) => {
    service.simulator.set(behaviour);
    if (interception !== undefined) service.simulator.answerNext({ ...interception, times: 99 });
    const terminal = run("start");
    await logIn(terminal);
    const { exitCode, hits } = await leftBy(terminal);
    expect([exitCode, hits]).toEqual([expected, []]);
  });

  test.each(["feedback", "redirect", "401"] as const)("is rejected three times (%s)", async (wrongPassword) => {
    service.simulator.set({ wrongPassword });
    const terminal = run("setup");
    await logIn(terminal, WRONG);
    for (const typed of [`${WRONG}2`, `${WRONG}3`]) {
      await terminal.shows("rejected the e-mail address");
      await logIn(terminal, typed, "");
    }
    const { exitCode, hits } = await leftBy(terminal);
    expect([exitCode, hits]).toEqual([3, []]);
  });

  test("is given up at the password, half typed, and in the middle of a request", async () => {
    const half = run("setup");
    await half.shows("E-mail address");
    half.type(`${user}\r`);
    await half.shows("Password");
    half.type(password);
    half.type(CTRL_C);
    expect(await leftBy(half)).toMatchObject({ exitCode: 130, hits: [] });
    service.simulator.answerNext({ site: "auth", method: "POST", pathIncludes: "/portal/login", answer: "hang" });
    const hung = run("setup");
    await logIn(hung);
    await expect.poll(() => service.simulator.passwordPosts, { timeout: 30_000 }).toBe(1);
    hung.type(CTRL_C);
    expect(await leftBy(hung)).toMatchObject({ exitCode: 130, hits: [] });
  });

  test("has no database to ask", async () => {
    const terminal = run("setup", { DB_PORT: "1" });
    await logIn(terminal);
    expect(await leftBy(terminal)).toMatchObject({ exitCode: 5, hits: [] });
  });
});
