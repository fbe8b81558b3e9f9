import { CommanderError } from "commander";
import { EXIT_CODES, exitCodeOf, isExpected, messageOf } from "../app/index.js";
import { SimulatorOptionsError } from "../simulator/index.js";
import { Interrupted } from "./configured.js";
import { toleratePipesThatBreak } from "./output.js";
import { buildProgram } from "./program.js";

/** Runs a command line and sets the exit code. What keeps a command from beginning is told on stderr in plain words. */
export async function run(argv: readonly string[]): Promise<void> {
  toleratePipesThatBreak();
  const program = buildProgram();
  for (const command of [program, ...program.commands]) command.exitOverride();
  try {
    await program.parseAsync(withDefaultCommand(argv.slice(2)), { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT_CODES.done : EXIT_CODES.configuration;
      return;
    }
    if (error instanceof Interrupted) {
      process.exitCode = EXIT_CODES.other;
      return;
    }
    const isOfCommandLine = error instanceof SimulatorOptionsError;
    const isForUser = isOfCommandLine || isExpected(error);
    const stack = error instanceof Error && !isForUser ? error.stack : undefined;
    process.stderr.write(`${stack ?? messageOf(error)}\n`);
    process.exitCode = isOfCommandLine ? EXIT_CODES.configuration : exitCodeOf(error);
  }
}

/** `start` is what runs where no command is named. (commander's own default would take a mistyped command for it.) */
function withDefaultCommand(parameters: readonly string[]): string[] {
  const [first] = parameters;
  const isCommand = first !== undefined && !first.startsWith("-");
  const asksForHelp = first !== undefined && ["-h", "--help", "-V", "--version"].includes(first);
  return isCommand || asksForHelp ? [...parameters] : ["start", ...parameters];
}
