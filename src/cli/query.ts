import { text as textOf } from "node:stream/consumers";
import { Command } from "commander";
import { stringify } from "csv-stringify/sync";
import { listTables, queryDatabase } from "../app/index.js";
import type { RowBatch } from "../database/index.js";
import { configuration, quietLogger, untilSignal } from "./configured.js";
import { counted, print, printAll, table } from "./output.js";

interface QueryOptions {
  readonly csv?: true;
  readonly json?: true;
}

/** Rows that a table on the screen has at most: the width of a column is known only when its rows are. */
const MOST_ROWS_OF_TABLE = 10_000;

/** `query [SQL|-] [--csv|--json]`: one statement that only reads, from the database alone. */
export function queryCommand(): Command {
  return new Command("query")
    .argument("[sql]", "one statement, such as 'SELECT …'; - reads it from stdin; without it, the tables are listed")
    .option("--csv", "print CSV")
    .option("--json", "print JSON, an object a row")
    .action(async (sql: string | undefined, { csv, json }: QueryOptions, command: Command) => {
      if (csv && json) command.error("error: --csv and --json exclude each other");
      const settings = configuration({ needsAccount: false });
      const logger = quietLogger(settings);
      const signal = untilSignal();
      if (sql === undefined) return print(await tablesInWords(listTables(settings, logger, signal), json));
      const statement = sql === "-" ? await textOf(process.stdin) : sql;
      if (statement.trim() === "") command.error("error: the statement is empty");
      const write = csv ? csvWriter() : json ? jsonWriter() : tableWriter();
      await queryDatabase(settings, logger, statement, (batch) => write.take(batch), signal);
      await write.end();
    });
}

async function tablesInWords(listed: ReturnType<typeof listTables>, json: true | undefined): Promise<string> {
  const relations = await listed;
  if (json) return JSON.stringify(relations, undefined, 2);
  const columns = [{ head: "name" }, { head: "kind" }, { head: "what it holds" }];
  return table(
    columns,
    relations.map(({ name, kind, comment }) => [name, kind, comment ?? ""]),
    Number.POSITIVE_INFINITY,
  );
}

/** Writes rows as they come. */
interface Writer {
  take(batch: RowBatch): Promise<void>;
  end(): Promise<void>;
}

function csvWriter(): Writer {
  let isFirst = true;
  return {
    async take({ columns, rows }) {
      const head = isFirst ? [columns.map(({ name }) => name)] : [];
      isFirst = false;
      await write(stringify([...head, ...rows], { record_delimiter: "\r\n" }));
    },
    async end() {},
  };
}

function jsonWriter(): Writer {
  let isFirst = true;
  return {
    async take({ columns, rows }) {
      const lines = rows.map((row) =>
        JSON.stringify(
          Object.fromEntries(columns.map(({ name, typeId }, index) => [name, jsonValue(row[index] ?? null, typeId)])),
        ),
      );
      if (lines.length === 0) return;
      await write(`${isFirst ? "[\n" : ",\n"}${lines.join(",\n")}`);
      isFirst = false;
    },
    end: () => write(isFirst ? "[]\n" : "\n]\n"),
  };
}

function tableWriter(): Writer {
  let columns: RowBatch["columns"] = [];
  const rows: string[][] = [];
  let left = 0;
  return {
    async take(batch) {
      columns = batch.columns;
      const room = MOST_ROWS_OF_TABLE - rows.length;
      rows.push(...batch.rows.slice(0, room).map((row) => row.map((value) => value ?? "")));
      left += Math.max(0, batch.rows.length - room);
    },
    async end() {
      const heads = columns.map(({ name, typeId }) => ({ head: name, isNumber: NUMBERS.has(typeId) }));
      print(table(heads, rows, Number.POSITIVE_INFINITY));
      const rest = left === 0 ? "" : ` of ${(rows.length + left).toLocaleString("en")}; --csv and --json print all`;
      process.stderr.write(`(${counted(rows.length, "row")}${rest})\n`);
    },
  };
}

async function write(text: string): Promise<void> {
  await printAll([text]);
}

/** Object ids of PostgreSQL's types, which are the same on every server: int8, int2, int4, float4, float8, numeric. */
const NUMBERS = new Set([20, 21, 23, 700, 701, 1700]);
const BOOLEAN = 16;
const JSON_TYPES = new Set([114, 3802]);

/** A value as JSON has it; a number that JSON or JavaScript cannot hold exactly (NaN, a long bigint) stays text. */
function jsonValue(text: string | null, typeId: number): unknown {
  if (text === null) return null;
  if (typeId === BOOLEAN) return text === "t";
  if (JSON_TYPES.has(typeId)) return JSON.parse(text);
  if (!NUMBERS.has(typeId)) return text;
  const number = Number(text);
  return Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number)) ? number : text;
}
