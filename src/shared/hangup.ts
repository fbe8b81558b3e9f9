import { readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

const SIGHUP_BIT = 1n;
/** proc(5): the flags of an open file, octal; their last digit says how it may be used. */
const WRITE_ONLY = /^flags:\s*\d*1$/m;

let isIgnored: boolean | undefined;

/**
 * Whether the program was started with SIGHUP ignored (`nohup`, `trap "" HUP`), and is to outlive its terminal.
 *
 * Node.js sets every signal back to its default before our first line runs, so this goes by what is left: the parent
 * ignores it too, or `nohup` has left its marks (the shell's `_`, a standard input that cannot be read, `nohup.out`).
 * Where the system does not show these, false.
 */
export function isHangupIgnored(): boolean {
  isIgnored ??= process.platform !== "win32" && [byParent, byName, byStreams].some((seen) => orFalse(seen));
  return isIgnored;
}

/** The signals by which the system asks the program to end; SIGHUP is none where it was ignored at the start. */
function endingSignals(): readonly NodeJS.Signals[] {
  return isHangupIgnored() ? ["SIGINT", "SIGTERM"] : ["SIGINT", "SIGTERM", "SIGHUP"];
}

/** Calls back when the system asks the program to end, as often as it asks. Returns what stops listening. */
export function onShutdownSignal(callBack: (signal: NodeJS.Signals) => void): () => void {
  const signals = endingSignals();
  for (const signal of signals) process.on(signal, callBack);
  return () => {
    for (const signal of signals) process.off(signal, callBack);
  };
}

/** Where it was ignored, SIGHUP stays ignored from now on. */
export function keepHangupIgnored(): void {
  if (isHangupIgnored()) process.on("SIGHUP", () => {});
}

function byParent(): boolean {
  const status = readFileSync(`/proc/${process.ppid}/status`, "utf8");
  const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return mask !== undefined && (BigInt(`0x${mask}`) & SIGHUP_BIT) !== 0n;
}

function byName(): boolean {
  return basename(process.env._ ?? "") === "nohup";
}

function byStreams(): boolean {
  const isUnreadable =
    readlinkSync("/proc/self/fd/0") === "/dev/null" && WRITE_ONLY.test(readFileSync("/proc/self/fdinfo/0", "utf8"));
  return isUnreadable || [1, 2].some((fd) => basename(readlinkSync(`/proc/self/fd/${fd}`)) === "nohup.out");
}

function orFalse(seen: () => boolean): boolean {
  try {
    return seen();
  } catch {
    return false;
  }
}
