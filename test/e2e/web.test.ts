import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { queryOn } from "../faults/database-world.js";
import { atTheEnd } from "../support/caruna.js";
import { freePort } from "../support/free-port.js";
import { type Running, runProgram, startProgram } from "../support/program.js";
import { newWorlds } from "../support/world.js";
import { ask } from "../web/serving.js";

const world = newWorlds();

const TOKEN = "a-token-that-nobody-must-see";

async function start(
  changes: Record<string, string> = {},
): Promise<{ program: Running; port: number; settings: Record<string, string> }> {
  const port = await freePort();
  const settings = { ...world.settings, BACKFILL: "none", HTTP_PORT: String(port), ...changes };
  const program = startProgram(["start"], settings, world.folder);
  atTheEnd(async () => {
    program.child.kill("SIGKILL");
    await program.ended;
  });
  return { program, port, settings };
}

/** Ends the program as a service manager does; returns all it has said. */
async function end(program: Running): Promise<string> {
  program.child.kill("SIGTERM");
  const { exitCode, stdout, stderr } = await program.ended;
  expect(exitCode).toBe(0);
  return `${stdout}${stderr}`;
}

test("the running program serves the page with its hours, and tells where", async () => {
  const { program, port } = await start();
  await program.says(`look at your hours at http://127.0.0.1:${port}/`);
  await program.says("7 days loaded");
  const page = await ask(port, "/", { headers: { "Accept-Language": "fi" } });
  expect(page.body).toContain('<html lang="fi">');
  const overview = JSON.parse((await ask(port, "/api/overview")).body);
  expect(overview.points).toMatchObject([{ id: world.meter, hours: 168, hoursExpected: 168, isFollowed: true }]);
  expect(overview.version).toBe(JSON.parse(readFileSync("package.json", "utf8")).version);
  const days = JSON.parse((await ask(port, `/api/series?point=${world.meter}&by=day`)).body);
  expect(days.hours).toEqual(Array(7).fill(24));
  await end(program);
  await expect(ask(port, "/healthz")).rejects.toThrow(/ECONNREFUSED/);
});

test("the metrics count what was asked of Caruna+ and what was stored", async () => {
  world.simulator.answerNext({ site: "plus", pathIncludes: "/energy", answer: { status: 502, body: "" } });
  const { program, port } = await start();
  await program.says("7 days loaded");
  await program.says("totals compared");
  const { body } = await ask(port, "/metrics");
  const energy = world.simulator.requests.filter(({ path }) => path.endsWith("/energy"));
  expect(body).toContain(`caruna_requests_total{of="energy",status="2xx"} ${energy.length - 1}\n`);
  expect(body).toContain('caruna_requests_total{of="energy",status="5xx"} 1\n');
  expect(body).toContain("caruna_request_retries_total 1\n");
  expect(body).toContain("caruna_logins_total 1\n");
  expect(body).toContain("caruna_hours_inserted_total 168\n");
  expect(body).toContain("caruna_last_cycle_success 1\n");
  expect(body).toContain('caruna_cycle_duration_seconds_count{outcome="success"} 1\n');
  await end(program);
});

test("health asks the running program itself, and the file where there is none", async () => {
  const { program, settings } = await start();
  const health = () => runProgram(["health"], settings, world.folder);
  await program.says("7 days loaded");
  await program.says("totals compared");
  expect(await health()).toMatchObject({ exitCode: 0, stdout: "healthy\n" });
  const { database } = world.database.settings;
  const onServer = (text: string) => queryOn({ ...world.database.settings, database: "postgres" }, text);
  await onServer(`ALTER DATABASE ${database} ALLOW_CONNECTIONS false`);
  await onServer(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`);
  expect(await health()).toMatchObject({ exitCode: 1, stdout: "the database does not answer\n" });
  await onServer(`ALTER DATABASE ${database} ALLOW_CONNECTIONS true`);
  expect(await health()).toMatchObject({ exitCode: 0 });
  await end(program);
  expect(await health()).toMatchObject({ exitCode: 0, stdout: "healthy\n" });
});

test("a port that is taken costs the page and nothing else", async () => {
  const taken = createServer((_, response) => response.end("somebody else")).listen(0, "127.0.0.1");
  await once(taken, "listening");
  atTheEnd(() => void taken.close());
  const address = taken.address();
  const port = typeof address === "object" && address !== null ? String(address.port) : "";
  const { program, settings } = await start({ HTTP_PORT: port });
  await program.says("7 days loaded");
  expect(await runProgram(["health"], settings, world.folder)).toMatchObject({ exitCode: 0 });
  const said = await end(program);
  expect(said).toContain(`port ${port} of 127.0.0.1 is taken by another program: set HTTP_PORT`);
  expect(said).toContain("Loading goes on without it");
});

test("it ends in time although connections to the page are open", async () => {
  const { program, port } = await start();
  await program.says("7 days loaded");
  const silent = connect(port, "127.0.0.1");
  silent.on("error", () => {});
  await once(silent, "connect");
  const gone = new Promise<void>((resolve) => silent.once("close", () => resolve()));
  const said = await end(program);
  await gone;
  expect(said).not.toContain("something did not end in time");
});

test("others see it with the token alone, which stands in no log and no file", async () => {
  const { program, port, settings } = await start({ HTTP_HOST: "0.0.0.0", HTTP_TOKEN: TOKEN, LOG_LEVEL: "trace" });
  await program.says("7 days loaded");
  expect((await ask(port, "/")).status).toBe(401);
  expect((await ask(port, "/api/overview", { headers: { Authorization: `Bearer ${TOKEN}` } })).status).toBe(200);
  expect((await ask(port, `/?token=${TOKEN}`)).status).toBe(303);
  expect(await runProgram(["health"], settings, world.folder)).toMatchObject({ exitCode: 0 });
  const said = await end(program);
  expect(said).toContain(`look at your hours at http://127.0.0.1:${port}/ (the first time with ?token=`);
  expect(said).not.toContain(TOKEN);
  expect(readFileSync(join(world.folder, "state", "health.json"), "utf8")).not.toContain(TOKEN);
});

test("nothing listens with HTTP_PORT=0, nor for one cycle", async () => {
  const off = await start({ HTTP_PORT: "0" });
  await off.program.says("7 days loaded");
  expect(await end(off.program)).not.toContain("look at your hours");
  const once = await world.once({ HTTP_PORT: "8480" });
  expect(once.exitCode).toBe(0);
  expect(once.stderr).not.toContain("look at your hours");
});
