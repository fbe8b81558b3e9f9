import { Command } from "commander";
import {
  type Account,
  AccountTrial,
  accountInEnvironment,
  type Configuration,
  envFileOf,
  isInForeground,
  type ListedMeteringPoint,
  namedMeteringPoint,
  pauseInWords,
  type TriedAccount,
  writeSettings,
} from "../app/index.js";
import { EXIT_CODES } from "../shared/exit-codes.js";
import { configuration, quietLogger } from "./configured.js";
import { type Choice, GivenUp, Prompts } from "./prompts.js";

/** A mistyped password may be typed again; Caruna+ locks accounts after some more. */
const MOST_TRIES = 3;

/** Asked of a person who has been told that the login is paused, and why. */
export const FORCE_QUESTION = "Post the password now all the same? Caruna+ locks accounts after some wrong ones.";

const PATIENCE = "The first login makes the database, which takes a moment.";

/** `setup`: the questions that `start` asks where no account is set, at any time. */
export function setupCommand(): Command {
  return new Command("setup").action(async () => {
    const before = configuration({ needsAccount: false });
    if (await mayAsk()) {
      await setUp(before);
      return;
    }
    process.stderr.write(
      "setup asks questions, so it needs a terminal. Without one, fill in .env: see .env.example.\n",
    );
    process.exitCode = EXIT_CODES.configuration;
  });
}

/** True where a person sits at a terminal, and it listens to this program. */
export async function mayAsk(): Promise<boolean> {
  const isTerminal = [process.stdin, process.stdout, process.stderr].every((stream) => stream.isTTY);
  return isTerminal && (await isInForeground());
}

/**
 * Asks for the account, tries it, and offers to keep it in `.env`. Returns the settings with the answers in them; undefined
 * where it came to nothing: the person has read why, and the exit code is set. Throws the errors of the trial.
 */
export async function setUp(before: Configuration): Promise<Configuration | undefined> {
  const prompts = new Prompts("caruna-integration: your Caruna+ account");
  const trial = new AccountTrial(before, quietLogger(before));
  try {
    return await new Setup(before, prompts, trial).run();
  } catch (error) {
    if (!(error instanceof GivenUp)) throw error;
    prompts.end("Given up; nothing was written.");
    process.exitCode = EXIT_CODES.givenUp;
    return undefined;
  } finally {
    await trial.stop();
    prompts.close();
  }
}

interface Answers {
  readonly username: string;
  readonly password: string;
  readonly listed: readonly ListedMeteringPoint[];
}

class Setup {
  /** What the environment says counts, whatever `.env` says, so it is not asked for. */
  readonly #fixed = accountInEnvironment(process.env);

  constructor(
    private readonly before: Configuration,
    private readonly prompts: Prompts,
    private readonly trial: AccountTrial,
  ) {}

  async run(): Promise<Configuration | undefined> {
    this.#tellWhatIsFixed();
    const account = await this.#account();
    if (account === undefined) return undefined;
    const { username, password, listed } = account;
    const meteringPoint = await this.#meteringPoint(listed);
    await this.#offerToWrite({ username, password, meteringPoint });
    await this.trial.keepSession();
    const { caruna } = this.before;
    return {
      ...this.before,
      caruna: { ...caruna, username, password, meteringPoint: meteringPoint ?? caruna.meteringPoint },
    };
  }

  #tellWhatIsFixed(): void {
    const names = Object.values(this.#fixed).filter((name) => name !== undefined);
    if (names.length === 0) return;
    const [are, they] = names.length === 1 ? ["is", "it"] : ["are", "them"];
    this.prompts.warn(
      `${names.join(", ")} ${are} set in the environment, which counts before .env.\nTo change ${they}, change ${they} there.`,
    );
  }

  /** The account that Caruna+ has accepted; undefined where none was, and no more is to be tried. */
  async #account(): Promise<Answers | undefined> {
    const { host } = new URL(this.before.caruna.baseUrl);
    if (this.#fixed.password === undefined) this.prompts.tell(`The same e-mail address and password as at ${host}.`);
    if (this.before.database.kind === "embedded") this.prompts.tell(PATIENCE);
    let { username } = this.before.caruna;
    for (let triesLeft = MOST_TRIES - 1; ; triesLeft -= 1) {
      username = await this.#username(username);
      const password = await this.#password();
      this.prompts.tell("Logging in to Caruna+ …");
      const tried = await this.#tried({ username, password });
      if (tried.kind === "accepted") {
        this.prompts.done("Caruna+ accepts the account.");
        return { username, password, listed: tried.listed };
      }
      if (tried.kind === "rejected") this.prompts.warn(refusalInWords(tried));
      if (triesLeft > 0 && this.#fixed.password === undefined) continue;
      this.prompts.end(`Nothing was written. See whether a browser gets in at ${host}, then try again here.`);
      process.exitCode = EXIT_CODES.credentials;
      return undefined;
    }
  }

  /** While the login is paused, the password is posted only to a person who knows and wants it. */
  async #tried(account: Account): Promise<TriedAccount> {
    const tried = await this.trial.try(account, false, this.prompts.signal);
    if (tried.kind !== "paused") return tried;
    this.prompts.warn(refusalInWords(tried));
    if (!(await this.prompts.agree(FORCE_QUESTION, false))) return tried;
    return await this.trial.try(account, true, this.prompts.signal);
  }

