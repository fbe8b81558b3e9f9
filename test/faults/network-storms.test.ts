import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Received } from "../support/caruna.js";
import { type EngineWorld, HOUR_MS, problemOf } from "../sync/engine-world.js";
import { differences, meteredRows, publishedRows } from "../sync/truth.js";
import { interceptedWorld, send } from "./intercepted.js";

// A date without a zone means GMT in HTTP, wherever the program runs.
const zone = process.env.TZ;
beforeAll(() => {
  process.env.TZ = "Europe/Helsinki";
});
afterAll(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

const TRIES = 4;
const AT_ONCE = 4;
const DAYS_DUE = 3;
const DAY_SECONDS = 24 * 3600;
const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;

/** A date as each of the three forms of RFC 9110 has it. */
const imf = (epochMs: number) => new Date(epochMs).toUTCString();
const rfc850 = (epochMs: number) => {
  const [, day, month, year = "", time] = imf(epochMs).split(" ");
  return `${WEEKDAYS[new Date(epochMs).getUTCDay()]}, ${day}-${month}-${year.slice(2)} ${time} GMT`;
};
const asctime = (epochMs: number) => {
  const [weekday = "", day, month, year, time] = imf(epochMs).split(" ");
  return `${weekday.slice(0, 3)} ${month} ${day?.replace(/^0/, " ")} ${time} ${year}`;
};

/** `Retry-After` as a server whose clock is right writes it now; undefined: no such header. */
type RetryAfter = (nowEpochMs: number) => string | string[] | undefined;

/** With for how many seconds the service wants to be left alone; 0: for no longer than usual. */
const FORMS: readonly [string, RetryAfter, number][] = [
  ["none", () => undefined, 0],
  ["seconds", () => "30", 30],
  ["seconds with a fraction and spaces", () => " 12.5 ", 12.5],
  ["0", () => "0", 0],
  ["a negative number", () => "-30", 0],
  ["a date", (now) => imf(now + 30_000), 30],
  ["a date of RFC 850", (now) => rfc850(now + 30_000), 30],
  ["a date of asctime", (now) => asctime(now + 30_000), 30],
  ["a date that has passed", (now) => imf(now - 30_000), 0],
  ["a word", () => "soon", 0],
  ["a word and a year", () => "soon 2050", 0],
  ["nothing", () => "", 0],
  ["a list", () => "30, 60", 0],
  ["two headers, of which the first counts", () => ["30", "0"], 30],
  ["two headers the other way round", () => ["0", "30"], 0],
  ["two hours", () => "7200", 7200],
  ["a date tomorrow", (now) => imf(now + DAY_SECONDS * 1000), DAY_SECONDS],
  ["a date of another age", () => "Fri, 31 Dec 9999 23:59:59 GMT", DAY_SECONDS],
  ["more seconds than there are", () => "9".repeat(30), DAY_SECONDS],
];

/** 503 goes the same way: a form of each kind will do. */
const SOME_FORMS = new Set(["none", "seconds", "a date", "a word", "two hours", "a date of another age"]);

const isOfDay = ({ address }: Received) => /\/energy\?.*timespan=daily/.test(address);

/** A program whose waits are noted; no time passes in them. */
async function stormyWorld() {
  const { interception, world } = await interceptedWorld();
  const waits: number[] = [];
  const program = await world.start({
    isGuarded: true,
    carunaSleep: async (milliseconds) => void waits.push(milliseconds),
  });
  /** A cycle in which those requests are answered so; how often it was, and how long the program waited each time. */
  const cycle = async (isMeant: (received: Received) => boolean, status: number, retryAfter: RetryAfter) => {
    waits.length = 0;
    let answered = 0;
    interception.between = async (received, response, pass) => {
      if (!isMeant(received)) return send(response, await pass());
      answered += 1;
      const told = retryAfter(world.nowEpochMs);
      response.writeHead(status, told === undefined ? {} : { "Retry-After": told }).end("<html>429</html>");
    };
    const problem = await problemOf(program);
    interception.between = undefined;
    return { problem, answered, waits: [...waits] };
  };
  return { world, program, cycle, met: () => interception.met };
}

async function expectTruth(world: EngineWorld): Promise<void> {
  const stored = await meteredRows(world.database);
  expect(stored.length).toBeGreaterThan(0);
  expect(differences(stored, publishedRows(world.simulator, world.nowEpochMs))).toEqual([]);
  expect(await world.database.query("SELECT FROM login_guard")).toEqual([]);
}

describe.each([
  [429, FORMS],
  [503, FORMS.filter(([form]) => SOME_FORMS.has(form))],
] as const)("a storm of %i", (status, forms) => {
  it.each(forms)("with Retry-After: %s", async (_, retryAfter, seconds) => {
    const { world, program, cycle, met } = await stormyWorld();
    const isRest = seconds > 60;
    // The hours of days alone,
    const ofDays = await cycle(isOfDay, status, retryAfter);
    expect(ofDays.problem?.message).toMatch(
      status === 429 ? /Caruna\+ asks for fewer requests/ : /out of reach: HTTP 503/,
    );
    expect(ofDays.answered).toBeLessThanOrEqual(isRest ? AT_ONCE : DAYS_DUE * TRIES);
    expect(ofDays.waits.length).toBeLessThanOrEqual(DAYS_DUE * (TRIES - 1));
    expect(ofDays.waits.filter((wait) => wait < Math.max(500, seconds * 1000))).toEqual([]);
    if (isRest) expect(ofDays.waits).toEqual([]);
    else expect(ofDays.waits.length).toBeGreaterThan(0);
    // then everything, the login too, an hour later. Who was asked to stay away for longer asks for nothing.
    world.nowEpochMs += HOUR_MS;
    const before = met();
    const all = await cycle(() => true, status, retryAfter);
    expect(all.problem?.message).toMatch(
      status === 429 ? /Caruna\+ asks for fewer requests/ : /out of reach: HTTP 503/,
    );
    if (isRest) expect(met()).toBe(before);
    else expect(all.answered).toBeLessThanOrEqual(AT_ONCE * TRIES);
    expect(all.waits.filter((wait) => wait < Math.max(500, seconds * 1000))).toEqual([]);
    // When it has passed, the next cycle brings every hour.
    world.nowEpochMs += isRest ? seconds * 1000 : HOUR_MS;
    await program.cycle();
    await expectTruth(world);
    expect(world.simulator.passwordPosts).toBeLessThanOrEqual(2);
  });
});

describe.each([429, 503])("%i for the password", (status) => {
  it.each<[string, string | undefined, number[]]>([
    ["no Retry-After", undefined, [1, 1, 1]],
    ["Retry-After: 1", "1", [1, 1, 1]],
    ["Retry-After: 7200", "7200", [1, 0, 1]],
  ])(
    "with %s is one post a cycle at the most, twice, then after six hours, and none before its time",
    async (_, told, expected) => {
      const { world, program, cycle } = await stormyWorld();
      const isPassword = ({ method, address }: Received) => method === "POST" && address.startsWith("/portal/login");
      const posts: number[] = [];
      for (let hour = 1; hour <= 3; hour += 1) {
        const { problem, answered, waits } = await cycle(isPassword, status, () => told);
        expect(problem?.message).toMatch(/fewer requests|out of reach|no answer/);
        expect(waits).toEqual([]);
        posts.push(answered);
        world.nowEpochMs += HOUR_MS;
      }
      expect(posts).toEqual(expected);
      world.nowEpochMs += 6 * HOUR_MS;
      await program.cycle();
      await expectTruth(world);
    },
  );
});
