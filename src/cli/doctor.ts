import { Command } from "commander";
import { type Check, type Diagnosis, diagnose, storageAsObject } from "../app/index.js";
import type { Configuration } from "../config/index.js";
import { version } from "../shared/version.js";
import { configuration, untilSignal } from "./configured.js";
import { createLogger } from "./logging.js";

/** `doctor [--json]`: for a person whose program does not do what it should, and for those who help. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .option("--json", "the same for a program to read")
    .action(async ({ json }: { json?: true }) => {
      const options = { load: () => configuration(), logger: quietLogger, now: Date.now };
      const diagnosis = await diagnose(options, untilSignal());
      process.stdout.write(json ? `${JSON.stringify(asObject(diagnosis), undefined, 2)}\n` : inLines(diagnosis));
      process.exitCode = diagnosis.exitCode;
    });
}

/** The ordinary news of the parts are the doctor's to tell; whoever wants more sets LOG_LEVEL. */
function quietLogger({ logLevel, logFormat }: Configuration) {
  return createLogger({ logLevel: logLevel === "info" ? "error" : logLevel, logFormat });
}

function asObject({ checks, exitCode, storage }: Diagnosis): object {
  const { node } = process.versions;
  const platform = `${process.platform} ${process.arch}`;
  const stored = storage === undefined ? null : storageAsObject(storage);
  return { ok: exitCode === 0, version: version(), node, platform, storage: stored, checks };
}

const MARKS: Readonly<Record<Check["status"], string>> = { ok: "✓", failed: "✗", "not checked": "–" };

function inLines({ checks, exitCode }: Diagnosis): string {
  const head = `caruna-integration ${version()}, Node.js ${process.versions.node}, ${process.platform} ${process.arch}`;
  const lines = checks.flatMap(({ name, status, reason, nextStep }) => [
    `${MARKS[status]} ${name}: ${status === "not checked" ? `not checked, ${reason}` : reason}`,
    ...(nextStep === null ? [] : [`  → ${nextStep}`]),
  ]);
  const end = exitCode === 0 ? "All is well." : "Mend the first ✗, then run doctor again.";
  return `${[head, ...lines, end].join("\n")}\n`;
}
