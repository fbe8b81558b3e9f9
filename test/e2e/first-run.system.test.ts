import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ENTRY, runProgram } from "../support/program.js";
import { inTerminal, type Terminal, terminalStates } from "../support/terminal.js";
import { lastDates, storedRows, trueRows } from "../support/truth.js";
import { newWorlds } from "../support/world.js";

const MATTI = "matti.meikalainen@example.com";
const PASSWORD = "kissa istuu #1";
const DOWN = "\u001b[B";
const CTRL_C = "\u0003";

/** Two metering points: an own one, and one of a housing company that the person acts for. */
const world = newWorlds({ meters: [{}, { represented: true, customerNumber: "50999999" }] });

const envFile = () => join(world.folder, ".env");
const sessionFile = () => join(world.folder, "state", "session.json");
const meter = (index: number) => world.simulator.household.meters[index]?.assetId ?? "";

/** The settings that lead to this Caruna+ and this database, with no account. */
function withoutAccount(): Record<string, string> {
  const { CARUNA_USER: _, CARUNA_PASSWORD: __, ...settings } = world.settings;
  return settings;
}

/** Runs the program as its only one in a terminal, whose state is told before and after. */
function run(parameters: string, changes: Record<string, string> = {}): Terminal {
  world.simulator.set({ user: MATTI, password: PASSWORD });
  const commandLine = `stty cols 120 rows 50; stty -g; ${process.execPath} ${ENTRY} ${parameters}; echo exit code $?; stty -g`;
  return inTerminal(commandLine, { ...withoutAccount(), ...changes }, world.folder);
}

async function logIn(terminal: Terminal, password: string, username = MATTI): Promise<void> {
  await terminal.shows("E-mail address");
  terminal.type(`${username}\r`);
  await terminal.shows("Password");
  terminal.type(`${password}\r`);
}

/** The end of a program that leaves the terminal as it was, with a cursor, and has shown no password. */
async function ended(terminal: Terminal): Promise<{ exitCode: number; shown: string }> {
  const { stdout } = await terminal.ended;
  const [before, after] = terminalStates(stdout);
  expect(after).toBe(before);
  expect(stdout.lastIndexOf("\u001b[?25h")).toBeGreaterThanOrEqual(stdout.lastIndexOf("\u001b[?25l"));
  expect(stdout).not.toContain(PASSWORD);
  return { exitCode: Number(/exit code (\d+)/.exec(stdout)?.[1]), shown: stdout };
}

test("start asks where no account is set, tries it, writes .env and goes on; a key then ends it", async () => {
  writeFileSync(envFile(), "# mine\nJOB_INTERVAL=1800\n", { mode: 0o644 });
  const terminal = run("start");
  await logIn(terminal, "kissa");
  await terminal.shows('rejected the e-mail address or the password: "Käyttäjätunnus');
  // The address stands there already.
  await logIn(terminal, PASSWORD, "");
  await terminal.shows("Which metering point");
  await terminal.shows("Mäntykuja 7, 02780 Espoo, Yösiirto 25 A");
  await terminal.shows("Länsiväylänpolku 12 B 4, 10600 Tammisaari, Yleissiirto 25 A");
  terminal.type(DOWN);
  terminal.type("\r");
  await terminal.shows(`Keep this in ${envFile()}`);
  terminal.type("\r");
  await terminal.shows("days loaded");
  terminal.type("q");
  const { exitCode, shown } = await ended(terminal);
  expect([exitCode, shown]).toEqual([0, expect.stringContaining("a key was pressed")]);
  const written = `# mine\nJOB_INTERVAL=1800\nCARUNA_USER=${MATTI}\nCARUNA_PASSWORD='${PASSWORD}'\nMETERING_POINT=${meter(1)}\n`;
  expect([readFileSync(envFile(), "utf8"), statSync(envFile()).mode & 0o777]).toEqual([written, 0o600]);
  expect(await storedRows(world.database)).toEqual(trueRows(world.simulator, meter(1), lastDates(Date.now(), 7)));
  // One post for each password; the session of the second one is used from there on.
  expect(world.simulator.passwordPosts).toBe(2);
  expect((await runProgram(["start", "--once"], withoutAccount(), world.folder)).exitCode).toBe(0);
  expect(world.simulator.passwordPosts).toBe(2);
});

