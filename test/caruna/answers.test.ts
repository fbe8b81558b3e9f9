import { describe, expect, it } from "vitest";
import { AccessRefused, AnswerNotUnderstood, CarunaUnreachable } from "../../src/caruna/index.js";
import { type Behaviour, DEFAULT_BEHAVIOUR } from "../../src/simulator/index.js";
import { clientFor, clientOf, errorOf, portalOf, sendHtml, sendRedirect, simulatorFor } from "../support/caruna.js";

const POINT = { customerId: "50123456", assetId: "FSK000127" };
const DAY = { meteringPoint: POINT, timespan: "daily", year: 2026, month: 3, day: 10 } as const;
const NOW = Date.parse("2026-04-15T12:00:00Z");
const ENERGY = "/api/customers/50123456/assets/FSK000127/energy";
const ASSETS = "/api/customers/50123456/assets";
const METERING_POINTS = "/api/customers/50123456/assets/meteringpoints";

/** A client of a portal that answers a path with this text. */
async function clientWithAnswers(answers: Readonly<Record<string, string>>) {
  const pages = Object.entries(answers).map(
    ([path, body]) =>
      [path, (_: unknown, response: Parameters<typeof sendHtml>[0]) => sendHtml(response, body)] as const,
  );
  const portal = await portalOf({
    "/first": (_, response) => sendRedirect(response, "/done"),
    ...Object.fromEntries(pages),
  });
  return clientOf(portal.url);
}

describe("hours, days and months of energy", () => {
  const shapes = ["flat", "minimal", "bare", "wrapped"] as const satisfies readonly Behaviour["energyShape"][];

  it.each(shapes)("%s: every hour has the value of the household", async (energyShape) => {
    const simulator = await simulatorFor({ energyShape, now: () => NOW });
    const { rows, unreadable } = await clientFor(simulator, { now: () => NOW }).client.energyAnswer(DAY);
    const truth = simulator.household.truthOfDay(POINT.assetId, "2026-03-10");
    expect(unreadable).toEqual([]);
    expect(rows).toHaveLength(24);
    expect(rows.map(({ totalKwh }) => totalKwh)).toEqual(truth.map(({ kwhTotal }) => kwhTotal));
    expect(rows.map(({ timestamp }) => Date.parse(timestamp))).toEqual(truth.map(({ startEpochMs }) => startEpochMs));
    expect(rows.map(({ temperatureCelsius }) => temperatureCelsius)).toEqual(
      truth.map(({ temperatureCelsius }) => temperatureCelsius),
    );
  });

  it("flat: fees, status and parts come along", async () => {
    const simulator = await simulatorFor({ now: () => NOW });
    const { rows } = await clientFor(simulator, { now: () => NOW }).client.energyAnswer(DAY);
    const [truth] = simulator.household.truthOfDay(POINT.assetId, "2026-03-10");
    expect(rows[0]).toMatchObject({
      invoicedKwh: truth?.kwhTotal,
      totalEur: truth?.fees.totalFee,
      distributionEur: truth?.fees.distributionFee,
      baseEur: truth?.fees.distributionBaseFee,
      taxEur: truth?.fees.electricityTax,
      vatEur: truth?.fees.valueAddedTax,
      status: 150,
      parts: truth?.parts,
    });
  });

  it.each(["absent", "nulls"] as const)(
    "an hour that is not published has a stamp and no value (%s)",
    async (unpublished) => {
      const simulator = await simulatorFor({ unpublished, now: () => NOW });
      const query = { ...DAY, month: 4, day: 15 };
      const { rows, unreadable } = await clientFor(simulator, { now: () => NOW }).client.energyAnswer(query);
      expect(unreadable).toEqual([]);
      expect(rows).toHaveLength(24);
      for (const row of rows)
        expect(row).toMatchObject({ totalKwh: null, invoicedKwh: null, totalEur: null, parts: {} });
    },
  );

  it("sends no day with a month, and no month with a year", async () => {
    const simulator = await simulatorFor({ refuseDayWithMonthly: true, now: () => NOW });
    const { client } = clientFor(simulator, { now: () => NOW });
    expect((await client.energyAnswer({ ...DAY, timespan: "monthly" })).rows).toHaveLength(31);
    expect((await client.energyAnswer({ ...DAY, timespan: "yearly" })).rows).toHaveLength(12);
    const asked = simulator.requests.filter(({ kind }) => kind?.startsWith("energy"));
    expect(asked.map(({ queryNames }) => [...queryNames].sort())).toEqual([
      ["month", "timespan", "year"],
      ["timespan", "year"],
    ]);
  });

  it("reads the published sample", async () => {
    const sample = `[{"timestamp": "2023-08-14T22:00:00+03:00", "totalConsumption": 1.85, "invoicedConsumption": 1.85,
      "totalFee": 0.156644687, "distributionFee": 0.044955, "distributionBaseFee": 0.03969086, "electricityTax": 0.0416805,
      "valueAddedTax": 0.030318265, "temperature": 17, "statuses": {"totalConsumption": 150, "invoicedConsumption": 150},
      "invoicedConsumptionByTransferProductParts": {"nighttime": 1.85},
      "distributionFeeByTransferProductParts": {"nighttime": 0.044955}}]`;
    const { client } = await clientWithAnswers({ [ENERGY]: sample });
    expect(await client.energyAnswer(DAY)).toEqual({
      rows: [
        {
          timestamp: "2023-08-14T22:00:00+03:00",
          totalKwh: 1.85,
          invoicedKwh: 1.85,
          productionKwh: null,
          soldKwh: null,
          compensatedKwh: null,
          temperatureCelsius: 17,
          totalEur: 0.156644687,
          distributionEur: 0.044955,
          baseEur: 0.03969086,
          taxEur: 0.0416805,
          vatEur: 0.030318265,
          status: 150,
          parts: { nighttime: 1.85 },
        },
      ],
      unreadable: [],
    });
  });
});

