import type { ServerResponse } from "node:http";
import { Temporal } from "temporal-polyfill";
import { describe, expect, test } from "vitest";
import { AnswerNotUnderstood, CarunaClient, type EnergyOptions, type EnergyRow } from "../../src/index.js";
import type { Simulator, SimulatorOptions } from "../../src/simulator/index.js";
import {
  clientFor,
  clientOf,
  errorOf,
  portalOf,
  sendJson,
  sendRedirect,
  simulatorFor,
  tokenAnswer,
  until,
} from "../support/caruna.js";

const NOW = Temporal.Instant.from("2026-11-10T12:00:00+02:00").epochMilliseconds;
const METER = { customerId: "50123456", assetId: "FSK000127" };

async function world(options: SimulatorOptions = {}) {
  const simulator = await simulatorFor({ now: () => NOW, ...options });
  return { simulator, ...clientFor(simulator, { now: () => NOW }) };
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

function energyCalls(simulator: Simulator): number {
  return simulator.requests.filter(({ path }) => path.endsWith("/energy")).length;
}

const stamps = (rows: readonly EnergyRow[]) => rows.map(({ timestamp }) => timestamp);

const TWO_CUSTOMERS: SimulatorOptions = {
  meters: [{}, { customerNumber: "60999999", represented: true }],
};

describe("profile()", () => {
  test("tells whom the account belongs to and whom it represents, with their names", async () => {
    const { client } = await world(TWO_CUSTOMERS);
    expect(await client.profile()).toEqual({
      ownCustomerNumbers: ["50123456"],
      representedCustomerNumbers: ["60999999"],
      customers: [
        { id: "50123456", name: "Säynäväinen Äijö", postalAddress: "Mäntykuja 7, 02780 Espoo" },
        {
          id: "60999999",
          name: "Asunto Oy Hämäläisenkaari",
          postalAddress: "Länsiväylänpolku 12 B 4, 10600 Tammisaari",
        },
      ],
    });
  });
});

describe("contracts()", () => {
  test("tells those of every customer, or of one", async () => {
    const { client } = await world(TWO_CUSTOMERS);
    const customersOf = (contracts: readonly { customerId: string | null }[]) => contracts.map((one) => one.customerId);
    expect(customersOf(await client.contracts())).toEqual(["50123456", "60999999"]);
    expect(customersOf(await client.contracts({ customer: "60999999" }))).toEqual(["60999999"]);
  });

  test("tells a contract once that two customers share", async () => {
    const user = { ownCustomerNumbers: ["1"], representedCustomerNumbers: ["2"] };
    const contracts = (_: unknown, response: ServerResponse) =>
      sendJson(response, { contracts: [{ id: "S1", assetId: "A1" }] });
    const portal = await portalOf({
      ...LOGGED_IN_AT_ONCE,
      "/api/authorization/token": (_, response) => sendJson(response, tokenAnswer({ user })),
      "/api/customers/1/contracts": contracts,
      "/api/customers/2/contracts": contracts,
    });
    expect(await clientOf(portal.url).client.contracts()).toHaveLength(1);
    expect(portal.received.filter(({ address }) => address.endsWith("/contracts"))).toHaveLength(2);
  });
});

describe("energy()", () => {
  test("yields the hours of all days of the range, in order of time, the days of change among them", async () => {
    const { simulator, client } = await world();
    const rows = await all(client.energy({ ...range("2026-10-24", "2026-10-26"), resolution: "hour" }));
    expect(rows).toHaveLength(24 + 25 + 24);
    const truth = ["2026-10-24", "2026-10-25", "2026-10-26"].flatMap((day) =>
      simulator.household.truthOfDay(METER.assetId, day),
    );
    expect(rows.map(({ timestamp, totalKwh }) => [Date.parse(timestamp), totalKwh])).toEqual(
      truth.map(({ startEpochMs, kwhTotal }) => [startEpochMs, kwhTotal]),
    );
    expect(energyCalls(simulator)).toBe(3);
  });

  test("yields the days of the range alone, with a request a month", async () => {
    const { simulator, client } = await world();
    const rows = await all(client.energy({ ...range("2026-08-31", "2026-10-02"), resolution: "day" }));
    expect(rows).toHaveLength(1 + 30 + 2);
    expect(stamps(rows)[0]).toBe("2026-08-31T00:00:00+03:00");
    expect(stamps(rows).at(-1)).toBe("2026-10-02T00:00:00+03:00");
    expect(energyCalls(simulator)).toBe(3);
  });

  test("yields whole months, those that the range only begins or ends in too, with a request a year", async () => {
    const { simulator, client } = await world({ stamps: "utc" });
    const rows = await all(client.energy({ ...range("2024-12-15", "2026-02-01"), resolution: "month" }));
    expect(stamps(rows)).toHaveLength(15);
    expect(stamps(rows)[0]).toBe("2024-11-30T22:00:00.000Z");
    expect(stamps(rows).at(-1)).toBe("2026-01-31T22:00:00.000Z");
    expect(energyCalls(simulator)).toBe(3);
  });

  test("takes days of Temporal, and yields quarters where the meter reports them", async () => {
    const { client } = await world({ quarterHours: true });
    const day = Temporal.PlainDate.from("2026-03-29");
    expect(await all(client.energy({ meteringPoint: METER, from: day, to: day, resolution: "hour" }))).toHaveLength(92);
  });

  test("yields periods that are not published as rows without values", async () => {
    const { client } = await world({ publishHour: 23 });
    const rows = await all(client.energy({ ...range("2026-11-09", "2026-11-09"), resolution: "hour" }));
    expect(rows.map(({ totalKwh }) => totalKwh)).toEqual(Array.from({ length: 24 }, () => null));
  });

  test("asks ahead of its reader, but never more than the requests at once, and stops at a break", async () => {
    const { simulator, client } = await world();
    await client.meteringPoints();
    for await (const row of client.energy({ ...range("2026-01-01", "2026-10-31"), resolution: "hour" })) {
      expect(row.timestamp).toContain("2026-01-01");
      await until(() => energyCalls(simulator) === 4);
      break;
    }
    await client.meteringPoints();
    expect(energyCalls(simulator)).toBe(4);
  });

  test("ends the calls that are under way when its reader breaks off", async () => {
    const service = await serviceOf((day, response) => {
      if (day === 1) sendJson(response, [{ timestamp: "2026-01-01T00:00:00+02:00", totalConsumption: 1 }]);
    });
    for await (const row of service.client.energy({ ...range("2026-01-01", "2026-01-09"), resolution: "hour" })) {
      expect(row.totalKwh).toBe(1);
      await until(() => service.asked.length === 4);
      break;
    }
    await until(() => service.left.length === 3);
    expect(service.asked).toEqual([1, 2, 3, 4]);
  });

  test.each([0, 1, 2])("throws the reason of its signal, aborted after %i of its rows", async (rowsToRead) => {
    const stamps = ["2026-01-01T00:00:00+02:00", "2026-01-01T01:00:00+02:00"];
    const service = await serviceOf((day, response) => {
      if (day === 1)
        sendJson(
          response,
          stamps.map((timestamp) => ({ timestamp })),
        );
    });
    const going = new AbortController();
    const rows: EnergyRow[] = [];
    if (rowsToRead === 0) going.abort(new Error("no longer wanted"));
    const read = async () => {
      const asked = { ...range("2026-01-01", "2026-01-09"), resolution: "hour", signal: going.signal } as const;
      for await (const row of service.client.energy(asked)) {
        rows.push(row);
        if (rows.length === rowsToRead) going.abort(new Error("no longer wanted"));
      }
    };
    expect((await errorOf(read())).message).toBe("no longer wanted");
    expect(rows).toHaveLength(rowsToRead);
  });

  test("yields the rows before a failed call first, and then throws", async () => {
    const service = await serviceOf((day, response) =>
      sendJson(response, day === 3 ? { odd: true } : [{ timestamp: `2026-01-0${day}T12:00:00+02:00` }]),
    );
    const rows: EnergyRow[] = [];
    const read = async () => {
      for await (const row of service.client.energy({ ...range("2026-01-01", "2026-01-04"), resolution: "hour" })) {
        await until(() => service.asked.length === 4);
        rows.push(row);
      }
    };
    expect(await errorOf(read())).toBeInstanceOf(AnswerNotUnderstood);
    expect(stamps(rows)).toEqual(["2026-01-01T12:00:00+02:00", "2026-01-02T12:00:00+02:00"]);
  });

  test("asks anew with every loop over its result", async () => {
    const { simulator, client } = await world();
    const rows = client.energy({ ...range("2026-10-01", "2026-10-31"), resolution: "day" });
    expect(await all(rows)).toHaveLength(31);
    expect(await all(rows)).toHaveLength(31);
    expect(energyCalls(simulator)).toBe(2);
  });

  test("leaves out what is no row of the day, and says so in the log", async () => {
    const { simulator, client, log } = await world();
    const body = JSON.stringify([
      { timestamp: "2026-10-01T00:00:00+03:00", totalConsumption: 1 },
      { timestamp: "yesterday", totalConsumption: 2 },
      { timestamp: "2026-10-02T00:00:00+03:00", totalConsumption: 3 },
      { totalConsumption: 4 },
    ]);
    simulator.answerNext({ pathIncludes: "/energy", answer: { status: 200, body } });
    const rows = await all(client.energy({ ...range("2026-10-01", "2026-10-01"), resolution: "hour" }));
    expect(rows.map(({ totalKwh }) => totalKwh)).toEqual([1]);
    expect(log.entries.filter(({ level }) => level === "warn")).toEqual([
      {
        level: "warn",
        fields: {
          answer: "2026-10-01",
          problems: [
            expect.stringContaining("row 4"),
            expect.stringContaining("yesterday"),
            expect.stringContaining("outside of the day"),
          ],
        },
        message: "some energy rows were not understood and are left out",
      },
    ]);
  });
});

describe("options that do not fit", () => {
  const account = { username: "demo@example.com", password: "demo" };
  const options: [given: object, message: string][] = [
    [
      { ...account, username: undefined },
      "The option `username` of new CarunaClient() must be a string, not undefined.",
    ],
    [
      { ...account, password: "" },
      "The option `password` of new CarunaClient() must be a string that is not empty, not an empty string.",
    ],
    [
      { ...account, baseUrl: "plus.caruna.fi" },
      'The option `baseUrl` of new CarunaClient() must be an address such as https://plus.caruna.fi, not "plus.caruna.fi".',
    ],
    [
      { ...account, requestsAtOnce: 0 },
      "The option `requestsAtOnce` of new CarunaClient() must be a whole number from 1, not 0.",
    ],
    [
      { ...account, retries: 1.5 },
      "The option `retries` of new CarunaClient() must be a whole number from 0, not 1.5.",
    ],
    [
      { ...account, sessionStore: { load: async () => undefined } },
      "The option `sessionStore` of new CarunaClient() must be an object with the methods load, save, clear, not an object.",
    ],
    [
      { ...account, logger: "console" },
      'The option `logger` of new CarunaClient() must be an object with the methods debug, info, warn, error, not "console".',
    ],
  ];
  test.each(options)("are named by the constructor: %o", (given, message) => {
    expect(() => Reflect.construct(CarunaClient, [given])).toThrow(new TypeError(message));
  });

  test("never show a password that is of the wrong kind", () => {
    const make = () => Reflect.construct(CarunaClient, [{ ...account, password: ["hunter2"] }]);
    expect(make).toThrow("The option `password` of new CarunaClient() must be a string, not a value of type object.");
  });

  const ranges: [given: object, message: string][] = [
    [
      { from: "2026-02-30" },
      'The option `from` of energy() must be a day of the calendar as YYYY-MM-DD or Temporal.PlainDate, not "2026-02-30".',
    ],
    [
      { to: new Date(0) },
      "The option `to` of energy() must be a day of the calendar as YYYY-MM-DD or Temporal.PlainDate, not an object.",
    ],
    [
      { to: "2025-12-31" },
      "The option `to` of energy() must be no earlier than `from`: 2025-12-31 is before 2026-01-01.",
    ],
    [{ resolution: "hourly" }, 'The option `resolution` of energy() must be "hour", "day" or "month", not "hourly".'],
    [
      { meteringPoint: "FSK000127" },
      'The option `meteringPoint` of energy() must be one of meteringPoints(), or an object with its customerId and assetId, not "FSK000127".',
    ],
    [{ signal: "stop" }, 'The option `signal` of energy() must be an AbortSignal, not "stop".'],
  ];
  test.each(ranges)("are named by energy() at once, not in the loop: %o", (given, message) => {
    const client = new CarunaClient(account);
    const wanted = { ...range("2026-01-01", "2026-01-02"), resolution: "day", ...given };
    expect(() => Reflect.apply(client.energy, client, [wanted])).toThrow(message);
  });

  test("a signal that is handed over bare is refused, as it would never be heeded", async () => {
    const client = new CarunaClient(account);
    const asked = Reflect.apply(client.meteringPoints, client, [new AbortController().signal]);
    await expect(asked).rejects.toThrow(
      "The options of meteringPoints() must be an object such as { signal }, not an object.",
    );
  });
});

test("a session that a store of the program's own gives back damaged is ignored, and the client logs in", async () => {
  const simulator = await simulatorFor({ now: () => NOW });
  const damaged = { account: 3, token: "ey" };
  const sessionStore = { load: () => Promise.resolve(Object(damaged)), save: async () => {}, clear: async () => {} };
  const { client, log } = clientFor(simulator, { sessionStore, now: () => NOW });
  expect(await client.customerNumbers()).toEqual(["50123456"]);
  expect(log.entries.map(({ message }) => message)).toContain(
    "what the session store gave is no session and is ignored; logging in anew",
  );
});

const LOGGED_IN_AT_ONCE = {
  "/first": (_: unknown, response: ServerResponse) => sendRedirect(response, "/done"),
};

/** A Caruna+ whose answer for each day of January the test decides; it may leave a day without one. */
async function serviceOf(answer: (day: number, response: ServerResponse) => void) {
  const asked: number[] = [];
  const left: number[] = [];
  const portal = await portalOf({
    ...LOGGED_IN_AT_ONCE,
    [`/api/customers/${METER.customerId}/assets/${METER.assetId}/energy`]: ({ address }, response) => {
      const day = Number(/[?&]day=(\d+)/.exec(address)?.[1]);
      asked.push(day);
      response.once("close", () => {
        if (!response.writableEnded) left.push(day);
      });
      answer(day, response);
    },
  });
  return { client: clientOf(portal.url).client, asked, left };
}

function range(from: string, to: string): Omit<EnergyOptions, "resolution"> {
  return { meteringPoint: METER, from, to };
}
