/** Stored hours between two runs are read along rather than with a query of their own, up to this many milliseconds. */
const BRIDGED_MS = 7 * 24 * 3_600_000;

/**
 * The stretches of time that hours lie in, so that what is stored of them is read by few scans of the index: a day of
 * today and one of ten years ago are two.
 *
 * @param hours earliest first.
 */
export function runsOf(
  hours: readonly { readonly startEpochMs: number }[],
): { startEpochMs: number; endEpochMs: number }[] {
  const runs: { startEpochMs: number; endEpochMs: number }[] = [];
  for (const { startEpochMs } of hours) {
    const run = runs.at(-1);
    if (run && startEpochMs - run.endEpochMs <= BRIDGED_MS) run.endEpochMs = startEpochMs + 1;
    else runs.push({ startEpochMs, endEpochMs: startEpochMs + 1 });
  }
  return runs;
}
