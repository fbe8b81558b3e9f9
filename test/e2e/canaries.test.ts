import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Interception, SimulatorOptions } from "../../src/simulator/index.js";
import { CANARIES, type CanaryService, canaryService, found, privateFiles } from "../support/canaries.js";
import { runCommand } from "../support/command.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";
import { databaseSettings, workingDirectory } from "../support/program.js";

let service: CanaryService;
let database: TestDatabase;
let folder: ReturnType<typeof workingDirectory>;

beforeEach(async () => {
  service = await canaryService();
  database = await createDatabase();
  folder = workingDirectory();
});
afterEach(async () => {
  await service.stop();
  await database.drop();
  folder.remove();
});

const run = (parameters: readonly string[]) =>
  runCommand(
    parameters,
    {
      ...databaseSettings(database),
      CARUNA_USER: CANARIES.user,
      CARUNA_PASSWORD: CANARIES.password,
      CARUNA_BASE_URL: service.simulator.plusUrl,
      CARUNA_ALLOWED_HOSTS: new URL(service.simulator.authUrl).host,
      LOG_LEVEL: "trace",
    },
    folder.path,
  );

/** Every file of the state directory by its path in it; none of them may be read by others. */
const stateFiles = () => privateFiles(join(folder.path, "state"));

const DOCTOR_AND_CYCLE = [
  ["doctor", "--json"],
  ["start", "--once"],
];

/** Runs the doctor, then a cycle, and looks for the canaries in all that they leave. */
async function leftBy(
  commands = DOCTOR_AND_CYCLE,
): Promise<{ exitCodes: (number | null)[]; hits: string[]; transcripts: number }> {
  const texts: Record<string, string> = {};
  const exitCodes: (number | null)[] = [];
  for (const parameters of commands) {
    const { exitCode, stdout, stderr } = await run(parameters);
    exitCodes.push(exitCode);
    texts[`${parameters.join(" ")}, stdout`] = stdout;
    texts[`${parameters.join(" ")}, stderr`] = stderr;
    expect(stdout + stderr).not.toBe("");
  }
  const { "session.json": session = "", ...files } = stateFiles();
  const hits = found({ ...texts, ...files }, [...Object.values(CANARIES), ...service.wire]);
  // The session is the one file that keeps the token, the cookies and whom they are good for: nothing else of the wire.
  const { customer, cookie, number, ...others } = CANARIES;
  const transcripts = Object.keys(files).filter((name) => name.startsWith("transcripts")).length;
  return { exitCodes, hits: [...hits, ...found({ session }, Object.values(others))], transcripts };
}

const HTML = "<html><head><title>Uusi sivu</title></head><body><form><input name='x'></form></body></html>";

describe("no canary is seen again when a login", () => {
  test.each<[string, Partial<SimulatorOptions>, Interception | undefined, number]>([
    ["is rejected in words", { password: "other" }, undefined, 3],
    ["is rejected by a redirect", { password: "other", wrongPassword: "redirect" }, undefined, 3],
    ["is rejected by 401", { password: "other", wrongPassword: "401" }, undefined, 3],
    ["needs a second factor", { secondFactor: true }, undefined, 3],
    ["meets a page that nobody knows", {}, { pathIncludes: "/commonauth", answer: { status: 200, body: HTML } }, 4],
    ["meets an error page", {}, { pathIncludes: "/commonauth", answer: { status: 404, body: HTML } }, 4],
    [
      "gets a page in place of its start",
      {},
      { pathIncludes: "/authorization/login", answer: { status: 200, body: HTML } },
      4,
    ],
    [
      "is refused its token",
      {},
      { pathIncludes: "/authorization/token", answer: { status: 400, body: '{"msg":"no"}' } },
      4,
    ],
    [
      "gets a token of another shape",
      {},
      { pathIncludes: "/token", answer: { status: 200, body: '{"tokens":[]}' } },
      4,
    ],
    ["meets a page of maintenance", { maintenance: 200 }, undefined, 4],
    ["meets maintenance by status", { maintenance: 503 }, undefined, 4],
    ["loses its session again and again", { loseSessions: 99 }, undefined, 4],
    ["is led to another host", { foreign: { step: "journey", url: "http://foreign.example:81/x" } }, undefined, 4],
    ["has its password post cut off", {}, { method: "POST", pathIncludes: "/portal/login", answer: "disconnect" }, 4],
  ])("%s", async (_, behaviour, interception, exitCode) => {
    service.simulator.set(behaviour);
    if (interception !== undefined) service.simulator.answerNext({ ...interception, times: 99 });
    const left = await leftBy();
    expect(left.hits).toEqual([]);
    expect(left.exitCodes).toEqual([exitCode, exitCode]);
    const isPlainlyUnreachable = interception?.answer === "disconnect" || behaviour.maintenance === 503;
    expect(left.transcripts > 0).toBe(!isPlainlyUnreachable);
  });
});

