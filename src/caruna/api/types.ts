/** A metering point ("käyttöpaikka") as the API lists it; what is no meter never becomes one of these. */
export interface MeteringPoint {
  /** The customer under whose number the API serves this metering point. */
  readonly customerId: string;
  /** Caruna's own id of the metering point, as the energy calls want it. */
  readonly assetId: string;
  /** Whether it measures what is taken from the network, or the production of one that measures that alone. */
  readonly kind: "consumption" | "production";
  /** Global Service Relation Number, 18 digits, printed on bills; `null` where the API leaves it out. */
  readonly gsrn: string | null;
  /** Street address in one line, for a person who must choose; empty where the API gives none. */
  readonly address: string;
  /** Distribution product in Caruna's words, e.g. "Yösiirto 25 A"; `null` where the API gives none. */
  readonly productDescription: string | null;
  /** Main fuse, e.g. "3x25"; `null` where the API gives none. */
  readonly fuseSize: string | null;
}

/** What one row of an energy answer covers: `daily` → an hour (or a quarter), `monthly` → a day, `yearly` → a month. */
export type Timespan = "daily" | "monthly" | "yearly";

/**
 * One row of an energy answer, both known shapes brought to one. Every value may be missing: an hour that is not
 * published yet is a row with a time stamp and perhaps a temperature.
 */
export interface EnergyRow {
  /** Start of the period as received: ISO 8601 with an offset, in UTC (`Z`), or without a zone (then Helsinki). */
  readonly timestamp: string;
  /** `totalConsumption` (older shape: `consumption`), kWh. */
  readonly totalKwh: number | null;
  /** `invoicedConsumption`, kWh. */
  readonly invoicedKwh: number | null;
  /** `production`, kWh, small producers only. */
  readonly productionKwh: number | null;
  /** `soldProduction` (older shape: `soldenergy`), kWh. */
  readonly soldKwh: number | null;
  /** `compensatedProduction`, kWh. */
  readonly compensatedKwh: number | null;
  /** Outdoor temperature, °C. */
  readonly temperatureCelsius: number | null;
  /** `totalFee`, EUR with VAT. */
  readonly totalEur: number | null;
  /** `distributionFee`, EUR without VAT. */
  readonly distributionEur: number | null;
  /** `distributionBaseFee`: the monthly fee spread over the hours of the month, EUR without VAT. */
  readonly baseEur: number | null;
  /** `electricityTax`, EUR without VAT. */
  readonly taxEur: number | null;
  /** `valueAddedTax`, EUR. */
  readonly vatEur: number | null;
  /** `statuses.totalConsumption`; 150 is what clients treat as measured. */
  readonly status: number | null;
  /** `invoicedConsumptionByTransferProductParts`: kWh by the name of the transfer product part; `null` values left out. */
  readonly parts: Readonly<Record<string, number>>;
}

/** A customer, as `/info` tells. */
export interface Customer {
  readonly id: string;
  readonly name: string | null;
  /** Postal address in one line; empty where the API gives none. */
  readonly postalAddress: string;
}

/** Whom an account belongs to, and whom it acts for. */
export interface Profile {
  /** Numbers of the customers that the person is. */
  readonly ownCustomerNumbers: readonly string[];
  /** Numbers of the customers that the person acts for (a housing company). */
  readonly representedCustomerNumbers: readonly string[];
  /** All of them, each once, own ones first. */
  readonly customers: readonly Customer[];
}

/** A contract of a metering point. */
export interface Contract {
  readonly id: string;
  /** The metering point it is for. */
  readonly assetId: string;
  readonly customerId: string | null;
  /** Distribution product in Caruna's words, e.g. "Yösiirto 25 A". */
  readonly productDescription: string | null;
  readonly productId: string | null;
  /** ISO 8601. */
  readonly startDate: string | null;
  /** ISO 8601; the year 9999 means open-ended. */
  readonly endDate: string | null;
  /** `energyDeliveringContract` for a metering point. */
  readonly type: string | null;
}
