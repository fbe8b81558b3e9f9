import { Command } from "commander";
import { backfillCommand } from "./backfill.js";
import { contractsCommand } from "./contracts.js";
import { demoCommand } from "./demo.js";
import { doctorCommand } from "./doctor.js";
import { energyCommand } from "./energy.js";
import { exportCommand } from "./export.js";
import { healthCommand } from "./health.js";
import { loadCommand } from "./load.js";
import { loginCommand } from "./login.js";
import { logoutCommand } from "./logout.js";
import { meteringPointsCommand } from "./metering-points.js";
import { profileCommand } from "./profile.js";
import { setupCommand } from "./setup.js";
import { simulatorCommand } from "./simulator.js";
import { startCommand } from "./start.js";
import { statusCommand } from "./status.js";
import { syncCommand } from "./sync.js";
import { verifyCommand } from "./verify.js";
import { version } from "./version.js";

const EXIT_CODES_HELP = `
Exit codes:
  0  done
  1  anything else
  2  configuration or command line
  3  Caruna+ rejected the credentials (or did, and they are held back), or asks for a second factor
  4  Caruna+ unreachable or not understood (also when some of the days failed)
  5  database
  6  verify found something that differs
  130  Ctrl-C at a question of setup

Results go to stdout, logs to stderr. NO_COLOR=1 leaves out colours.
Settings come from the environment, .env in the working directory and config/config.ini: see the README.
`;

/** The whole command line. */
export function buildProgram(): Command {
  const program = new Command("caruna-integration")
    .description("Loads the hourly consumption of your Caruna+ metering points into PostgreSQL.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .addHelpText("after", EXIT_CODES_HELP)
    .commandsGroup("Load hours into the database:")
    .addCommand(startCommand())
    .addCommand(syncCommand())
    .addCommand(loadCommand())
    .addCommand(backfillCommand())
    .addCommand(verifyCommand())
    .commandsGroup("Show what is stored, without a request to Caruna+:")
    .addCommand(statusCommand())
    .addCommand(exportCommand())
    .commandsGroup("Show what Caruna+ tells now, and store none of it:")
    .addCommand(profileCommand())
    .addCommand(contractsCommand())
    .addCommand(meteringPointsCommand())
    .addCommand(energyCommand())
    .commandsGroup("The account, and help with it:")
    .addCommand(setupCommand())
    .addCommand(loginCommand())
    .addCommand(logoutCommand())
    .addCommand(doctorCommand())
    .addCommand(healthCommand())
    .commandsGroup("Without an account:")
    .addCommand(demoCommand())
    .addCommand(simulatorCommand());
  for (const command of [program, ...program.commands]) {
    command.configureOutput({ outputError: (message, write) => write(inOneLine(message, command)) });
    if (command !== program) command.addHelpText("after", "\nExit codes: caruna-integration --help");
  }
  return program;
}

/** What is wrong with a command line, the suggestion that commander may have, and where to read on. */
function inOneLine(message: string, command: Command): string {
  const names = command.parent === null ? "" : ` ${command.name()}`;
  const text = message.trim().replace(/\s*\n\s*/g, " ");
  return `${/[.)]$/.test(text) ? text : `${text}.`} See caruna-integration${names} --help.\n`;
}