test("start --once asks too, names the only metering point, and goes on where nothing shall be written", async () => {
  const terminal = run("start --once", { CARUNA_CUSTOMERS: "own" });
  await logIn(terminal, PASSWORD);
  await terminal.shows("The only metering point: Mäntykuja 7, 02780 Espoo, Yösiirto 25 A");
  await terminal.shows("Keep this");
  terminal.type("n");
  await terminal.shows("Nothing was written");
  expect((await ended(terminal)).exitCode).toBe(0);
  expect(existsSync(envFile())).toBe(false);
  expect((await storedRows(world.database)).length).toBeGreaterThan(0);
});

test("setup offers the address that is set, changes its own lines alone, and ends", async () => {
  const before = `CARUNA_USER=${MATTI}\r\nCARUNA_PASSWORD=old # of spring\r\n# the end`;
  writeFileSync(envFile(), before);
  const terminal = run("setup", { CARUNA_CUSTOMERS: "own" });
  world.simulator.set({ password: "new" });
  await logIn(terminal, "new", "");
  await terminal.shows("Keep this");
  terminal.type("\r");
  expect((await ended(terminal)).exitCode).toBe(0);
  expect(readFileSync(envFile(), "utf8")).toBe(before.replace("old # of spring", "new"));
  expect(existsSync(sessionFile())).toBe(true);
  expect(await world.database.query("SELECT FROM metering_point")).toEqual([]);
});