describe("energy rows as nobody expects them", () => {
  const energyOf = async (body: string) => await (await clientWithAnswers({ [ENERGY]: body })).client.energyAnswer(DAY);

  it("numbers may come as strings, unknown fields are passed over", async () => {
    const { rows, unreadable } = await energyOf(
      `[{"timestamp": "a", "totalConsumption": "1.85", "temperature": "-3", "totalFee": "", "new": {"deep": []},
        "statuses": {"totalConsumption": "150", "other": null}, "invoicedConsumptionByTransferProductParts": {"n": "0.5", "d": null}}]`,
    );
    expect(unreadable).toEqual([]);
    expect(rows).toMatchObject([
      { totalKwh: 1.85, temperatureCelsius: -3, totalEur: null, status: 150, parts: { n: 0.5 } },
    ]);
    expect(Object.keys(rows[0]?.parts ?? {})).toEqual(["n"]);
  });

  it.each([
    ["a word for a number", '{"timestamp": "b", "totalConsumption": "CANARY"}', "totalConsumption"],
    ["a number too large to be one", '{"timestamp": "b", "totalConsumption": 1e309}', "totalConsumption"],
    ["the same as a string", `{"timestamp": "b", "totalConsumption": "${"9".repeat(400)}"}`, "totalConsumption"],
    ["a decimal comma", '{"timestamp": "b", "totalConsumption": "1,85"}', "totalConsumption"],
    ["a list for a number", '{"timestamp": "b", "totalConsumption": [1]}', "totalConsumption"],
    ["a truth for a number", '{"timestamp": "b", "totalConsumption": true}', "totalConsumption"],
    ["no stamp", '{"totalConsumption": 1}', "timestamp"],
    ["an empty stamp", '{"timestamp": "", "totalConsumption": 1}', "timestamp"],
    ["a number as a stamp", '{"timestamp": 1691956800, "totalConsumption": 1}', "timestamp"],
    ["a word", '"CANARY"', "the answer"],
    ["a list", "[]", "the answer"],
  ])("a bad row is named, by its field and without its value, and costs no other: %s", async (_, bad, field) => {
    const good = (timestamp: string) => `{"timestamp": "${timestamp}", "totalConsumption": 1}`;
    const { rows, unreadable } = await energyOf(`[${good("a")}, ${bad}, ${good("c")}]`);
    expect(rows.map(({ timestamp }) => timestamp)).toEqual(["a", "c"]);
    expect(unreadable).toHaveLength(1);
    expect(unreadable[0]).toMatch(/^row 2: /);
    expect(unreadable[0]).toContain(field);
    expect(unreadable[0]).not.toContain("CANARY");
  });

  it.each([
    ["a temperature", '"temperature": {"value": "CANARY"}', "temperature"],
    ["a fee", '"totalFee": "CANARY"', "totalFee"],
    ["the statuses", '"statuses": ["CANARY"]', "statuses"],
    ["one status", '"statuses": {"totalConsumption": "CANARY"}', "statuses.totalConsumption"],
    ["a part", '"invoicedConsumptionByTransferProductParts": {"night": 0.5, "unit": "CANARY"}', "Parts.unit"],
    ["two of them", '"totalFee": "CANARY", "temperature": "CANARY"', "totalFee"],
  ])(
    "a bad field is left out and named, and costs neither the hour nor its other fields: %s",
    async (_, bad, field) => {
      const { rows, unreadable } = await energyOf(
        `[{"timestamp": "a", "totalConsumption": 1, "production": 2, ${bad}}]`,
      );
      expect(rows).toMatchObject([{ timestamp: "a", totalKwh: 1, productionKwh: 2 }]);
      expect(Object.keys(rows[0]?.parts ?? {})).toEqual(field === "Parts.unit" ? ["night"] : []);
      expect(unreadable).toEqual([expect.stringMatching(/^row 1: .*\(left out\)$/)]);
      expect(unreadable[0]).toContain(field);
      expect(unreadable[0]).not.toContain("CANARY");
    },
  );

  it("rows of which not one can be read are an error that names call and field: it is the answer that has changed", async () => {
    const error = await errorOf(energyOf('[{"time": "a", "kwh": 1}, {"time": "b", "kwh": 2}]'));
    expect(error).toBeInstanceOf(AnswerNotUnderstood);
    expect(error.message).toMatch(/energy.*none of 2 rows: row 1: timestamp: /);
  });

  it("names like __proto__ are names and nothing else", async () => {
    const { rows } = await energyOf(
      `[{"timestamp": "a", "totalConsumption": 1, "__proto__": {"totalConsumption": 7, "polluted": 1}, "constructor": {"prototype": 1},
        "invoicedConsumptionByTransferProductParts": {"__proto__": 1, "constructor": 2, "night": 3}}]`,
    );
    expect(rows[0]?.totalKwh).toBe(1);
    expect(rows[0]?.parts.night).toBe(3);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
    expect(Object.getPrototypeOf(rows[0]?.parts)).toBe(Object.prototype);
  });

  it.each([
    ["nothing", "", "it is not JSON"],
    ["words", "Huoltokatko", "it is not JSON"],
    ["JSON cut short", '[{"timestamp": "a"', "it is not JSON"],
    ["a number that JSON does not have", '[{"timestamp": "a", "totalConsumption": NaN}]', "it is not JSON"],
    ["an object of another shape", '{"values": []}', "the answer"],
    ["a wrapped answer without data", '{"results": [{"type": "hourly"}]}', "the answer"],
  ])("an answer that is no list is an error that names the call: %s", async (_, body, problem) => {
    const error = await errorOf(energyOf(body));
    expect(error).toBeInstanceOf(AnswerNotUnderstood);
    expect(error).toMatchObject({ call: "GET /api/customers/…/assets/…/energy?year&timespan&month&day" });
    expect(error.message).toContain(problem);
  });

  it.each([
    [200, "null"],
    [204, ""],
  ])("%s %s is no row", async (status, body) => {
    const simulator = await simulatorFor({ refusals: [{ resources: ["energy daily"], status, body }] });
    const { client } = clientFor(simulator);
    const meteringPoint = { customerId: "50123456", assetId: "FSK000127" };
    const query = { meteringPoint, year: 2026, month: 1, day: 2, timespan: "daily" } as const;
    expect(await client.energyAnswer(query)).toEqual({ rows: [], unreadable: [] });
  });

  it("an empty list is no row", async () => {
    expect(await energyOf("[]")).toEqual({ rows: [], unreadable: [] });
    expect(await energyOf('{"results": []}')).toEqual({ rows: [], unreadable: [] });
  });
});