describe("no canary is seen again when a call", () => {
  test.each<[string, Partial<SimulatorOptions>, Interception | undefined]>([
    ["is refused", { refuseTokens: true }, undefined],
    ["is answered by the login page", { refuseTokens: true, tokenRefusal: "login-page" }, undefined],
    ["gets no JSON", {}, { pathIncludes: "/assets", answer: { status: 200, body: "ei JSONia" } }],
    ["gets another shape", {}, { pathIncludes: "/energy", answer: { status: 200, body: '{"hours":{}}' } }],
    ["gets the service's own words", {}, { pathIncludes: "/energy", answer: { status: 400, body: '{"msg":"Virhe"}' } }],
    ["is cut off", {}, { pathIncludes: "/energy", answer: "disconnect" }],
  ])("%s", async (_, behaviour, interception) => {
    service.simulator.set(behaviour);
    if (interception !== undefined) service.simulator.answerNext({ ...interception, times: 999 });
    const left = await leftBy();
    expect(left.hits).toEqual([]);
    expect(left.exitCodes).toEqual([4, 4]);
  });
});

test("no canary is seen again when all is well", async () => {
  const left = await leftBy([["doctor"], ...DOCTOR_AND_CYCLE]);
  expect(left).toEqual({ exitCodes: [0, 0, 0], hits: [], transcripts: 0 });
  expect(service.simulator.passwordPosts).toBe(1);
});

/** What of a person each command shows: that is what it is asked for. All the others show none of it. */
const SHOWN: Readonly<Record<string, readonly (keyof typeof CANARIES)[]>> = {
  profile: ["customer", "street"],
  contracts: ["customer", "assetId"],
  "metering-points": ["customer", "gsrn", "assetId", "street"],
  status: ["assetId", "street"],
  "status --json": ["assetId"],
  "verify --json": ["assetId"],
  energy: ["assetId"],
};

test("no command shows more of a person than it is asked for, and none shows a secret", async () => {
  await run(["start", "--once"]);
  const texts: [string, string][] = [];
  const tell = async (command: string) => {
    const { stdout, stderr } = await run(command.split(" "));
    texts.push([command, stdout + stderr]);
  };
  await Promise.all([...Object.keys(SHOWN), "health", "export", "--help", "help start", "--version"].map(tell));
  for (const command of ["login", "logout", "nonsense"]) await tell(command);
  const hits = texts.flatMap(([command, text]) => {
    const shown = (SHOWN[command] ?? []).map((name): string => CANARIES[name]);
    const secrets = [...Object.values(CANARIES), ...service.wire];
    return found(
      { [command]: text },
      secrets.filter((secret) => !shown.includes(secret)),
    );
  });
  expect(hits).toEqual([]);
  for (const [command, text] of texts) expect(text, command).not.toBe("");
});

test("the canaries are there to be found: on the wire, in the session file, and by the search", async () => {
  await run(["start", "--once"]);
  expect(service.wire.size).toBeGreaterThan(8);
  const session = stateFiles()["session.json"] ?? "";
  expect(found({ session }, [CANARIES.cookie, CANARIES.customer, ...service.wire]).length).toBeGreaterThan(3);
  expect(found({ log: `a ${encodeURIComponent(CANARIES.password)} b` }, [CANARIES.password])).toHaveLength(1);
});
