import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ServerSettings } from "../src/database/index.js";
import { localDay } from "../src/energy/index.js";
import { type Measured, tell } from "./measured.js";
import { onClient, type Postgres } from "./postgres.js";
import { programSettings, startProgram } from "./program.js";
import { type SimulatorAddresses, withSimulator } from "./simulator.js";

const YEARS = [2, 5, 10, 20] as const;
const METERS = 3;
export const LIMIT_MB = 150;
/** "Not growing": twice the years may take this much more, by which one and the same run differs. */
const GROWTH_MB = 10;
const POLL_MS = 50;

/** What the process held, in megabytes. */
export interface Resident {
  readonly atTheEnd: number;
  readonly most: number;
}

/** Resident memory of the program, started as `npm start` does, after it has loaded all history of three meters. */
export async function memory(postgres: Postgres): Promise<Measured[]> {
  if (!existsSync("/proc/self/status")) {
    tell("  measured on Linux alone");
    return [];
  }
  const found: Resident[] = [];
  for (const years of YEARS) {
    const startDate = localDay(Date.now()).subtract({ years }).toString();
    const meters = Array.from({ length: METERS }, () => ({ startDate }));
    const resident = await withSimulator({ latencyMs: 0, meters }, async (simulator) =>
      backfill(simulator, await postgres.readyDatabase(), years),
    );
    tell(`  ${years} years: ${told(resident)}`);
    found.push(resident);
  }
  const [ten, twenty] = found.slice(-2);
  if (ten === undefined || twenty === undefined) throw new Error("nothing was measured");
  return [
    {
      what: `resident memory at the end of a ${METERS}-meter backfill (its peak), after 2, 5, 10 and 20 years`,
      target: `≤ ${LIMIT_MB} MB, not growing`,
      original: "",
      ours: found.map(told).join("; "),
      ratio: "",
      isMet: ten.most <= LIMIT_MB && twenty.most - ten.most <= GROWTH_MB,
    },
  ];
}

function told({ atTheEnd, most }: Resident): string {
  return `${atTheEnd.toFixed(0)} MB (${most.toFixed(0)})`;
}

async function backfill(simulator: SimulatorAddresses, server: ServerSettings, years: number): Promise<Resident> {
  const folder = mkdtempSync(join(tmpdir(), "caruna-bench-program-"));
  try {
    const child = startProgram("backfill", folder, programSettings(simulator, server));
    const resident = await watch(child);
    await mustHold(server, years * 365 * 24 * METERS);
    return resident;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Looks at the process until it ends, which must be a good one. */
export async function watch(child: ChildProcess): Promise<Resident> {
  const ended = once(child, "exit");
  let lastWords = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    lastWords = `${lastWords}${chunk}`.slice(-2000);
  });
  let seen: Resident = { atTheEnd: 0, most: 0 };
  while (child.exitCode === null && child.signalCode === null) {
    seen = residentOf(child.pid) ?? seen;
    await delay(POLL_MS);
  }
  const [exitCode] = await ended;
  if (exitCode !== 0) throw new Error(`the program ended with ${exitCode}: ${lastWords}`);
  return seen;
}

/** Undefined for a process that has ended. */
function residentOf(processId: number | undefined): Resident | undefined {
  const path = `/proc/${processId}/status`;
  if (!existsSync(path)) return undefined;
  const status = readFileSync(path, "utf8");
  const megabytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
  const [atTheEnd, most] = [megabytes("VmRSS"), megabytes("VmHWM")];
  return Number.isNaN(atTheEnd) ? undefined : { atTheEnd, most };
}

async function mustHold(server: ServerSettings, fewest: number): Promise<void> {
  const text = "SELECT count(*)::integer AS rows FROM metering_point_hourly";
  const { rows } = await onClient(server, (client) => client.query(text));
  if (rows[0]?.rows < fewest) throw new Error(`${rows[0]?.rows} hours are stored, not ${fewest} or more`);
}