describe("metering points", () => {
  const METER = { type: "meteringPoint", contractType: "energyDeliveringContract", assetId: "A1" };

  it.each(["both", "assets", "meteringpoints"] as const)(
    "listed at %s: each once, the connection point not",
    async (metersListedAt) => {
      const simulator = await simulatorFor({ metersListedAt, meters: 3 });
      const points = await clientFor(simulator).client.meteringPoints();
      expect(points).toEqual(
        simulator.household.meters.map((meter) => ({
          customerId: meter.customerNumber,
          assetId: meter.assetId,
          kind: "consumption",
          gsrn: meter.gsrn,
          address: `${meter.address.streetName} ${meter.address.houseNumber}, ${meter.address.postalCode} ${meter.address.postOffice}`,
          productDescription: meter.productDescription,
          fuseSize: meter.fuseSize,
        })),
      );
    },
  );

  it("of consumption and of production, under whatever name that says so", async () => {
    const types = [
      "meteringPoint",
      "consumptionMeteringPoint",
      "productionMeteringPoint",
      "smallProduction",
      "connectionPoint",
    ];
    const list = types.map((type, index) => ({
      ...METER,
      type,
      assetId: `A${index}`,
      gsrn: `64300360000000000${index}`,
    }));
    const { client } = await clientWithAnswers({ [ASSETS]: JSON.stringify(list), [METERING_POINTS]: "[]" });
    expect((await client.meteringPoints()).map(({ assetId }) => assetId)).toEqual(["A0", "A1", "A2", "A3"]);
  });

  it("of every own and every represented customer, each once", async () => {
    const meters = [
      { customerNumber: "50123456" },
      { customerNumber: "50123457" },
      { customerNumber: "60000001", represented: true },
      { customerNumber: "60000001", represented: true },
    ];
    const simulator = await simulatorFor({ meters });
    const points = await clientFor(simulator).client.meteringPoints();
    expect(points.map(({ customerId }) => customerId)).toEqual(["50123456", "50123457", "60000001", "60000001"]);
    expect(new Set(points.map(({ assetId }) => assetId)).size).toBe(4);
  });

  it.each([
    ["refused", { status: 403, body: "{}" }],
    ["unknown", { status: 404, body: '{"msg": "Not found"}' }],
    ["no JSON", { status: 200, body: "Hello" }],
    ["of another shape", { status: 200, body: "{}" }],
  ])("come from the other list where one is %s, with a warning", async (_, answer) => {
    const simulator = await simulatorFor();
    simulator.answerNext({ pathIncludes: "/assets/meteringpoints", times: 2, answer });
    const { client, log } = clientFor(simulator);
    expect(await client.meteringPoints()).toHaveLength(1);
    expect(log.entries.filter(({ level }) => level === "warn")).toMatchObject([
      { message: expect.stringContaining("one of the two lists") },
    ]);
  });

  it("are an error where both lists fail", async () => {
    const simulator = await simulatorFor();
    simulator.answerNext({ pathIncludes: "/assets", times: 100, answer: { status: 403, body: "{}" } });
    expect(await errorOf(clientFor(simulator).client.meteringPoints())).toBeInstanceOf(AccessRefused);
  });

  it("are an error where one list is out of reach: a meter might be missing", async () => {
    const simulator = await simulatorFor();
    simulator.answerNext({ pathIncludes: "/assets/meteringpoints", times: 100, answer: { status: 503 } });
    expect(await errorOf(clientFor(simulator).client.meteringPoints())).toBeInstanceOf(CarunaUnreachable);
  });

  it("a bad one is named and costs no other", async () => {
    const bad = { ...METER, assetId: { secret: "CANARY" } };
    const list = [null, "x", { type: 7 }, bad, METER, { ...METER, assetId: 27, gsrn: 643007574000000000 }];
    const { client, log } = await clientWithAnswers({ [ASSETS]: JSON.stringify(list), [METERING_POINTS]: "[]" });
    expect((await client.meteringPoints()).map(({ assetId }) => assetId)).toEqual(["A1", "27"]);
    const warning = log.entries.find(({ level }) => level === "warn");
    expect(warning?.fields).toMatchObject({ unreadable: [expect.stringMatching(/^item 4: assetId: /)] });
    expect(JSON.stringify(warning)).not.toContain("CANARY");
  });

  it("none that can be read is an error that names the field", async () => {
    const list = JSON.stringify([{ type: "meteringPoint" }]);
    const { client } = await clientWithAnswers({ [ASSETS]: list, [METERING_POINTS]: list });
    const error = await errorOf(client.meteringPoints());
    expect(error).toBeInstanceOf(AnswerNotUnderstood);
    expect(error.message).toContain("assetId");
  });

  it("a connection point is none, in whatever words", async () => {
    const others = [
      { type: "connectionPoint", assetId: "L1" },
      { type: "meteringPoint", contractType: "energyJunctionContract", assetId: "L2" },
      { assetId: "L3" },
    ];
    const list = JSON.stringify([...others, METER]);
    const { client } = await clientWithAnswers({ [ASSETS]: list, [METERING_POINTS]: list });
    expect((await client.meteringPoints()).map(({ assetId }) => assetId)).toEqual(["A1"]);
  });
});

