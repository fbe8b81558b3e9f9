import { Temporal } from "temporal-polyfill";

/** Writes the result of a command. */
export function print(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

/** A reader that has gone (`… | head`) is no error: what is left to say is dropped. */
export function toleratePipesThatBreak(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}

/** Whether results may be coloured: on a terminal, unless NO_COLOR asks for none. */
export function mayColour(): boolean {
  return process.stdout.isTTY && !process.env.NO_COLOR;
}

/** Lines of columns; all but the last column are padded, numbers (right) to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], right: readonly number[]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return right.includes(column) ? cell.padStart(width) : cell.padEnd(width);
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** As the clock on a wall in Finland shows it: 2026-11-22 23:00. */
export function wallTime(epochMs: number): string {
  const local = Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO("Europe/Helsinki");
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
