import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Interception } from "../../src/simulator/index.js";
import { CANARIES, canaryService, found, privateFiles } from "../support/canaries.js";
import { atTheEnd } from "../support/caruna.js";
import { postedBefore } from "../support/login-posts.js";
import { createDatabase } from "../support/postgres.js";
import { databaseSettings, runProgram, startProgram, workingDirectory } from "../support/program.js";

/** Faults that nobody foresaw, which a signal sets off in the program's own process. */
export const FAULTS: readonly [string, string][] = [
  ["an exception that nobody catches", 'throw new Error("boom")'],
  ["a promise that nobody waits for", 'Promise.reject(new Error("boom"))'],
  ["a call of abort()", "process.abort()"],
  ["a memory that is full", "for (const all = []; ; ) all.push(Array.from({ length: 100_000 }, () => ({})))"],
];

/** Requests that get no answer, while the program has the secrets in its hands. */
export const STAGES: readonly [string, Interception][] = [
  ["the password", { site: "auth", method: "POST", pathIncludes: "/portal/login", answer: "hang" }],
  ["the token", { pathIncludes: "/authorization/token", answer: "hang" }],
  ["the hours of a day", { pathIncludes: "/energy", answer: "hang" }],
];

async function crashWorld(fault: string) {
  const service = await canaryService();
  const database = await createDatabase();
  const folder = workingDirectory();
  atTheEnd(async () => {
    await service.stop();
    await database.drop();
    folder.remove();
  });
  const hook = join(folder.path, "fault.mjs");
  writeFileSync(hook, `process.on("SIGUSR2", () => { ${fault}; });\n`);
  const settings = {
    ...databaseSettings(database),
    CARUNA_USER: CANARIES.user,
    CARUNA_PASSWORD: CANARIES.password,
    CARUNA_BASE_URL: service.simulator.plusUrl,
    CARUNA_ALLOWED_HOSTS: new URL(service.simulator.authUrl).host,
    ...{ LOG_LEVEL: "trace", BACKFILL: "none", DAYS_TO_LOAD: "1", HTTP_PORT: "0" },
  };
  // A small heap is soon full.
  const faulty = { ...settings, NODE_OPTIONS: `--import=file://${hook} --max-old-space-size=64` };
  return { service, database, folder: folder.path, settings, faulty };
}

/** The fault ends the program in the middle of a request, leaves no secret, and keeps nobody out. */
export async function expectNoSecretLeft(fault: string, stage: Interception): Promise<void> {
  const { service, database, folder, settings, faulty } = await crashWorld(fault);
  service.simulator.answerNext(stage);
  const program = startProgram(["start"], faulty, folder);
  const { method: wanted, pathIncludes = "" } = stage;
  const hasArrived = () =>
    service.simulator.requests.some(({ method, path }) => method === (wanted ?? method) && path.includes(pathIncludes));
  await expect.poll(hasArrived, { timeout: 50_000 }).toBe(true);
  program.child.kill("SIGUSR2");
  const { exitCode, signal, stdout, stderr } = await program.ended;
  expect([exitCode === 0, signal]).not.toEqual([true, null]);
  // No report of Node.js, which would hold the environment. (Whether the system writes a core is a setting of its own.)
  const left = readdirSync(folder).filter((name) => !/^core\b/.test(name));
  expect(left.sort()).toEqual(["fault.mjs", "state"]);
  const { "session.json": session = "", ...files } = privateFiles(join(folder, "state"));
  const secrets = [...Object.values(CANARIES), ...service.wire];
  expect(found({ stdout, stderr, ...files }, secrets)).toEqual([]);
  expect(found({ session }, [CANARIES.password, CANARIES.user])).toEqual([]);
  // What was cut off keeps nobody out: a password that got no answer is posted again with the next regular cycle.
  await postedBefore(database, "1 day");
  const next = await runProgram(["start", "--once"], settings, folder);
  expect([next.exitCode, next.stderr]).toEqual([0, expect.stringContaining("1 days loaded")]);
}
