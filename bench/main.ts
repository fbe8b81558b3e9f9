import { cpSync } from "node:fs";
import { cpus } from "node:os";
import { backups } from "./backups.js";
import { type Measured, table, tell } from "./measured.js";
import { memory } from "./memory.js";
import { page } from "./page.js";
import { Postgres } from "./postgres.js";
import { requests } from "./requests.js";
import { aYear, firstSevenDays } from "./wall-time.js";
import { writing } from "./writing.js";

/** In the order of the table; each may be run alone: `npm run bench -- writing`. */
const MEASUREMENTS: Readonly<Record<string, (postgres: Postgres) => Promise<Measured[]>>> = {
  requests,
  "seven-days": firstSevenDays,
  year: aYear,
  writing,
  page,
  memory,
  backups,
};

/** The root of the project, seen from the compiled file. */
const ROOT = new URL("../../", import.meta.url);

async function main(wanted: readonly string[]): Promise<void> {
  const unknown = wanted.filter((name) => !(name in MEASUREMENTS));
  if (unknown.length > 0)
    throw new Error(`there is no ${unknown.join(", ")}: choose among ${Object.keys(MEASUREMENTS).join(", ")}`);
  // The program looks for its migrations and its version beside its own compiled files, of which these are a second copy.
  for (const name of ["sql/", "package.json"])
    cpSync(new URL(name, ROOT), new URL(`dist-bench/${name}`, ROOT), { recursive: true });
  const postgres = await Postgres.start();
  const lines: Measured[] = [];
  try {
    for (const [name, measure] of Object.entries(MEASUREMENTS)) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      tell(`${name} …`);
      lines.push(...(await measure(postgres)));
    }
  } finally {
    await postgres.stop();
  }
  process.stdout.write(`\n${machine()}\n\n${table(lines)}\n`);
}

function machine(): string {
  const [cpu] = cpus();
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, Node.js ${process.version}, ${cpus().length} × ${cpu?.model.trim() ?? "unknown processor"}, ${process.platform}`;
}

await main(process.argv.slice(2));
