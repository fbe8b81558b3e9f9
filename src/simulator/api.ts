import { energyAnswer, type Timespan } from "./energy-rows.js";
import { startOfLocalDay } from "./helsinki.js";
import { type Answer, type Exchange, htmlAnswer, jsonAnswer } from "./http.js";
import type { Address, SimulatedMeter } from "./meters.js";
import { plainPage } from "./pages.js";
import type { Household } from "./readings.js";
import type { Context, Refusal, Resource } from "./settings.js";

/** The calls under `/api/customers`; they need the bearer token and nothing else. */
export function answerApiCall(
  exchange: Exchange,
  context: Context,
  household: Household,
  tokenIsGood: (token: string) => boolean,
): Answer {
  context.counters.apiCalls += 1;
  const token = /^Bearer (.+)$/i.exec(exchange.headers.authorization ?? "")?.[1];
  if (token === undefined || !tokenIsGood(token)) return refusal(context);
  if (exchange.method !== "GET") return jsonAnswer(405, { msg: "Method not allowed" }, "api");
  const [customerNumber = "", ...rest] = exchange.path.slice("/api/customers/".length).split("/");
  const meters = household.meters.filter((meter) => meter.customerNumber === customerNumber);
  if (meters.length === 0) return jsonAnswer(403, { msg: "Forbidden" }, "api");
  const call = rest.join("/");
  const refused = context.behaviour.refusals.find((refusal) => fits(refusal, exchange, customerNumber, call));
  if (refused !== undefined) {
    const body = refused.body ?? JSON.stringify({ msg: "Refused" });
    return { status: refused.status, headers: { "Content-Type": "text/html;charset=UTF-8" }, body, kind: "refused" };
  }
  if (call === "info") return jsonAnswer(200, customerInfo(customerNumber, meters), "info");
  if (call === "contracts") return jsonAnswer(200, contracts(customerNumber, meters), "contracts");
  const listed = context.behaviour.metersListedAt;
  if (call === "assets")
    return jsonAnswer(200, assets(customerNumber, listed === "meteringpoints" ? [] : meters), "assets");
  if (call === "assets/meteringpoints")
    return jsonAnswer(200, listed === "assets" ? [] : meters.map(consumptionMeteringPoint), "metering points");
  const meter = meters.find((candidate) => call === `assets/${encodeURIComponent(candidate.assetId)}/energy`);
  return meter === undefined
    ? jsonAnswer(404, { msg: "Not found" }, "api")
    : energy(exchange, context, household, meter);
}

function fits(refusal: Refusal, exchange: Exchange, customerNumber: string, call: string): boolean {
  const [, assetId] = /^assets\/([^/]+)\/energy$/.exec(call) ?? [];
  const resource = assetId === undefined ? call : `energy ${exchange.query.get("timespan")}`;
  const names: Readonly<Record<string, Resource>> = { "assets/meteringpoints": "metering points" };
  return (
    (refusal.customerNumber === undefined || refusal.customerNumber === customerNumber) &&
    (refusal.assetId === undefined || (assetId !== undefined && refusal.assetId === decodeURIComponent(assetId))) &&
    (refusal.resources === undefined || refusal.resources.some((wanted) => wanted === (names[resource] ?? resource)))
  );
}

function refusal({ behaviour }: Context): Answer {
  if (behaviour.tokenRefusal === "login-page") {
    const form =
      '<form action="/portal/login"><input type="text" name="ttqusername"><input type="password" name="userPassword"></form>';
    return htmlAnswer(
      plainPage("Kirjaudu - Caruna", "Kirjaudu sisään").replace("</body>", `${form}</body>`),
      "token refused",
    );
  }
  const msg = behaviour.tokenRefusal === 401 ? "Unauthorized" : "Forbidden";
  return jsonAnswer(behaviour.tokenRefusal, { msg }, "token refused");
}

function energy(exchange: Exchange, context: Context, household: Household, meter: SimulatedMeter): Answer {
  const { query } = exchange;
  const timespan = timespanOf(query.get("timespan"));
  const year = wholeNumber(query.get("year"));
  const month = timespan === "yearly" ? 1 : wholeNumber(query.get("month"));
  const day = timespan === "daily" ? wholeNumber(query.get("day")) : 1;
  if (timespan === null || year === null || month === null || day === null)
    return jsonAnswer(400, { msg: "Request data missing" }, "energy");
  const dayTooMany = timespan === "monthly" && query.has("day") && context.behaviour.refuseDayWithMonthly;
  if (dayTooMany || !isDate(year, month, day)) return jsonAnswer(400, { msg: "Invalid request data" }, "energy");
  const { beforeContract } = context.behaviour;
  const isBefore = endOf(timespan, year, month, day) <= startOfContract(meter);
  if (isBefore && beforeContract === "null") return jsonAnswer(200, null, `energy ${timespan}`);
  if (isBefore && beforeContract === 204) return { status: 204, kind: `energy ${timespan}` };
  if (isBefore && typeof beforeContract === "number") return jsonAnswer(beforeContract, { msg: "No data" }, "refused");
  const body = energyAnswer(household, meter, context.behaviour, timespan, { year, month, day });
  return jsonAnswer(200, body, `energy ${timespan}`);
}

