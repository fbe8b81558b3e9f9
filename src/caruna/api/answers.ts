import { z } from "zod";
import { AnswerNotUnderstood } from "../errors.js";
import { parseJson } from "../login/portal.js";
import { isUsableId, plain } from "./texts.js";
import type { Contract, Customer, EnergyRow, MeteringPoint } from "./types.js";

/** Ids come as strings; a number is taken as well. */
const ID = z
  .union([z.string().min(1), z.number()])
  .transform(String)
  .refine(isUsableId, { error: "expected an id that can be printed, and that an address can carry" });
/** A word that may be missing or empty. */
const TEXT = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((text) => plain(String(text ?? "")) || null);
/** The instant of a contract's date; one that no calendar has, or that is thousands of years away, is not told. */
const DATE = TEXT.transform((text) => (text !== null && isDate(text) ? text : null));
/** Far beyond what any meter shows; below it no sum of an answer overflows. */
const LARGEST_NUMBER = 1e9;
/** A finite number, also one written as a string; null where it is missing or empty. */
const NUMBER = z
  .union(
    [
      z.number(),
      z
        .string()
        .regex(/^-?\d+(\.\d+)?$/)
        .transform(Number)
        .pipe(z.number()),
      z.literal(""),
    ],
    {
      error: "expected a number",
    },
  )
  .nullish()
  .transform((number) => (typeof number === "number" ? number : null))
  .refine((number) => number === null || Math.abs(number) <= LARGEST_NUMBER, {
    error: `expected a number within ${LARGEST_NUMBER}`,
  });
/** A number of the service's own list: a whole one. */
const STATUS = NUMBER.refine((status) => status === null || Number.isInteger(status), {
  error: "expected a whole number",
});

const ADDRESS = z
  .object({ streetName: TEXT, houseNumber: TEXT, postalCode: TEXT, postOffice: TEXT })
  .partial()
  .nullish()
  .transform((address) => {
    const street = [address?.streetName, address?.houseNumber].filter(Boolean).join(" ");
    const town = [address?.postalCode, address?.postOffice].filter(Boolean).join(" ");
    return [street, town].filter(Boolean).join(", ");
  });

const CUSTOMER = z
  .object({ id: ID, name: TEXT, postalAddress: ADDRESS })
  .transform((customer): Customer => ({ id: customer.id, name: customer.name, postalAddress: customer.postalAddress }));

const CONTRACT = z
  .object({
    id: ID,
    assetId: ID,
    customerId: TEXT,
    productDescription: TEXT,
    productId: TEXT,
    startDate: DATE,
    endDate: DATE,
    type: TEXT,
  })
  .transform((contract): Contract => contract);

/** What tells whether an asset is a meter at all. */
const ASSET = z.object({ type: TEXT, contractType: TEXT, gsrn: TEXT });

/** Seen: `meteringPoint`, `consumptionMeteringPoint`; a client of 2026 provides for `productionMeteringPoint` and its like. */
const METERING_POINT_TYPE = /meteringPoint$/i;

const METERING_POINT = z.object({
  type: TEXT,
  assetId: ID,
  gsrn: TEXT,
  address: ADDRESS,
  contractProductDesc: TEXT,
  fuseSize: TEXT,
});

/** Reads `/info`. */
export function readCustomer(call: string, body: string): Customer {
  return readWith(CUSTOMER, call, parseJson(body));
}

/** The contracts that could be read, and what was wrong with the others (no values). */
export interface ContractsAnswer {
  readonly contracts: readonly Contract[];
  readonly unreadable: readonly string[];
}

/** Reads `/contracts`. One that is of another shape, or for no metering point, costs no other. */
export function readContracts(call: string, body: string): ContractsAnswer {
  const list = readWith(z.object({ contracts: z.array(z.unknown()) }), call, parseJson(body)).contracts;
  const contracts: Contract[] = [];
  const unreadable: string[] = [];
  for (const [index, value] of list.entries()) {
    const parsed = CONTRACT.safeParse(value);
    if (parsed.success) contracts.push(parsed.data);
    else unreadable.push(`contract ${index + 1}: ${problems(parsed.error)}`);
  }
  return { contracts, unreadable };
}