describe("customers and contracts", () => {
  it("are read", async () => {
    const simulator = await simulatorFor();
    const { client } = clientFor(simulator);
    expect(await client.customer("50123456")).toEqual({
      id: "50123456",
      name: "Säynäväinen Äijö",
      postalAddress: "Mäntykuja 7, 02780 Espoo",
    });
    expect(await client.contracts({ customer: "50123456" })).toEqual([
      {
        id: "SFSK000127",
        assetId: "FSK000127",
        customerId: "50123456",
        productDescription: "Yösiirto 25 A",
        productId: "VS025",
        startDate: "2019-06-01T00:00:00Z",
        endDate: "9999-12-31T23:59:59Z",
        type: "energyDeliveringContract",
      },
    ]);
  });

  it("are read one by one: what is no contract of a metering point costs no other", async () => {
    const contract = { id: "S1", assetId: "A1", type: "energyDeliveringContract", startDate: "2026-01-01" };
    const list = [
      null,
      { ...contract, assetId: undefined },
      { ...contract, id: ["x"] },
      { ...contract, type: 7 },
      contract,
    ];
    const { client, log } = await clientWithAnswers({
      "/api/customers/50123456/contracts": JSON.stringify({ contracts: list }),
    });
    expect(await client.contracts()).toMatchObject([{ id: "S1", type: "energyDeliveringContract" }]);
    const warning = log.entries.find(({ level }) => level === "warn");
    expect(warning?.fields).toMatchObject({
      unreadable: ["contract 1: ", "contract 2: assetId: ", "contract 3: id: "].map((start) =>
        expect.stringContaining(start),
      ),
    });
  });

  it("of a customer that Caruna+ does not show are left out, while it shows another", async () => {
    const simulator = await simulatorFor({
      meters: [{}, { customerNumber: "60000001", represented: true }],
      refusals: [{ customerNumber: "60000001", status: 403 }],
    });
    const { client, log } = clientFor(simulator);
    expect((await client.contracts()).map(({ customerId }) => customerId)).toEqual(["50123456"]);
    expect((await client.meteringPoints()).map(({ customerId }) => customerId)).toEqual(["50123456"]);
    expect((await client.profile()).customers.map(({ id }) => id)).toEqual(["50123456"]);
    expect(log.entries.filter(({ message }) => message.includes("one of the customers"))).toHaveLength(3);
    expect(simulator.passwordPosts).toBe(1);
  });

  it("may lack whatever is not their number", async () => {
    const { client } = await clientWithAnswers({ "/api/customers/1/info": '{"id": 1}' });
    expect(await client.customer("1")).toEqual({ id: "1", name: null, postalAddress: "" });
  });
});

it("the simulator labels its JSON as HTML, as Caruna+ does: every test above relies on it", async () => {
  const simulator = await simulatorFor(DEFAULT_BEHAVIOUR);
  const answer = await fetch(`${simulator.plusUrl}/api/customers/1/info`);
  expect(answer.headers.get("Content-Type")).toContain("text/html");
});
