import stringWidth from "string-width";
import { Temporal } from "temporal-polyfill";
import { ZONE } from "../shared/local-day.js";

/** Writes the result of a command. */
export function print(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

/** Whether results may be coloured: on a terminal, unless NO_COLOR asks for none. */
export function mayColour(): boolean {
  return process.stdout.isTTY && !process.env.NO_COLOR;
}

/** Writes the result of a command for a program to read. */
export function printJson(value: object): void {
  print(JSON.stringify(value, undefined, 2));
}

/** Writes a long result piece by piece, no faster than it is read; stops where the reader has gone. */
export async function printAll(pieces: AsyncIterable<string | Uint8Array> | Iterable<string>): Promise<void> {
  for await (const piece of pieces) {
    const hasGone = await new Promise<boolean>((resolve) => {
      process.stdout.write(piece, (error) => resolve(error !== undefined && error !== null));
    });
    if (hasGone) return;
  }
}

/** A column of a table. */
export interface Column {
  readonly head: string;
  /** Numbers stand to the right. */
  readonly isNumber?: boolean;
  /** The higher, the sooner it is left out of a narrow terminal; without it the column always stays. */
  readonly spare?: number;
}

/** Characters in a line of the terminal; a file takes lines of any length. */
export function roomInLine(): number {
  return process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY;
}

/**
 * Rows in aligned columns, by the width that characters have in a terminal. Where a line has less room than they need,
 * whole columns are left out, and named below; no cell is cut.
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  room: number = roomInLine(),
): string {
  const all = columns.map((column, index) => {
    const cells = [column.head, ...rows.map((row) => plainText(row[index] ?? ""))];
    return { column, cells, width: Math.max(...cells.map((cell) => stringWidth(cell))) };
  });
  const widthOf = (some: typeof all) => some.reduce((sum, { width }) => sum + width + 2, -2);
  const bySpare = all
    .filter(({ column }) => column.spare !== undefined)
    .sort((one, other) => (one.column.spare ?? 0) - (other.column.spare ?? 0));
  let shown = all;
  while (widthOf(shown) > room && bySpare.length > 0) {
    const dropped = bySpare.pop();
    shown = shown.filter((column) => column !== dropped);
  }
  const lines = [columns, ...rows].map((_, line) =>
    shown
      .map(({ column, cells, width }) => {
        const cell = cells[line] ?? "";
        const padding = " ".repeat(width - stringWidth(cell));
        return column.isNumber ? padding + cell : cell + padding;
      })
      .join("  ")
      .trimEnd(),
  );
  const left = all.filter((column) => !shown.includes(column)).map(({ column }) => column.head);
  return [...lines, ...(left.length === 0 ? [] : [`No room in this terminal for: ${left.join(", ")}.`])].join("\n");
}

/** A text from outside may hold what moves a terminal's cursor or changes its colours. */
function plainText(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ");
}

/** As the clock on a wall in Finland shows it: 2026-11-22 23:00. */
export function wallTime(epochMs: number): string {
  const local = Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(ZONE);
  return local.toPlainDateTime().toString({ smallestUnit: "minute" }).replace("T", " ");
}

/** ISO 8601 in UTC. */
export function instant(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/** "1 day", "2 days", "1,234 hours" */
export function counted(count: number, what: string): string {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}
