import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { keepAliveTransport } from "../../src/caruna/http/transport.js";
import { CANARIES, type CanaryService, canaryService } from "../support/canaries.js";
import { atTheEnd, errorOf } from "../support/caruna.js";
import { freePort } from "../support/free-port.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";
import { databaseSettings, type Running, runProgram, startProgram, workingDirectory } from "../support/program.js";
import { ask } from "../web/serving.js";

const HTTP_TOKEN = "CanaryHttpTokenQx-CanaryHttpTokenQx";
const DATABASE_PASSWORD = "CanaryDatabasePasswordQx";
const SECRETS = [CANARIES.password, HTTP_TOKEN, DATABASE_PASSWORD];

let service: CanaryService;
let database: TestDatabase;
let folder: string;
beforeEach(async () => {
  service = await canaryService();
  database = await createDatabase();
  const directory = workingDirectory();
  folder = directory.path;
  atTheEnd(async () => {
    await service.stop();
    await database.drop();
    directory.remove();
  });
});

const settingsOf = (): Record<string, string> => ({
  ...databaseSettings(database),
  CARUNA_USER: CANARIES.user,
  CARUNA_PASSWORD: CANARIES.password,
  CARUNA_BASE_URL: service.simulator.plusUrl,
  CARUNA_ALLOWED_HOSTS: new URL(service.simulator.authUrl).host,
  LOG_LEVEL: "trace",
  BACKFILL: "none",
  HTTP_TOKEN,
  HTTP_PORT: "0",
});

/** What of these stands in a text. */
const foundIn = (text: string, secrets: readonly string[]) => secrets.filter((secret) => text.includes(secret));

function start(parameters: readonly string[], settings: Record<string, string>): Running {
  const program = startProgram(parameters, settings, folder);
  atTheEnd(async () => {
    program.child.kill("SIGTERM");
    await program.ended;
  });
  return program;
}

describe("what every user of the machine can see of the processes (ps)", () => {
  test("is no secret, of the program and of the embedded database", async () => {
    const { DB_HOST: _, DB_PORT: __, DB_DATABASE: ___, DB_USER: ____, DB_PASSWORD: _____, ...settings } = settingsOf();
    const program = start(["start"], { ...settings, DAYS_TO_LOAD: "1" });
    await program.says("1 days loaded");
    const seen = processesOf(folder);
    expect(seen.length).toBeGreaterThan(1);
    const [, , , , password = ""] = readFileSync(join(folder, "state/postgres/pgpass"), "utf8").trim().split(":");
    expect(password).not.toBe("");
    for (const { commandLine, environment } of seen) {
      expect(foundIn(commandLine, [...SECRETS, CANARIES.user, password, ...service.wire])).toEqual([]);
      // PostgreSQL gets none of our environment; our own can be read by our own user alone.
      const isOurs = commandLine.includes("main.js");
      if (!isOurs) expect(foundIn(environment, [...SECRETS, CANARIES.user])).toEqual([]);
    }
  });
});

/** The processes that belong to this folder: the program, and a database whose data lie in it. */
function processesOf(place: string): { readonly commandLine: string; readonly environment: string }[] {
  const textOf = (file: string) => {
    try {
      return readFileSync(file, "utf8").replaceAll("\0", " ");
    } catch {
      // It has ended in the meantime, or is no process.
      return "";
    }
  };
  const processes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((id) => ({
      id,
      parent: /^PPid:\s*(\d+)/m.exec(textOf(`/proc/${id}/status`))?.[1],
      commandLine: textOf(`/proc/${id}/cmdline`),
      environment: textOf(`/proc/${id}/environ`),
    }));
  const isHere = ({ commandLine, environment }: (typeof processes)[number]) =>
    commandLine.includes(place) || environment.includes(place);
  const here = new Set(processes.filter(isHere).map(({ id }) => id));
  return processes.filter(({ id, parent }) => here.has(id) || (parent !== undefined && here.has(parent)));
}

describe("a crash", () => {
  // Run in the program's own process, before it, as a fault that nobody foresaw would.
  const CRASHES: [string, string][] = [
    ["an exception that nobody catches", 'setTimeout(() => { throw new Error("boom") }, 400)'],
    ["a promise that nobody waits for", 'setTimeout(() => { Promise.reject(new Error("boom")) }, 400)'],
    [
      "a failure in the midst of reading an answer",
      `
      const parse = JSON.parse;
      JSON.parse = (...all) => {
        const value = parse(...all);
        if (typeof value?.token === "string") throw new TypeError("boom");
        return value;
      };`,
    ],
  ];

  test.each(CRASHES)("of %s shows no secret", async (_, code) => {
    writeFileSync(join(folder, "crash.mjs"), code);
    const settings = { ...settingsOf(), NODE_OPTIONS: `--import=file://${join(folder, "crash.mjs")}` };
    const { exitCode, stdout, stderr } = await runProgram(["start", "--once"], settings, folder);
    expect(exitCode).not.toBe(0);
    const { customer: __, ...others } = CANARIES;
    expect(foundIn(stdout + stderr, [...Object.values(others), ...SECRETS, ...service.wire])).toEqual([]);
  });
});

