import { CommanderError } from "commander";
import { EXIT_CODES } from "../shared/exit-codes.js";
import { keepHangupIgnored } from "../shared/hangup.js";
import { Interrupted } from "./interrupted.js";
import { keepMemorySmall } from "./memory.js";
import { toleratePipesThatBreak } from "./pipes.js";
import { buildProgram } from "./program.js";

/** Runs a command line and sets the exit code. What keeps a command from beginning goes to stderr in plain words. */
export async function run(argv: readonly string[]): Promise<void> {
  keepMemorySmall();
  toleratePipesThatBreak();
  keepHangupIgnored();
  keepCertificatesChecked();
  const words = withDefaultCommand(argv.slice(2));
  // Only the command that is named is loaded, so that `--help` and `--version` answer at once.
  const program = await buildProgram((command) => words.includes(command));
  for (const command of [program, ...program.commands]) command.exitOverride();
  try {
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    process.exitCode = await report(error);
  }
}

/** Left over from another program's trouble, it would hand the password to whoever stands in between. */
function keepCertificatesChecked(): void {
  if (process.env.NODE_TLS_REJECT_UNAUTHORIZED !== "0") return;
  delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  process.stderr.write(
    "NODE_TLS_REJECT_UNAUTHORIZED=0 is ignored: certificates are checked. To trust one of your own, set NODE_EXTRA_CA_CERTS.\n",
  );
}

/** Writes what a person needs to know of an error, and returns the exit code. */
async function report(error: unknown): Promise<number> {
  // commander has written its own message.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.done : EXIT_CODES.configuration;
  if (error instanceof Interrupted) return EXIT_CODES.other;
  const { exitCodeOf, isExpected, messageOf } = await import("../app/index.js");
  const { SimulatorOptionsError } = await import("../simulator/index.js");
  const isOfCommandLine = error instanceof SimulatorOptionsError;
  const isForUser = isOfCommandLine || isExpected(error);
  const stack = error instanceof Error && !isForUser ? error.stack : undefined;
  process.stderr.write(`${stack ?? messageOf(error)}\n`);
  return isOfCommandLine ? EXIT_CODES.configuration : exitCodeOf(error);
}

/** `start` is what runs where no command is named. (commander's own default would take a mistyped command for it.) */
function withDefaultCommand(words: readonly string[]): string[] {
  const [first] = words;
  const isCommand = first !== undefined && !first.startsWith("-");
  const asksForHelp = first !== undefined && ["-h", "--help", "-V", "--version"].includes(first);
  return isCommand || asksForHelp ? [...words] : ["start", ...words];
}