  async #username(before: string | undefined): Promise<string> {
    if (this.#fixed.username !== undefined && before !== undefined) return before;
    return await this.prompts.line("E-mail address", before, (answer) =>
      /^[^\s@]+@[^\s@]+$/.test(answer) ? undefined : "An e-mail address is needed, such as matti@example.com.",
    );
  }

  async #password(): Promise<string> {
    const { password } = this.before.caruna;
    if (this.#fixed.password !== undefined && password !== undefined) return password;
    return await this.prompts.secret("Password", (answer) => (answer === "" ? "A password is needed." : undefined));
  }

  /** The asset id that must be set; undefined where the settings as they are lead to the right one. */
  async #meteringPoint(listed: readonly ListedMeteringPoint[]): Promise<string | undefined> {
    const wanted = this.before.caruna.meteringPoint;
    const isWanted = ({ point }: ListedMeteringPoint) => point.assetId === wanted || point.gsrn === wanted;
    const [only, ...others] = listed;
    if (only === undefined) return undefined;
    if (this.#fixed.meteringPoint !== undefined && wanted !== undefined) {
      const points = listed.map(({ point }) => point);
      // It throws, listing them all, where the wanted one is not among them.
      namedMeteringPoint(points, wanted);
      this.prompts.done(`The metering point: ${listed.filter(isWanted).map(inWords).join()}`);
      return undefined;
    }
    if (others.length === 0) {
      this.prompts.done(`The only metering point: ${inWords(only)}`);
      return wanted === undefined || isWanted(only) ? undefined : only.point.assetId;
    }
    const before = listed.find(isWanted) ?? listed.find(({ contractTo }) => contractTo === null);
    const message = "Which metering point shall the table energy_hourly follow? (The hours of all are loaded.)";
    return await this.prompts.choice(message, listed.map(asChoice), before?.point.assetId);
  }

  async #offerToWrite(answers: {
    username: string;
    password: string;
    meteringPoint: string | undefined;
  }): Promise<void> {
    const toWrite = {
      username: this.#fixed.username === undefined ? answers.username : undefined,
      password: this.#fixed.password === undefined ? answers.password : undefined,
      meteringPoint: answers.meteringPoint,
    };
    if (Object.values(toWrite).every((value) => value === undefined)) {
      this.prompts.end("There is nothing to write into .env.");
      return;
    }
    const places = { workingDirectory: process.cwd(), stateDir: this.before.stateDir };
    if (!(await this.prompts.agree(`Keep this in ${envFileOf(places.workingDirectory)}, readable for you alone?`))) {
      this.prompts.end("Nothing was written.");
      return;
    }
    const { file, passwordFile, isQuoted } = await writeSettings(toWrite, places);
    if (passwordFile !== undefined)
      this.prompts.tell(
        `A .env cannot hold this password: it is in ${passwordFile}, which CARUNA_PASSWORD_FILE names.`,
      );
    if (isQuoted)
      this.prompts.tell(
        "A value stands in quotes there, which docker run --env-file would take for a part of it:\nfor Docker, mount the file.",
      );
    this.prompts.end(`Written to ${file}. To change it: caruna-integration setup, or an editor.`);
  }
}

function refusalInWords(tried: Exclude<TriedAccount, { kind: "accepted" }>): string {
  const words = tried.kind === "rejected" && tried.reason !== undefined ? `: "${tried.reason}"` : ".";
  const refusal =
    tried.kind === "rejected"
      ? `Caruna+ rejected the e-mail address or the password${words}`
      : pauseInWords(tried.pause);
  return tried.hint === undefined ? refusal : `${refusal}\n${tried.hint}`;
}

function asChoice(listed: ListedMeteringPoint): Choice {
  const { assetId, gsrn } = listed.point;
  return { value: assetId, label: inWords(listed), hint: gsrn === null ? `id ${assetId}` : `GSRN ${gsrn}` };
}

function inWords({ point, contractTo }: ListedMeteringPoint): string {
  const ended = contractTo === null ? [] : [`contract to ${contractTo}`];
  const facts = [point.address, point.productDescription, ...ended].filter((fact) => fact !== null && fact !== "");
  return facts.length === 0 ? `id ${point.assetId}` : facts.join(", ");
}