test("an error of the transport carries neither the request nor axios' own error, however deep one looks", async () => {
  const { send, close } = keepAliveTransport({ requestTimeoutMs: 5_000, maxBodyBytes: 10 }, undefined);
  atTheEnd(close);
  const requests: [string, string][] = [
    ["http://127.0.0.1:9/x", "refused"],
    [`${service.simulator.plusUrl}/api/customers/1/info`, "too long"],
  ];
  for (const [address, what] of requests) {
    const error = await errorOf(
      send(
        {
          method: "POST",
          url: new URL(`${address}?q=${CANARIES.query}`),
          headers: { Authorization: `Bearer ${CANARIES.json}`, Cookie: `a=${CANARIES.cookie}` },
          body: new URLSearchParams({ ttqusername: CANARIES.user, userPassword: CANARIES.password }).toString(),
        },
        new AbortController().signal,
      ),
    );
    expect(error.cause, what).toBeUndefined();
    const all =
      inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true }) + JSON.stringify(error);
    expect(foundIn(all, [...Object.values(CANARIES), "axios"]), what).toEqual([]);
    expect(Object.keys(error), what).not.toContain("config");
  }
});

describe("the secrets of the database and of the page", () => {
  test("are in no output of any command, whatever fails", async () => {
    const failing = (settings: Record<string, string>): [string, Record<string, string>][] => [
      [
        "DATABASE_URL to a closed port",
        { ...settings, DATABASE_URL: `postgresql://u:${DATABASE_PASSWORD}@127.0.0.1:9/db` },
      ],
      [
        "DATABASE_URL that is none",
        { ...settings, DATABASE_URL: `postgresql://u:${DATABASE_PASSWORD}@127.0.0.1:x/db` },
      ],
      ["DATABASE_URL of another kind", { ...settings, DATABASE_URL: `mysql://u:${DATABASE_PASSWORD}@127.0.0.1/db` }],
      ["a token that is too short", { ...settings, HTTP_TOKEN: "Qx-short", HTTP_HOST: "0.0.0.0" }],
    ];
    const { DB_HOST: _, DB_PORT: __, DB_DATABASE: ___, DB_USER: ____, DB_PASSWORD: _____, ...others } = settingsOf();
    const wrong = { ...settingsOf(), DB_PASSWORD: DATABASE_PASSWORD };
    for (const [what, settings] of [...failing(others), ["a wrong password", wrong] as const]) {
      for (const command of [what === "a wrong password" ? ["doctor"] : ["start", "--once"]]) {
        const { exitCode, stdout, stderr } = await runProgram(command, settings, folder);
        const where = `${command.join(" ")}, ${what}`;
        if (what !== "a wrong password") expect([where, exitCode]).not.toEqual([where, 0]);
        expect(foundIn(stdout + stderr, [...SECRETS, "Qx-short", CANARIES.user]), where).toEqual([]);
      }
    }
  });

  test("are neither on the page nor in the metrics, and of a person there is the metering point alone", async () => {
    const program = start(["start"], { ...settingsOf(), DAYS_TO_LOAD: "1", HTTP_PORT: String(await freePort()) });
    await program.says("1 days loaded");
    // It is written a moment after that line.
    const health = await vi.waitFor(() => readFileSync(join(folder, "state/health.json"), "utf8"), 10_000);
    const port = Number(JSON.parse(health).pageUrl.match(/:(\d+)\//)[1]);
    const headers = { Authorization: `Bearer ${HTTP_TOKEN}` };
    const point = encodeURIComponent(CANARIES.assetId);
    const paths = [
      "/",
      "/healthz",
      "/readyz",
      "/metrics",
      "/api/overview",
      `/api/series?by=day&point=${point}`,
      `/download.csv?point=${point}`,
      "/nothing",
    ];
    const { gsrn: _, assetId: __, street: ___, ...others } = CANARIES;
    for (const path of paths) {
      const answer = await ask(port, path, { headers });
      const text = JSON.stringify(answer.headers) + answer.body;
      // The overview is where a person tells metering points apart.
      const secrets =
        path === "/api/overview" ? Object.values(others) : [...Object.values(others), CANARIES.gsrn, CANARIES.street];
      expect(foundIn(text, [...secrets, ...SECRETS, ...service.wire, databasePassword()]), path).toEqual([]);
      expect((await ask(port, path)).body, path).not.toContain(CANARIES.assetId);
    }
  });
});

/** No secret of a test's own server; a word that stands in every answer would prove nothing. */
function databasePassword(): string {
  const { password } = database.settings;
  return password === undefined || password.length < 8 ? DATABASE_PASSWORD : password;
}