/** The metering points of a list that could be read, and what was wrong with the others (no values). */
export interface MeteringPointsAnswer {
  readonly meteringPoints: readonly MeteringPoint[];
  readonly unreadable: readonly string[];
}

/**
 * Reads `/assets` or `/assets/meteringpoints`: the metering points alone. A connection point stands in the same list,
 * sometimes first; it has another type, and its contract is an `energyJunctionContract`.
 */
export function readMeteringPoints(call: string, body: string, customerId: string): MeteringPointsAnswer {
  const meteringPoints: MeteringPoint[] = [];
  const unreadable: string[] = [];
  for (const [index, value] of readWith(z.array(z.unknown()), call, parseJson(body)).entries()) {
    if (!isMeteringPoint(value)) continue;
    const parsed = METERING_POINT.safeParse(value);
    if (!parsed.success) {
      unreadable.push(`item ${index + 1}: ${problems(parsed.error)}`);
      continue;
    }
    const { type, assetId, gsrn, address, contractProductDesc: productDescription, fuseSize } = parsed.data;
    const kind = /production/i.test(type ?? "") ? "production" : "consumption";
    // The customer in whose list it stands, which is the one that the energy calls are served under.
    meteringPoints.push({ customerId, assetId, kind, gsrn, address, productDescription, fuseSize });
  }
  // Without a single readable meter it is the answer that has changed, not one item of it.
  if (meteringPoints.length === 0 && unreadable.length > 0)
    throw new AnswerNotUnderstood(call, unreadable.slice(0, 3).join("; "));
  return { meteringPoints, unreadable };
}

function isMeteringPoint(value: unknown): boolean {
  const asset = ASSET.safeParse(value);
  if (!asset.success || asset.data.contractType === "energyJunctionContract") return false;
  const { type, gsrn } = asset.data;
  // An item without a type is a meter where it has a meter's number.
  if (type === null) return gsrn !== null;
  return METERING_POINT_TYPE.test(type) || (/production/i.test(type) && gsrn !== null);
}

const PARTS = z
  .record(z.string(), NUMBER)
  .nullish()
  .transform((parts) =>
    Object.fromEntries(
      Object.entries(parts ?? {}).flatMap(([name, kwh]) => (kwh === null ? [] : [[plain(name), kwh]])),
    ),
  );

/** A row of the flat list (seen from late January 2023), or of the older wrapped one: a name of either shape is read. */
const ROW = z
  .object({
    timestamp: z.string().min(1),
    totalConsumption: NUMBER,
    consumption: NUMBER,
    invoicedConsumption: NUMBER,
    production: NUMBER,
    soldProduction: NUMBER,
    soldenergy: NUMBER,
    compensatedProduction: NUMBER,
    temperature: NUMBER,
    totalFee: NUMBER,
    distributionFee: NUMBER,
    distributionBaseFee: NUMBER,
    electricityTax: NUMBER,
    valueAddedTax: NUMBER,
    statuses: z.object({ totalConsumption: STATUS }).nullish(),
    invoicedConsumptionByTransferProductParts: PARTS,
  })
  .transform(
    (row): EnergyRow => ({
      timestamp: row.timestamp,
      totalKwh: row.totalConsumption ?? row.consumption,
      invoicedKwh: row.invoicedConsumption,
      productionKwh: row.production,
      soldKwh: row.soldProduction ?? row.soldenergy,
      compensatedKwh: row.compensatedProduction,
      temperatureCelsius: row.temperature,
      totalEur: row.totalFee,
      distributionEur: row.distributionFee,
      baseEur: row.distributionBaseFee,
      taxEur: row.electricityTax,
      vatEur: row.valueAddedTax,
      status: row.statuses?.totalConsumption ?? null,
      parts: row.invoicedConsumptionByTransferProductParts,
    }),
  );

