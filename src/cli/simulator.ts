import { Command, InvalidArgumentError, Option } from "commander";
import { Temporal } from "temporal-polyfill";
import { onShutdownSignal } from "../shared/hangup.js";
import {
  DEFAULT_BEHAVIOUR,
  isVariantName,
  type Simulator,
  type SimulatorOptions,
  scriptedVariantNames,
  startSimulator,
  VARIANTS,
  type VariantName,
  variantNames,
} from "../simulator/index.js";

interface SimulatorFlags {
  readonly host: string;
  readonly port: number;
  readonly authPort: number;
  readonly plusUrl?: string;
  readonly authUrl?: string;
  readonly variant: VariantName;
  readonly user: string;
  readonly password: string;
  readonly meters: number;
  readonly latency: number;
  readonly now?: number;
}

const VARIANT_NAMES = [...variantNames(), ...scriptedVariantNames()].join(", ");

/** `simulator`: a look-alike of Caruna+ on this machine, until SIGINT or SIGTERM. */
export function simulatorCommand(): Command {
  return new Command("simulator")
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--port <number>", "port of the plus site; 0 for any free one", portNumber, 8490)
    .option("--auth-port <number>", "port of the auth site; the same: told apart by the Host header", portNumber, 8491)
    .option("--plus-url <url>", "public address of the plus site, for use behind a proxy", siteAddress)
    .option("--auth-url <url>", "public address of the auth site", siteAddress)
    .addOption(
      new Option("--variant <name>", `which portal: ${VARIANT_NAMES}`)
        .argParser(variantName)
        .default(DEFAULT_BEHAVIOUR.variant),
    )
    .option("--user <e-mail>", "the account's user", DEFAULT_BEHAVIOUR.user)
    .option("--password <password>", "the account's password", DEFAULT_BEHAVIOUR.password)
    .option("--meters <number>", "how many metering points", meterCount, 1)
    .option("--latency <milliseconds>", "how long every answer takes", milliseconds, 0)
    .option("--now <instant>", "start the simulator's clock here, such as 2026-03-30T12:00:00Z", instant)
    .action(run);
}

async function run(flags: SimulatorFlags): Promise<void> {
  const simulator = await startSimulator(optionsFrom(flags, Date.now));
  const ended = new Promise((resolve) => onShutdownSignal(resolve));
  process.stdout.write(`${describe(simulator, flags).join("\n")}\n`);
  await ended;
  await simulator.stop();
}

function optionsFrom(flags: SimulatorFlags, clock: () => number): SimulatorOptions {
  const { host, port, authPort, plusUrl, authUrl, variant, user, password, meters, latency } = flags;
  const behindBy = flags.now === undefined ? 0 : clock() - flags.now;
  return {
    ...{ host, port, authPort, variant, user, password, meters },
    ...(plusUrl === undefined ? {} : { plusUrl }),
    ...(authUrl === undefined ? {} : { authUrl }),
    latencyMs: latency,
    now: () => clock() - behindBy,
  };
}

/** One fact a line, and the lines to paste into a `.env`. */
function describe(simulator: Simulator, { variant, user, password }: SimulatorFlags): string[] {
  const isDefault = password === DEFAULT_BEHAVIOUR.password;
  return [
    `Simulated Caruna+ ${variant}: ${VARIANTS[variant].description}`,
    `plus site: ${simulator.plusUrl} (listening on port ${simulator.port})`,
    `auth site: ${simulator.authUrl} (listening on port ${simulator.authPort})`,
    `user: ${user}`,
    ...simulator.household.meters.map(
      ({ assetId, gsrn, address, productDescription }) =>
        `metering point: ${assetId}, GSRN ${gsrn}, ${address.streetName} ${address.houseNumber}, ${address.postOffice}, ${productDescription}`,
    ),
    "Lines for a .env that uses it:",
    `CARUNA_BASE_URL=${simulator.plusUrl}`,
    `CARUNA_ALLOWED_HOSTS=${new URL(simulator.authUrl).host}`,
    `CARUNA_USER=${user}`,
    // A password that somebody chose stays with them, even here.
    isDefault ? `CARUNA_PASSWORD=${password}` : "CARUNA_PASSWORD= (the one given with --password)",
    "Ctrl-C or SIGTERM ends it.",
  ];
}

function portNumber(value: string): number {
  return wholeNumber(value, 0, 65_535, "a port is a whole number from 0 to 65535, such as 8490");
}

function meterCount(value: string): number {
  return wholeNumber(value, 1, 1000, "give a whole number from 1 to 1000, such as 3");
}

function milliseconds(value: string): number {
  return wholeNumber(value, 0, 600_000, "give whole milliseconds from 0 to 600000, such as 200");
}

function wholeNumber(value: string, least: number, most: number, advice: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < least || number > most) throw new InvalidArgumentError(`${advice}.`);
  return number;
}

function variantName(value: string): VariantName {
  if (isVariantName(value)) return value;
  throw new InvalidArgumentError(`the portals are: ${VARIANT_NAMES}.`);
}

function siteAddress(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && url.pathname === "/") return url.origin;
  throw new InvalidArgumentError("give scheme and host and nothing more, such as https://plus.example.com.");
}

function instant(value: string): number {
  try {
    return Temporal.Instant.from(value).epochMilliseconds;
  } catch {
    throw new InvalidArgumentError("give an instant with its zone, such as 2026-03-30T12:00:00Z.");
  }
}
