import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Database } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";
import { goodCycles, type Serving, serve } from "./serving.js";

const NOW = Date.UTC(2026, 10, 23, 8);
const HOUR_MS = 3_600_000;

let testDatabase: TestDatabase;
let database: Database;
beforeAll(async () => {
  testDatabase = await createDatabase();
  database = new Database(testDatabase.settings, silentLogger);
  await database.start();
});
afterAll(async () => {
  await database.stop();
  await testDatabase.drop();
});

afterEach(async () => {
  await testDatabase.query("DELETE FROM login_guard");
});

async function readiness(serving: Serving): Promise<unknown> {
  const { status, body } = await serving.ask("/readyz");
  return { status, ...JSON.parse(body) };
}

describe("/readyz", () => {
  test("is well while cycles end well and come in time", async () => {
    const serving = await serve(database, { now: () => NOW });
    expect(await readiness(serving)).toEqual({ status: 200, ready: true, reasons: [] });
  });

  test("tells what is wrong in words that hold nothing of what went wrong", async () => {
    const serving = await serve(database, { now: () => NOW });
    const problem = { message: "Mäntykuja 7 failed", nextStep: "See Mäntykuja 7." };
    serving.cycles = { ...goodCycles(NOW), last: { endedEpochMs: NOW, problem } };
    expect(await readiness(serving)).toEqual({ status: 503, ready: false, reasons: ["the last cycle failed"] });
    serving.cycles = { ...goodCycles(NOW), overdueEpochMs: NOW - 1 };
    expect(await readiness(serving)).toEqual({ status: 503, ready: false, reasons: ["the next cycle is overdue"] });
    serving.cycles = { last: undefined, nextEpochMs: undefined, overdueEpochMs: undefined };
    expect(await readiness(serving)).toEqual({ status: 503, ready: false, reasons: ["no cycle has ended yet"] });
  });

  test("a paused login is no readiness, and the page and the metrics say why and until when", async () => {
    const guard = database.loginGuard(["http://127.0.0.1", "demo@example.com", "demo"], () => NOW);
    const { signal } = new AbortController();
    const recorded = await guard.begin(signal, false);
    if (recorded.pause !== undefined) throw new Error("the guard of an empty database pauses nothing");
    const transcriptFile = "/state/transcripts/one.json";
    const outcome = { words: "Väärä salasana", found: undefined, retryAfterSeconds: undefined, transcriptFile };
    await recorded.end({ kind: "rejected", ...outcome });
    const serving = await serve(database, { now: () => NOW });
    const next = new Date(NOW + HOUR_MS).toISOString();
    expect(await readiness(serving)).toMatchObject({
      reasons: [`the login is paused (rejected), next password post: ${next}; see caruna-integration status`],
    });
    expect((await serving.json("/api/overview")).guard).toEqual({
      ...{ heldUntil: NOW + HOUR_MS, rejected: NOW, kind: "rejected", posted: NOW },
      ...{ words: "Väärä salasana", transcript: transcriptFile },
    });
    const { body: metrics } = await serving.ask("/metrics");
    expect(metrics).toContain('caruna_login_paused{outcome="rejected"} 1');
    expect(metrics).toContain(`caruna_login_next_post_timestamp_seconds{outcome="rejected"} ${(NOW + HOUR_MS) / 1000}`);
    const later = await serve(database, { now: () => NOW + HOUR_MS });
    expect(await readiness(later)).toMatchObject({ status: 200 });
  });

  test("a login that is paused for another reason than a rejection says nothing of a rejected password", async () => {
    const guard = database.loginGuard(["http://127.0.0.1", "demo@example.com", "demo"], () => NOW);
    const recorded = await guard.begin(new AbortController().signal, false);
    if (recorded.pause !== undefined) throw new Error("the guard of an empty database pauses nothing");
    const none = { words: undefined, found: undefined, retryAfterSeconds: undefined, transcriptFile: undefined };
    await recorded.end({ kind: "not understood", ...none });
    const serving = await serve(database, { now: () => NOW });
    expect((await serving.json("/api/overview")).guard).toEqual({
      ...{ heldUntil: NOW + HOUR_MS, rejected: null, kind: "not understood", posted: NOW },
      ...{ words: null, transcript: null },
    });
  });

  test("a database that is gone is no readiness, but the program lives", async () => {
    const gone = await createDatabase();
    const connected = new Database(gone.settings, silentLogger);
    await connected.start();
    const serving = await serve(connected, { now: () => NOW });
    await gone.drop();
    expect(await readiness(serving)).toMatchObject({ status: 503, reasons: ["the database does not answer"] });
    expect((await serving.ask("/healthz")).status).toBe(200);
    expect((await serving.ask("/metrics")).body).toContain("caruna_database_up 0");
    await connected.stop();
  });
});

