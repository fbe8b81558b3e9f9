import type { ProductType, Profile } from "./household.js";

export interface Address {
  readonly streetName: string;
  readonly houseNumber: string;
  readonly postalCode: string;
  readonly postOffice: string;
}

/** A metering point of the simulator; every address and number is made up. */
export interface SimulatedMeter {
  readonly customerNumber: string;
  /** The customer is one that the user represents (a housing company), not an own one. */
  readonly represented: boolean;
  readonly assetId: string;
  /** 18 digits. */
  readonly gsrn: string;
  readonly address: Address;
  /** "Yösiirto 25 A" */
  readonly productDescription: string;
  /** "VS025" is seen; the codes of the other products are guesses. */
  readonly productId: string;
  /** "3x25" */
  readonly fuseSize: string;
  readonly counterSerialNumber: string;
  /** First local day of the contract, `YYYY-MM-DD`; there is nothing before it. */
  readonly startDate: string;
  readonly profile: Profile;
  /** It measures production, and has no consumption at all. */
  readonly isProduction: boolean;
  readonly spacings: readonly SpacingFrom[];
  /** Rows of less than an hour leave out production and parts that are 0. */
  readonly leavesZerosOut: boolean;
}

/** From an instant on, a whole quarter of an hour, the meter has so many rows an hour. */
export interface SpacingFrom {
  readonly fromEpochMs: number;
  readonly rowsAnHour: 1 | 2 | 4;
}

/** What a test or the command line says of a meter; the rest follows from its place in the list. */
export interface MeterOptions {
  readonly product?: ProductType;
  readonly customerNumber?: string;
  readonly represented?: boolean;
  readonly assetId?: string;
  readonly gsrn?: string;
  readonly address?: Address;
  readonly startDate?: string;
  readonly solarKwp?: number;
  readonly netting?: boolean;
  readonly isProduction?: boolean;
  /** Earliest first; before the first of them there is one row an hour. None: as the behaviour says. */
  readonly spacings?: readonly SpacingFrom[];
  readonly leavesZerosOut?: boolean;
}

export const DEFAULT_CUSTOMER_NUMBER = "50123456";

const PRODUCTS: readonly ProductType[] = ["nightly", "general", "seasonal"];

const ADDRESSES: readonly Address[] = [
  { streetName: "Mäntykuja", houseNumber: "7", postalCode: "02780", postOffice: "Espoo" },
  { streetName: "Länsiväylänpolku", houseNumber: "12 B 4", postalCode: "10600", postOffice: "Tammisaari" },
  { streetName: "Järvenpääntie", houseNumber: "301", postalCode: "31500", postOffice: "Koski Tl" },
  { streetName: "Hämäläisenkaari", houseNumber: "3", postalCode: "08100", postOffice: "Lohja" },
];

const PRODUCT_FACTS = {
  nightly: { description: "Yösiirto 25 A", id: "VS025", fuse: "3x25" },
  general: { description: "Yleissiirto 25 A", id: "YS025", fuse: "3x25" },
  seasonal: { description: "Kausisiirto 35 A", id: "KS035", fuse: "3x35" },
} as const;

/**
 * The metering points of the simulator.
 *
 * @param meters how many of the usual ones (a night-price house, a flat, a seasonal-price house, and over again), or what to
 *   change of each
 */
export function buildMeters(meters: number | readonly MeterOptions[]): SimulatedMeter[] {
  const wishes = typeof meters === "number" ? Array.from({ length: meters }, (): MeterOptions => ({})) : meters;
  return wishes.map((wish, index) => buildMeter(wish, index));
}

function buildMeter(wish: MeterOptions, index: number): SimulatedMeter {
  const product = wish.product ?? PRODUCTS[index % PRODUCTS.length] ?? "general";
  const facts = PRODUCT_FACTS[product];
  const ordinal = String(index + 1).padStart(4, "0");
  return {
    customerNumber: wish.customerNumber ?? DEFAULT_CUSTOMER_NUMBER,
    represented: wish.represented ?? false,
    assetId: wish.assetId ?? `FSK${ordinal}27`,
    gsrn: wish.gsrn ?? gsrn(wish.assetId === undefined ? index : numberOf(wish.assetId)),
    address: wish.address ?? ADDRESSES[index % ADDRESSES.length] ?? FALLBACK_ADDRESS,
    productDescription: facts.description,
    productId: facts.id,
    fuseSize: facts.fuse,
    counterSerialNumber: `7359${ordinal}`,
    startDate: wish.startDate ?? "2019-06-01",
    profile: { ...profileOf(product, index, wish.solarKwp ?? 0), netting: wish.netting ?? false },
    isProduction: wish.isProduction ?? false,
    spacings: wish.spacings ?? [],
    leavesZerosOut: wish.leavesZerosOut ?? false,
  };
}

const FALLBACK_ADDRESS: Address = { streetName: "Ylätie", houseNumber: "1", postalCode: "02780", postOffice: "Espoo" };

function profileOf(product: ProductType, index: number, solarKwp: number): Omit<Profile, "netting"> {
  const common = { seed: 100 + index * 10, product, solarKwp };
  if (product === "general") {
    const flat = { heatingKwhPerDegree: 0.004, householdScale: 0.45, sauna: false, waterHeater: false };
    return { ...common, ...flat, monthlyFeeEur: 14.1 };
  }
  const house = { heatingKwhPerDegree: product === "nightly" ? 0.075 : 0.11, householdScale: 0.9, sauna: true };
  return { ...common, ...house, waterHeater: true, monthlyFeeEur: product === "nightly" ? 29.53 : 34.75 };
}

/** The same for the same asset id, so that a household keeps its GSRN when others come and go. */
function numberOf(assetId: string): number {
  return [...assetId].reduce((number, character) => (number * 31 + character.charCodeAt(0)) % 100_000, 1_000);
}

/** A number of 18 digits with the check digit that GS1 asks for. */
function gsrn(index: number): string {
  const digits = `6430036${String(1_000_000_000 + index * 7919).slice(-10)}`;
  const sum = [...digits]
    .reverse()
    .reduce((total, digit, place) => total + Number(digit) * (place % 2 === 0 ? 3 : 1), 0);
  return `${digits}${(10 - (sum % 10)) % 10}`;
}
