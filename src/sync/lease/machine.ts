import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/**
 * Names this machine: its host name, and a fingerprint of what makes a process id mean something: the running kernel and
 * the pid namespace. Containers may share the first and the host name, and number their processes each for itself.
 * Undefined as `fingerprint` where the system (any but Linux) does not say: a pid of another program proves nothing there.
 */
export function machine(): { readonly name: string; readonly fingerprint: string | undefined } {
  try {
    const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const namespace = readlinkSync("/proc/self/ns/pid");
    return { name: hostname(), fingerprint: fingerprintOf(bootId, namespace) };
  } catch {
    return { name: hostname(), fingerprint: undefined };
  }
}

/** @param namespace the pid namespace, in which a process id is unique. */
export function fingerprintOf(bootId: string, namespace: string): string {
  return createHash("sha256").update(`${bootId} ${namespace}`).digest("hex").slice(0, 12);
}
