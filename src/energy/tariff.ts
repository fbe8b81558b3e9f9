import type { Tariff } from "./reading.js";

/** The energy of one hour by tariff, kWh. `null`: no such part was given. */
export interface TariffSplit {
  readonly kwhDay: number | null;
  readonly kwhNight: number | null;
  readonly kwhNightWinter: number | null;
  readonly tariff: Tariff;
  /** Names of parts that no rule knows, as received; their energy is in no column, only in the total. */
  readonly unknownParts: readonly string[];
}

/** Where two tariffs have the same energy in an hour, the one further ahead names it. */
const TARIFFS: readonly Tariff[] = ["night_winter", "night", "day", "other_times"];

/**
 * Puts the transfer product parts of one hour into the columns of the table.
 *
 * `parts` is kWh by the name of the part. Seen are `daytime` and `nighttime`; the names of the seasonal parts and of the
 * single part of a product without a split are not known, so names are told by the words in them. Without a split all
 * columns are `null` and the tariff is `other_times`, as the table has always held it. The tariff of an hour with several
 * parts is the one with the most energy.
 */
export function splitByTariff(parts: Readonly<Record<string, number>>): TariffSplit {
  const kwh: Record<Tariff, number[]> = { night_winter: [], night: [], day: [], other_times: [] };
  const unknownParts: string[] = [];
  for (const [name, kwhOfPart] of Object.entries(parts)) {
    const tariff = tariffOfPart(name);
    if (tariff === "unknown") unknownParts.push(name);
    else if (tariff !== "no split") kwh[tariff].push(kwhOfPart);
  }
  return {
    kwhDay: sumOrNull([...kwh.day, ...kwh.other_times]),
    kwhNight: sumOrNull(kwh.night),
    kwhNightWinter: sumOrNull(kwh.night_winter),
    tariff: largest(kwh),
    unknownParts,
  };
}

function sumOrNull(values: readonly number[]): number | null {
  return values.length === 0 ? null : sumOfKwh(values);
}

function tariffOfPart(name: string): Tariff | "no split" | "unknown" {
  const letters = name.toLowerCase().replace(/[^a-zåäö]/g, "");
  if (letters.includes("winter")) return "night_winter";
  if (letters.includes("night")) return "night";
  if (letters.includes("allday") || letters.includes("general")) return "no split";
  if (letters.includes("day")) return "day";
  if (letters.includes("other")) return "other_times";
  return "unknown";
}

function largest(kwh: Readonly<Record<Tariff, readonly number[]>>): Tariff {
  const given = TARIFFS.filter((tariff) => kwh[tariff].length > 0);
  const most = Math.max(...given.map((tariff) => sumOfKwh(kwh[tariff])));
  return given.find((tariff) => sumOfKwh(kwh[tariff]) === most) ?? "other_times";
}

/** The sum of values, rounded, which takes the noise of binary fractions off: 0.1 + 0.2 is 0.3. */
export function sum(values: readonly number[], decimals: number): number {
  return rounded(
    values.reduce((total, value) => total + value, 0),
    decimals,
  );
}

export function rounded(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  // Adding 0 makes 0 of -0.
  return Math.round(value * scale) / scale + 0;
}

/** Rounded to 1e-6 kWh; a value alone stays as received. */
function sumOfKwh(values: readonly number[]): number {
  const [only = 0, ...others] = values;
  return others.length === 0 ? only : sum(values, 6);
}