function endOf(timespan: Timespan, year: number, month: number, day: number): number {
  if (timespan === "yearly") return startOfLocalDay(year + 1, 1, 1);
  return timespan === "monthly" ? startOfLocalDay(year, month + 1, 1) : startOfLocalDay(year, month, day + 1);
}

function startOfContract({ startDate }: SimulatedMeter): number {
  const [year = 0, month = 0, day = 0] = startDate.split("-").map(Number);
  return startOfLocalDay(year, month, day);
}

function timespanOf(value: string | null): Timespan | null {
  return value === "daily" || value === "monthly" || value === "yearly" ? value : null;
}

/** Zero-padded numbers are as good as others. */
function wholeNumber(value: string | null): number | null {
  return value !== null && /^\d{1,4}$/.test(value) ? Number(value) : null;
}

function isDate(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return year >= 1996 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** A person of the demo, or the housing company that the person represents. */
function customerInfo(customerNumber: string, meters: readonly SimulatedMeter[]): unknown {
  const address = postalAddress(meters[0]?.address);
  const represented = meters.some((meter) => meter.represented);
  return {
    id: customerNumber,
    name: represented ? "Asunto Oy Hämäläisenkaari" : "Säynäväinen Äijö",
    businessId: represented ? "0000000-0" : "",
    phone: "+358000000000",
    postalAddress: address,
    billingAddresses: [address],
    marketingPermissions: { email: false, sms: false, ban: false },
    einvoiceAddresses: [],
    representedCustomer: represented,
    language: "fi",
  };
}

function postalAddress(address: Address | undefined): unknown {
  return { ...address, localityType: "postalAddress", type: "postalAddress", invoicingBaseCount: 1 };
}

function contracts(customerNumber: string, meters: readonly SimulatedMeter[]): unknown {
  return {
    invoicingBases: [{ customerId: customerNumber, id: `L${customerNumber}`, invoicesPerYear: 6 }],
    contracts: meters.map((meter) => ({
      invoicingBaseId: `L${customerNumber}`,
      id: `S${meter.assetId}`,
      assetId: meter.assetId,
      customerId: customerNumber,
      productDescription: meter.productDescription,
      product: { status: "editable", productType: meter.profile.product, suffix: `${meter.fuseSize} A` },
      productId: meter.productId,
      startDate: `${meter.startDate}T00:00:00Z`,
      endDate: "9999-12-31T23:59:59Z",
      taxClass: "1",
      type: "energyDeliveringContract",
    })),
  };
}

/** The connection point comes first: three clients had to take the second item. */
function assets(customerNumber: string, meters: readonly SimulatedMeter[]): unknown[] {
  const connectionPoint = {
    type: "connectionPoint",
    id: `LP${customerNumber}`,
    assetId: `LP${customerNumber}`,
    address: { streetName: "Liittymätie", houseNumber: "1", postalCode: "02780", postOffice: "Espoo" },
    contractType: "energyJunctionContract",
    group: "connectionPoint",
    tabs: ["contractsAndInvoicing"],
    customerId: customerNumber,
  };
  return [connectionPoint, ...meters.map(meteringPoint)];
}

function meteringPoint(meter: SimulatedMeter): Record<string, unknown> {
  return {
    type: meter.isProduction ? "productionMeteringPoint" : "meteringPoint",
    id: meter.assetId,
    address: postalAddress(meter.address),
    assetId: meter.assetId,
    gsrn: meter.gsrn,
    contractId: `S${meter.assetId}`,
    contractType: "energyDeliveringContract",
    contractProductId: meter.productId,
    contractProductDesc: meter.productDescription,
    isSupplierInvoiced: false,
    fuseSize: meter.fuseSize,
    currentCounterSerialNumber: meter.counterSerialNumber,
    group: "meteringPoint",
    tabs: ["meteringPointInfo", "contractsAndInvoicing", "consumption"],
    use: "Omakotitalot",
    customerId: meter.customerNumber,
  };
}

function consumptionMeteringPoint(meter: SimulatedMeter): Record<string, unknown> {
  const type = meter.isProduction ? "productionMeteringPoint" : "consumptionMeteringPoint";
  return { ...meteringPoint(meter), type, meteringPointNumber: meter.assetId };
}
