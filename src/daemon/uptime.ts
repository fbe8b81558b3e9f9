import { readFile } from "node:fs/promises";

/** A time of the machine's monotonic clock, which all programs of one boot share. */
export interface Uptime {
  /** Tells one boot of the machine from another; undefined where the system does not say, or its clock counts sleep too. */
  readonly boot: string | undefined;
  /** Milliseconds; time asleep is not in it. */
  readonly uptimeMs: number;
}

/** Linux has both (CLOCK_MONOTONIC, proc(5)); macOS and Windows count the time asleep. */
export async function uptime(): Promise<Uptime> {
  const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => undefined);
  return { boot: boot?.trim(), uptimeMs: Number(process.hrtime.bigint() / 1_000_000n) };
}