const WRAPPED = z.object({ results: z.array(z.object({ data: z.array(z.unknown()) })) });

/** Without these a row says nothing. Any other field that does not fit is left out, so that it costs no hour. */
const ESSENTIAL: readonly PropertyKey[] = ["timestamp", "totalConsumption", "consumption"];

/** A day of quarters has 100 at most, a month 31: with so many it is something else that was answered. */
const MOST_ROWS = 10_000;

/** The rows of an energy answer that could be read, and what was wrong with the others or with fields of them (no values). */
export interface EnergyAnswer {
  readonly rows: readonly EnergyRow[];
  readonly unreadable: readonly string[];
}

/**
 * Reads an energy answer in either shape. One bad row never costs the others, and one bad field only itself; both are
 * named in `unreadable`. No content, `null` and an empty list are no rows. Throws `AnswerNotUnderstood` where not one row
 * could be read.
 */
export function readEnergy(call: string, body: string): EnergyAnswer {
  const parsed = parseJson(body);
  const answer = parsed === null ? [] : parsed;
  const wrapped = WRAPPED.safeParse(answer);
  const received = wrapped.success
    ? wrapped.data.results.flatMap((result) => result.data)
    : readWith(z.array(z.unknown()), call, answer);
  if (received.length > MOST_ROWS)
    throw new AnswerNotUnderstood(call, `it has ${received.length} rows where a hundred would be many`);
  const rows: EnergyRow[] = [];
  const unreadable: string[] = [];
  for (const [index, value] of received.entries()) {
    const { row, problem } = readRow(value);
    if (row !== undefined) rows.push(row);
    if (problem !== undefined) unreadable.push(`row ${index + 1}: ${problem}`);
  }
  if (rows.length === 0 && unreadable.length > 0)
    throw new AnswerNotUnderstood(call, `none of ${received.length} rows: ${unreadable.slice(0, 3).join("; ")}`);
  return { rows, unreadable };
}

function readRow(value: unknown): { row?: EnergyRow; problem?: string } {
  const parsed = ROW.safeParse(value);
  if (parsed.success) return { row: parsed.data };
  const problem = problems(parsed.error);
  const paths = parsed.error.issues.map(({ path }) => path);
  if (paths.some(([field]) => field === undefined || ESSENTIAL.includes(field))) return { problem };
  const rest = ROW.safeParse(without(value, paths));
  return rest.success ? { row: rest.data, problem: `${problem} (left out)` } : { problem };
}

/** A copy without the fields at the ends of the paths. */
function without(value: unknown, paths: readonly (readonly PropertyKey[])[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  const within = new Map<PropertyKey, PropertyKey[][]>();
  for (const [first, ...rest] of paths) {
    if (first === undefined) continue;
    const others = within.get(first);
    if (others === undefined) within.set(first, [rest]);
    else others.push(rest);
  }
  const kept = Object.entries(value).flatMap(([key, inner]) => {
    const inside = within.get(key);
    if (inside === undefined) return [[key, inner]];
    return inside.some((rest) => rest.length === 0) ? [] : [[key, without(inner, inside)]];
  });
  return Object.fromEntries(kept);
}

function isDate(text: string): boolean {
  const [, year = "", month = "", day = ""] = /^(\d{4})-(\d\d)-(\d\d)(?:T|$)/.exec(text) ?? [];
  const calendar = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return (
    Number(year) >= 1900 &&
    calendar.toISOString().startsWith(`${year}-${month}-${day}`) &&
    !Number.isNaN(Date.parse(text))
  );
}

function readWith<Answer>(schema: z.ZodType<Answer>, call: string, answer: unknown): Answer {
  if (answer === undefined) throw new AnswerNotUnderstood(call, "it is not JSON");
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new AnswerNotUnderstood(call, problems(parsed.error));
}

function problems(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.join(".") || "the answer"}: ${issue.message}`)
    .join("; ");
}
