import { Command, Help } from "commander";
import { version } from "../shared/version.js";

/** A command as the help lists it; its file, and all that it needs, is loaded only when it is run. */
interface Listed {
  readonly name: string;
  readonly description: string;
  /** What follows the name in the list: options and arguments that it takes. */
  readonly usage: string;
  readonly load: () => Promise<Command>;
}

/** All commands, by the heading under which the help lists them. */
const COMMANDS: Readonly<Record<string, readonly Listed[]>> = {
  "Load hours into the database:": [
    {
      name: "start",
      description: "load the last days, then again every job_interval seconds, until a key is pressed (the default)",
      usage: "[options]",
      load: async () => (await import("./start.js")).startCommand(),
    },
    {
      name: "sync",
      description: "one cycle now: what is due, without the look back; the same as start --once",
      usage: "",
      load: async () => (await import("./sync.js")).syncCommand(),
    },
    {
      name: "load",
      description: "load chosen days (local days of Finland), however old",
      usage: "[options]",
      load: async () => (await import("./load.js")).loadCommand(),
    },
    {
      name: "backfill",
      description:
        "load history now, as fast as Caruna+ answers; ended by a key or Ctrl-C, it goes on from there the next time",
      usage: "[options]",
      load: async () => (await import("./backfill.js")).backfillCommand(),
    },
    {
      name: "verify",
      description:
        "compare what is stored with Caruna+, and tell what differs (exit code 6); writes nothing without --fix",
      usage: "[options]",
      load: async () => (await import("./verify.js")).verifyCommand(),
    },
    {
      name: "switch-metering-point",
      description:
        "have energy_hourly mirror the metering point of METERING_POINT; its rows of before are kept in a table of their own",
      usage: "",
      load: async () => (await import("./switch-metering-point.js")).switchMeteringPointCommand(),
    },
  ],
  "Show what is stored, without a request to Caruna+:": [
    {
      name: "status",
      description: "tell what is stored of each metering point and what is due; asks Caruna+ nothing",
      usage: "[options]",
      load: async () => (await import("./status.js")).statusCommand(),
    },
    {
      name: "export",
      description: "write the stored hours of a metering point as CSV or JSON; asks Caruna+ nothing",
      usage: "[options]",
      load: async () => (await import("./export.js")).exportCommand(),
    },
    {
      name: "query",
      description: "run an SQL statement that only reads; without one, list the tables and views",
      usage: "[options] [sql]",
      load: async () => (await import("./query.js")).queryCommand(),
    },
  ],
  "Keep what is stored safe, or remove it:": [
    {
      name: "backup",
      description: "write everything that is stored into one compressed file, while the program runs",
      usage: "[options] [file]",
      load: async () => (await import("./backup.js")).backupCommand(),
    },
    {
      name: "restore",
      description: "put a backup into the database: an empty one, or one whose rows it is merged with",
      usage: "[options] <file>",
      load: async () => (await import("./restore.js")).restoreCommand(),
    },
    {
      name: "forget",
      description: "remove everything that is stored of a metering point, or of the account; shows it and asks before",
      usage: "[options] [point]",
      load: async () => (await import("./forget.js")).forgetCommand(),
    },
    {
      name: "upgrade-database",
      description: "carry the embedded database over to a new major version of PostgreSQL",
      usage: "",
      load: async () => (await import("./upgrade-database.js")).upgradeDatabaseCommand(),
    },
  ],
  "Show what Caruna+ tells now, and store none of it:": [
    {
      name: "profile",
      description: "show the customers whom the account is or represents",
      usage: "[options]",
      load: async () => (await import("./profile.js")).profileCommand(),
    },
    {
      name: "contracts",
      description: "show the contracts of the account, past ones among them",
      usage: "[options]",
      load: async () => (await import("./contracts.js")).contractsCommand(),
    },
    {
      name: "metering-points",
      description: "show the metering points of the account, as Caruna+ lists them",
      usage: "[options]",
      load: async () => (await import("./metering-points.js")).meteringPointsCommand(),
    },
    {
      name: "energy",
      description: "show the consumption of a metering point as Caruna+ tells it now",
      usage: "[options]",
      load: async () => (await import("./energy.js")).energyCommand(),
    },
  ],
  "The account, and help with it:": [
    {
      name: "setup",
      description: "ask for the Caruna+ account, try it, let a metering point be chosen, and write .env",
      usage: "",
      load: async () => (await import("./setup.js")).setupCommand(),
    },
    {
      name: "login",
      description: "log in to Caruna+ with the password now, and tell what came of it",
      usage: "[options]",
      load: async () => (await import("./login.js")).loginCommand(),
    },
    {
      name: "logout",
      description: "forget the kept session of Caruna+, cookies included",
      usage: "",
      load: async () => (await import("./logout.js")).logoutCommand(),
    },
    {
      name: "doctor",
      description:
        "check everything that a cycle needs, and tell what to do; changes no hours, and may be shown to anybody",
      usage: "[options]",
      load: async () => (await import("./doctor.js")).doctorCommand(),
    },
    {
      name: "health",
      description: "tell whether the running program's last cycle went well (exit code 0) or not (1)",
      usage: "",
      load: async () => (await import("./health.js")).healthCommand(),
    },
  ],
  "Without an account:": [
    {
      name: "demo",
      description: "try the program with a simulated account and a database of its own; ignores .env",
      usage: "[options]",
      load: async () => (await import("./demo.js")).demoCommand(),
    },
    {
      name: "simulator",
      description: "serve a simulated Caruna+ over HTTP, with a household of its own; for tests and demonstrations",
      usage: "[options]",
      load: async () => (await import("./simulator.js")).simulatorCommand(),
    },
  ],
};

const EXIT_CODES_HELP = `
Exit codes:
  0  done
  1  anything else
  2  configuration or command line
  3  Caruna+ rejected the credentials (or did, and the login is paused), or wants something that only a person can do
  4  Caruna+ unreachable or not understood (also when some of the days failed)
  5  database
  6  verify found something that differs
  130  Ctrl-C at a question of setup

Results go to stdout, logs to stderr. NO_COLOR=1 leaves out colours.
Settings come from the environment, .env in the working directory and config/config.ini: see the README.
`;

/** The command line. Those commands that `isNeeded` names can be run; the others are there for the help alone. */
export async function buildProgram(isNeeded: (command: string) => boolean): Promise<Command> {
  const terms = new Map<Command, string>();
  const program = new Command("caruna-integration")
    .configureHelp({ subcommandTerm: (command) => terms.get(command) ?? new Help().subcommandTerm(command) })
    .description("Loads the hourly consumption of your Caruna+ metering points into PostgreSQL.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .addHelpText("after", EXIT_CODES_HELP);
  for (const [heading, commands] of Object.entries(COMMANDS)) {
    program.commandsGroup(heading);
    for (const { name, description, usage, load } of commands) {
      const command = isNeeded(name) ? await load() : new Command(name);
      program.addCommand(command.description(description));
      terms.set(command, `${name} ${usage}`.trim());
    }
  }
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
