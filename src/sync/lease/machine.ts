import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** Where Linux names an installation, and where the running kernel: a container sees the second alone. */
const IDENTITIES = ["/etc/machine-id", "/proc/sys/kernel/random/boot_id"];

/**
 * Names this machine: its host name, and a fingerprint that tells two machines of one name apart. machine-id(5) asks
 * not to show the id itself.
 */
export function machineName(): string {
  const identity = IDENTITIES.map(contentOf).find((id) => id !== "") ?? "";
  return `${hostname()}/${createHash("sha256").update(identity).digest("hex").slice(0, 8)}`;
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return "";
  }
}
