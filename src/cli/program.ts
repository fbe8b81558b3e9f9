import { Command } from "commander";
import { backfillCommand } from "./backfill.js";
import { demoCommand } from "./demo.js";
import { doctorCommand } from "./doctor.js";
import { exportCommand } from "./export.js";
import { healthCommand } from "./health.js";
import { loadCommand } from "./load.js";
import { loginCommand } from "./login.js";
import { logoutCommand } from "./logout.js";
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

Settings come from the environment, .env in the working directory and config/config.ini: see the README.
`;

/** The whole command line. */
export function buildProgram(): Command {
  return new Command("caruna-integration")
    .description("Loads the hourly consumption of your Caruna+ metering points into PostgreSQL.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", EXIT_CODES_HELP)
    .showHelpAfterError("(--help tells what there is)")
    .addCommand(startCommand())
    .addCommand(syncCommand())
    .addCommand(loadCommand())
    .addCommand(backfillCommand())
    .addCommand(verifyCommand())
    .addCommand(statusCommand())
    .addCommand(exportCommand())
    .addCommand(loginCommand())
    .addCommand(logoutCommand())
    .addCommand(doctorCommand())
    .addCommand(healthCommand())
    .addCommand(demoCommand())
    .addCommand(simulatorCommand());
}