test("what is wrong stands on the page with what to do about it", async () => {
  const serving = await serve(database, { now: () => NOW });
  const problem = { message: "Caruna+ is out of reach.", nextStep: "Nothing." };
  serving.cycles = { ...goodCycles(NOW), last: { endedEpochMs: NOW - 1, problem }, overdueEpochMs: NOW - 1 };
  expect(await serving.json("/api/overview")).toMatchObject({
    lastCycle: { ended: NOW - 1, problem: "Caruna+ is out of reach." },
    problems: [problem, { message: "The next cycle is overdue." }],
  });
});

describe("/metrics", () => {
  /** The samples, by name and labels. */
  const samples = async (serving: Serving) => {
    const { body, headers } = await serving.ask("/metrics");
    expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    const lines = body.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]));
  };

  test("counts requests, retries, logins and hours, and times the cycles", async () => {
    const serving = await serve(database, { now: () => NOW });
    const { metrics } = serving;
    const request = { kind: "request", of: "energy", milliseconds: 300 } as const;
    metrics.onClientEvent({ ...request, status: 200 });
    metrics.onClientEvent({ ...request, status: 204 });
    metrics.onClientEvent({ ...request, status: 503 });
    metrics.onClientEvent({ ...request, status: undefined });
    metrics.onClientEvent({ kind: "retry" });
    metrics.onClientEvent({ kind: "login", succeeded: true });
    metrics.onClientEvent({ kind: "login", succeeded: false });
    metrics.onStored({ inserted: 24, changed: 2 });
    metrics.onStored({ inserted: 24, changed: 0 });
    const before = await samples(serving);
    expect([...before.keys()].filter((name) => /last_/.test(name))).toEqual([]);
    metrics.onCycle({ milliseconds: 700, succeeded: true });
    metrics.onOutcome({ endedEpochMs: NOW - 60_000, succeeded: true });
    metrics.onCycle({ milliseconds: 90_000, succeeded: false });
    metrics.onOutcome({ endedEpochMs: NOW, succeeded: false });
    const found = await samples(serving);
    expect(Object.fromEntries([...found].filter(([name]) => !/bucket|process|nodejs/.test(name)))).toMatchObject({
      'caruna_requests_total{of="energy",status="2xx"}': 2,
      'caruna_requests_total{of="energy",status="5xx"}': 1,
      'caruna_requests_total{of="energy",status="none"}': 1,
      'caruna_request_duration_seconds_count{of="energy"}': 4,
      caruna_request_retries_total: 1,
      caruna_logins_total: 1,
      caruna_login_failures_total: 1,
      caruna_hours_inserted_total: 48,
      caruna_hours_changed_total: 2,
      'caruna_cycle_duration_seconds_count{outcome="success"}': 1,
      'caruna_cycle_duration_seconds_sum{outcome="failure"}': 90,
      caruna_last_success_timestamp_seconds: (NOW - 60_000) / 1000,
      caruna_last_cycle_success: 0,
      caruna_next_cycle_timestamp_seconds: (NOW + HOUR_MS) / 1000,
      caruna_database_up: 1,
    });
    expect(found.has("caruna_process_resident_memory_bytes")).toBe(true);
  });

  test("tells of each metering point what is there, by its id alone", async () => {
    await testDatabase.query(
      `INSERT INTO metering_point (id, customer, address, first_seen, last_seen) VALUES ('FSK1', '50123456', 'Mäntykuja 7', now(), now());
       INSERT INTO metering_point_hourly (metering_point, datetime, kwh_total)
         SELECT 'FSK1', hour, 1 FROM generate_series(timestamptz '2026-11-22 00:00Z', '2026-11-22 21:00Z', interval '1 hour') AS hour
         WHERE extract(hour FROM hour AT TIME ZONE 'UTC') NOT IN (3, 4, 10)`,
    );
    const serving = await serve(database, { now: () => NOW });
    const found = await samples(serving);
    const label = '{metering_point="FSK1"}';
    expect(Object.fromEntries(found)).toMatchObject({
      [`caruna_hours_stored${label}`]: 19,
      [`caruna_hours_expected${label}`]: 22,
      [`caruna_gaps${label}`]: 2,
      [`caruna_gap_hours${label}`]: 3,
      [`caruna_newest_hour_age_seconds${label}`]: (NOW - Date.UTC(2026, 10, 22, 21)) / 1000,
    });
    const { body } = await serving.ask("/metrics");
    expect(body).not.toMatch(/50123456|Mäntykuja/);
    await testDatabase.query("DELETE FROM metering_point; DELETE FROM metering_point_hourly");
  });

  test("one that is gone is told no more, and the database is not asked for each who looks", async () => {
    let now = NOW;
    const serving = await serve(database, { now: () => now });
    await testDatabase.query(
      `INSERT INTO metering_point (id, customer, address, first_seen, last_seen) VALUES ('FSK2', '1', '', now(), now())`,
    );
    const tells = async () => (await samples(serving)).has('caruna_hours_stored{metering_point="FSK2"}');
    expect(await tells()).toBe(true);
    await testDatabase.query("DELETE FROM metering_point");
    now += 4_999;
    expect(await tells()).toBe(true);
    now += 1;
    expect(await tells()).toBe(false);
  });
});
