import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { localDay } from "../src/energy/index.js";
import { freePort } from "../test/support/free-port.js";
import { type Measured, median, tell, timed } from "./measured.js";
import type { Postgres } from "./postgres.js";
import { programSettings, startProgram } from "./program.js";
import { FIRST_METER, withSimulator } from "./simulator.js";

const YEARS = 10;
const METERS = [1, 3] as const;
const STEPS = ["day", "month", "year"] as const;
const REPETITIONS = 30;
const LIMIT_MS = 100;
const POLL_MS = 200;

const overview = z.object({ lastCycle: z.object({ problem: z.null() }).nullable() });
const series = z.object({ start: z.array(z.number()) });

/** How long the running program takes to answer what the page asks for to draw ten years of hours. */
export async function page(postgres: Postgres): Promise<Measured[]> {
  const lines: Measured[] = [];
  for (const meters of METERS) lines.push(await tenYears(postgres, meters));
  return lines;
}

async function tenYears(postgres: Postgres, meterCount: number): Promise<Measured> {
  const startDate = localDay(Date.now()).subtract({ years: YEARS }).toString();
  const meters = Array.from({ length: meterCount }, () => ({ startDate }));
  const found = await withSimulator({ latencyMs: 0, meters }, async (simulator) => {
    const settings = programSettings(simulator, await postgres.readyDatabase());
    const folder = mkdtempSync(join(tmpdir(), "caruna-bench-page-"));
    try {
      const [exitCode] = await once(silent(startProgram("backfill", folder, settings)), "exit");
      if (exitCode !== 0) throw new Error(`the backfill ended with ${exitCode}`);
      return await whileServed(folder, settings, answerTimes);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
  return {
    what: `ten years of hours by ${STEPS.join(", by ")}, asked of the running program, one of ${meterCount} stored`,
    target: `< ${LIMIT_MS} ms`,
    original: "",
    ours: found.map(told).join("; "),
    ratio: "",
    isMet: found.every((times) => median(times) < LIMIT_MS),
  };
}

/** Runs a task beside the started program, given the address of its page, once a cycle has ended. */
async function whileServed<Result>(
  folder: string,
  settings: Record<string, string>,
  task: (address: string) => Promise<Result>,
): Promise<Result> {
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const child = silent(startProgram("start", folder, { ...settings, HTTP_PORT: String(port) }));
  const exit = once(child, "exit");
  try {
    while ((await ask(`${address}/api/overview`, overview).catch(() => undefined))?.lastCycle == null) {
      if (child.exitCode !== null) throw new Error(`the program ended with ${child.exitCode}`);
      await delay(POLL_MS);
    }
    return await task(address);
  } finally {
    child.kill("SIGTERM");
    await exit;
  }
}

/** In milliseconds, by day, month and year, each asked a few times for nothing first. */
async function answerTimes(address: string): Promise<number[][]> {
  const found: number[][] = [];
  for (const by of STEPS) {
    const times: number[] = [];
    for (let repetition = -5; repetition < REPETITIONS; repetition++) {
      const spentMs = await timed(() => mustTell(`${address}/api/series?point=${FIRST_METER.assetId}&by=${by}`, by));
      if (repetition >= 0) times.push(spentMs);
    }
    tell(`  by ${by}: ${told(times)}`);
    found.push(times);
  }
  return found;
}

async function mustTell(address: string, by: (typeof STEPS)[number]): Promise<void> {
  const { start } = await ask(address, series);
  const fewest = { day: 365, month: 12, year: 1 }[by] * YEARS;
  if (start.length < fewest) throw new Error(`${address} told of ${start.length} periods, not ${fewest} or more`);
}

async function ask<Answer>(address: string, schema: z.ZodType<Answer>): Promise<Answer> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} was answered with ${response.status}`);
  return schema.parse(await response.json());
}

/** "71 ms (63–102)": the median, the least and the most. */
function told(times: readonly number[]): string {
  return `${median(times).toFixed(0)} ms (${Math.min(...times).toFixed(0)}–${Math.max(...times).toFixed(0)})`;
}

/** What nobody reads would stop the program once the pipe is full. */
function silent(child: ChildProcess): ChildProcess {
  child.stderr?.resume();
  return child;
}
