/** One line of the table. */
export interface Measured {
  readonly what: string;
  readonly target: string;
  /** What the original's way came to, or what we are measured beside; empty where there is nothing to compare with. */
  readonly original: string;
  readonly ours: string;
  /** Ours to the original, or to what it is measured beside; empty where there is none. */
  readonly ratio: string;
  readonly isMet: boolean;
}

/** The table as Markdown. */
export function table(lines: readonly Measured[]): string {
  const rows = lines.map(({ what, target, original, ours, ratio, isMet }) =>
    [what, target, original, ours, ratio, isMet ? "yes" : "**no**"].map((cell) => cell || "–"),
  );
  const all = [["", "target", "original", "ours", "ratio", "met"], ["---", "---", "---", "---", "---", "---"], ...rows];
  return all.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** The middle one; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  const high = sorted[Math.floor(middle)] ?? Number.NaN;
  return (low + high) / 2;
}

/** Milliseconds that a task takes. */
export async function timed(task: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await task();
  return performance.now() - startMs;
}

/** "12,300" */
export function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

/** Says what goes on, apart from the table. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