test("what the environment sets is told, is not asked for, and is not written", async () => {
  const terminal = run("setup", { CARUNA_USER: MATTI, METERING_POINT: meter(1) });
  await terminal.shows("CARUNA_USER, METERING_POINT are set in the environment, which counts before .env");
  await terminal.shows("Password");
  terminal.type(`${PASSWORD}\r`);
  await terminal.shows("The metering point: Länsiväylänpolku");
  await terminal.shows("Keep this");
  terminal.type("\r");
  const { exitCode, shown } = await ended(terminal);
  expect([exitCode, shown]).toEqual([0, expect.not.stringContaining("E-mail address")]);
  expect(readFileSync(envFile(), "utf8")).toMatch(/^#.*\nCARUNA_PASSWORD='kissa istuu #1'\n$/);
});

test("a wrong password of the environment is posted once: there is nothing to ask for", async () => {
  const terminal = run("setup", { CARUNA_USER: MATTI, CARUNA_PASSWORD: "kissa" });
  expect((await ended(terminal)).exitCode).toBe(3);
  expect(world.simulator.passwordPosts).toBe(1);
});

const PAUSED = "The login is paused until";
const QUESTION = "Post the password now all the same?";

test("asks three times at the most, and posts a rejected password again only where the person wants that", async () => {
  const first = run("start");
  await logIn(first, "one");
  await first.shows("rejected the e-mail address");
  await logIn(first, "one", "");
  await first.shows(PAUSED);
  await first.shows(QUESTION);
  first.type("\r");
  await logIn(first, "two", "");
  await first.shows("rejected the e-mail address");
  const { exitCode, shown } = await ended(first);
  expect([exitCode, shown]).toEqual([3, expect.stringContaining("Nothing was written")]);
  expect(world.simulator.passwordPosts).toBe(2);
  // Another program remembers it.
  const second = run("start");
  await logIn(second, "two");
  await second.shows(PAUSED);
  await second.shows(QUESTION);
  second.type("y");
  await second.shows("rejected the e-mail address");
  expect(world.simulator.passwordPosts).toBe(3);
  await logIn(second, "kesä".normalize("NFD"), "");
  await second.shows("decomposed");
  await second.shows("E-mail address");
  second.type(CTRL_C);
  expect((await ended(second)).exitCode).toBe(130);
  expect(world.simulator.passwordPosts).toBe(4);
  expect(existsSync(envFile())).toBe(false);
});

const QUESTIONS = ["E-mail address", "Password", "Which metering point", "Keep this"];

test.each([
  ["Ctrl-C", CTRL_C, "E-mail address"],
  ["Ctrl-C", CTRL_C, "Password"],
  ["Ctrl-C", CTRL_C, "Which metering point"],
  ["Ctrl-C", CTRL_C, "Keep this"],
  ["Ctrl-D", "\u0004", "E-mail address"],
  ["Escape", "\u001b", "Which metering point"],
])("%s (%j) at %s ends it quietly and writes nothing", async (_, key, at) => {
  const terminal = run("start");
  const answers = [`${MATTI}\r`, `${PASSWORD}\r`, "\r"];
  for (const [index, question] of QUESTIONS.entries()) {
    await terminal.shows(question);
    if (question === at) break;
    terminal.type(answers[index] ?? "");
  }
  terminal.type(key);
  const { exitCode, shown } = await ended(terminal);
  expect([exitCode, shown]).toEqual([130, expect.stringContaining("Given up; nothing was written")]);
  expect(shown).not.toMatch(/Error|Warning|level/);
  expect([existsSync(envFile()), existsSync(sessionFile())]).toEqual([false, false]);
});

test("Ctrl-C during the login ends it, and the guard knows of the post", async () => {
  const terminal = run("start");
  world.simulator.answerNext({ site: "auth", method: "POST", answer: "hang" });
  await logIn(terminal, PASSWORD);
  await expect.poll(() => world.simulator.passwordPosts, { timeout: 30_000 }).toBe(1);
  terminal.type(CTRL_C);
  expect((await ended(terminal)).exitCode).toBe(130);
  expect(await world.database.query("SELECT unfinished_tries FROM login_guard")).toEqual([{ unfinished_tries: 1 }]);
});

/** The program that the shells in between have started. */
function lastDescendant(pid: number): number {
  const [child = ""] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
  return child === "" ? pid : lastDescendant(Number(child));
}

test("ended by a signal at a question, it gives the terminal back", async () => {
  const terminal = run("start");
  await terminal.shows("E-mail address");
  process.kill(lastDescendant(terminal.child.pid ?? Number.NaN), "SIGTERM");
  expect((await ended(terminal)).exitCode).toBe(130);
});

test.each([
  ["Caruna+ out of order", { maintenance: 503 }, 4, "Caruna+ is out of reach"],
  ["a second factor", { secondFactor: true }, 3, "asks for a one-time code (a second factor)"],
  [
    "another host behind the password",
    { foreign: { step: "journey", url: "https://example.com/" } },
    4,
    "leads to example.com",
  ],
] as const)("%s: the usual message and exit code", async (_, behaviour, expected, message) => {
  const terminal = run("start");
  world.simulator.set(behaviour);
  await logIn(terminal, PASSWORD);
  const { exitCode, shown } = await ended(terminal);
  expect([exitCode, shown]).toEqual([expected, expect.stringContaining(message)]);
  expect(existsSync(envFile())).toBe(false);
});

test("a database out of reach: the usual message and exit code, and no password is posted", async () => {
  const terminal = run("start", { DB_PORT: "1" });
  await logIn(terminal, PASSWORD);
  expect(await ended(terminal)).toMatchObject({ exitCode: 5, shown: expect.stringContaining("PostgreSQL") });
  expect(world.simulator.passwordPosts).toBe(0);
});

test("without a terminal nothing is asked", async () => {
  const started = await runProgram(["start"], withoutAccount(), world.folder);
  expect(started).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("account is not complete") });
  const setUp = await runProgram(["setup"], withoutAccount(), world.folder);
  expect(setUp).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("needs a terminal") });
  for (const redirected of ["</dev/null", ">out.txt", "2>err.txt"]) {
    const terminal = run(`start ${redirected}`);
    expect(await ended(terminal)).toMatchObject({ exitCode: 2, shown: expect.not.stringContaining("E-mail") });
  }
});

test("in the background of a shell nothing is asked, and it is not stopped", async () => {
  const start = `${process.execPath} ${ENTRY} start`;
  const terminal = inTerminal(`set -m; ${start} & wait %1; echo exit code $?`, withoutAccount(), world.folder);
  const { stdout } = await terminal.ended;
  expect(stdout).toContain("account is not complete");
  expect(stdout).toContain("exit code 2");
});
