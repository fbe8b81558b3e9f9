import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** One file of `sql/`. */
export interface Migration {
  /** 1 of `001_energy_hourly.sql`. */
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  /** Tables and views of the schema `public` that it makes where they are missing. */
  readonly makes: readonly string[];
  /** Those of them that are tables. */
  readonly makesTables: readonly string[];
  /** Columns that it adds to tables where they are missing. */
  readonly adds: readonly Column[];
  /** Tables and views that it alters, describes or makes an index on. */
  readonly alters: readonly string[];
}

interface Column {
  readonly table: string;
  readonly column: string;
}

/** The same three folders up from `src/database/schema`, from `dist/database/schema`, and in an installed package. */
const SQL_DIRECTORY = fileURLToPath(new URL("../../../sql/", import.meta.url));

/** The files of `sql/`, in the order in which they are run. */
export async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(SQL_DIRECTORY)).filter((name) => /^\d{3}_.*\.sql$/.test(name)).sort();
  return await Promise.all(
    names.map(async (name) => parseMigration(name, await readFile(SQL_DIRECTORY + name, "utf8"))),
  );
}

/** What a file says it makes, adds and alters: its own statements are the only list of that. */
export function parseMigration(name: string, text: string): Migration {
  const sql = text.replace(/^\s*--.*\n/gm, "");
  const named = (pattern: RegExp) => [...new Set([...sql.matchAll(pattern)].map(([, object = ""]) => object))];
  const alterations = [...sql.matchAll(/\bALTER TABLE (?:ONLY )?public\.(\w+)([^;]*);/g)];
  return {
    number: Number(name.slice(0, 3)),
    name,
    sql,
    makes: named(/\bCREATE (?:TABLE|VIEW|OR REPLACE VIEW)(?: IF NOT EXISTS)? public\.(\w+)/g),
    makesTables: named(/\bCREATE TABLE(?: IF NOT EXISTS)? public\.(\w+)/g),
    adds: alterations.flatMap(([, table = "", actions = ""]) =>
      [...actions.matchAll(/\bADD COLUMN (?:IF NOT EXISTS )?(\w+)/g)].map(([, column = ""]) => ({ table, column })),
    ),
    alters: named(
      /\b(?:ALTER TABLE(?: ONLY)?|COMMENT ON (?:TABLE|VIEW|COLUMN)|CREATE (?:UNIQUE )?INDEX (?:IF NOT EXISTS )?(?:\w+ )?ON) public\.(\w+)/g,
    ),
  };
}
