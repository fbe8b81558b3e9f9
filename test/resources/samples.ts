import { Temporal } from "temporal-polyfill";
import { z } from "zod";
import { type Behaviour, type Simulator, startSimulator } from "../../src/simulator/index.js";
import { Person } from "../simulator/support/person.js";
import { askForToken, type RawClient } from "../simulator/support/raw-http.js";

/** When the samples are taken: in the evening, with yesterday published and today not. */
export const TAKEN_AT = Temporal.Instant.from("2026-11-10T18:00:00+02:00").epochMilliseconds;
export const CUSTOMER = "50123456";
export const METER = "FSK000127";
const PRODUCER = "FSK000227";

/** What is drawn by lot in each login; in the samples it is made up. */
const MADE_UP = {
  state: "0123456789abcdef0123456789abcdef",
  nonce: "0123456789abcdef",
  token: "eyMadeUp.eyMadeUp.MadeUp",
};

interface EnergySample {
  readonly meter?: string;
  readonly query: string;
  readonly behaviour?: Partial<Behaviour>;
}

const DAY = "year=2026&month=11&day=9&timespan=daily";
const MARCH = "year=2026&month=3&day=29&timespan=daily";
const OCTOBER = "year=2026&month=10&day=25&timespan=daily";

/** Energy answers by the name of their file. */
const ENERGY: Readonly<Record<string, EnergySample>> = {
  "energy-daily": { query: DAY },
  "energy-monthly": { query: "year=2026&month=10&timespan=monthly" },
  "energy-yearly": { query: "year=2025&timespan=yearly" },
  "energy-daily-producer": { query: "year=2026&month=6&day=21&timespan=daily", meter: PRODUCER },
  "energy-daily-quarters": { query: DAY, behaviour: { quarterHours: true } },
  "energy-daily-unpublished": { query: "year=2026&month=11&day=10&timespan=daily" },
  "energy-daily-unpublished-nulls": {
    query: "year=2026&month=11&day=10&timespan=daily",
    behaviour: { unpublished: "nulls" },
  },
  "energy-daily-minimal": { query: DAY, behaviour: { energyShape: "minimal" } },
  "energy-daily-bare": { query: DAY, behaviour: { energyShape: "bare" } },
  "energy-daily-wrapped": { query: DAY, behaviour: { energyShape: "wrapped" } },
  "energy-daily-march": { query: MARCH },
  "energy-daily-march-row-twice": { query: MARCH, behaviour: { march: "row-twice" } },
  "energy-daily-october": { query: OCTOBER },
  "energy-daily-october-one-stamp-twice": { query: OCTOBER, behaviour: { october: "one-stamp-twice" } },
};

/** Every sample by the name of its file, as the simulator answers today. The household and its numbers are made up. */
export async function takeSamples(): Promise<ReadonlyMap<string, string>> {
  const simulator = await startSimulator({
    now: () => TAKEN_AT,
    meters: [{}, { product: "seasonal", solarKwp: 6 }, { customerNumber: "60999999", represented: true }],
  });
  try {
    const { client } = new Person();
    const { login, token, bearer } = await loginSamples(simulator, client);
    const ask = (path: string) =>
      client.request("GET", `${simulator.plusUrl}/api/customers/${CUSTOMER}/${path}`, undefined, {
        Authorization: `Bearer ${bearer}`,
      });
    const samples = new Map([
      ["login", login],
      ["token", token],
      ["info", (await ask("info")).body],
      ["contracts", (await ask("contracts")).body],
      ["assets", (await ask("assets")).body],
      ["metering-points", (await ask("assets/meteringpoints")).body],
      ["error", (await ask(`assets/${METER}/energy?year=2026&timespan=hourly`)).body],
    ]);
    for (const [name, { meter = METER, query, behaviour = {} }] of Object.entries(ENERGY)) {
      const before = { quarterHours: false, unpublished: "absent", energyShape: "flat", march: "skip" } as const;
      simulator.set({ ...before, october: "distinct", ...behaviour });
      samples.set(name, (await ask(`assets/${meter}/energy?${query}`)).body);
    }
    const atCaruna = (text: string) =>
      text
        .replaceAll(simulator.plusUrl, "https://plus.caruna.fi")
        .replaceAll(simulator.authUrl, "https://authentication2.caruna.fi")
        .replaceAll(encodeURIComponent(simulator.plusUrl), encodeURIComponent("https://plus.caruna.fi"));
    return new Map([...samples].map(([name, body]) => [`${name}.json`, printed(JSON.parse(atCaruna(body)))]));
  } finally {
    await simulator.stop();
  }
}

async function loginSamples(simulator: Simulator, client: RawClient) {
  const begun = JSON.stringify({ redirectAfterLogin: "https://plus.caruna.fi/", language: "fi" });
  const start = await client.request("POST", `${simulator.plusUrl}/api/authorization/login`, begun);
  const { loginRedirectUrl } = z.object({ loginRedirectUrl: z.url() }).parse(JSON.parse(start.body));
  const person = new Person();
  for (const [name, value] of client.cookies) person.client.cookies.set(name, value);
  const callback = await person.logIn(loginRedirectUrl, simulator.plusUrl, {
    user: "demo@example.com",
    password: "demo",
  });
  const answer = await askForToken(person.client, simulator, callback);
  const { token } = z.object({ token: z.string() }).parse(JSON.parse(answer.body));
  const shown = new URL(loginRedirectUrl);
  shown.searchParams.set("state", MADE_UP.state);
  shown.searchParams.set("nonce", MADE_UP.nonce);
  return {
    login: JSON.stringify({ loginRedirectUrl: shown.href }),
    token: answer.body.replace(token, MADE_UP.token),
    bearer: token,
  };
}

/** Indented, with one line for each row of energy. */
function printed(answer: unknown): string {
  const rows: string[] = [];
  const marked = JSON.stringify(
    answer,
    (_, value: unknown) => {
      if (typeof value !== "object" || value === null || !("timestamp" in value)) return value;
      rows.push(JSON.stringify(value));
      return `row ${rows.length - 1}`;
    },
    2,
  );
  return `${marked.replace(/"row (\d+)"/g, (_, index: string) => rows[Number(index)] ?? "")}\n`;
}
