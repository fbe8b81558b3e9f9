import { afterEach, describe, expect, test } from "vitest";
import { at, EngineWorld, HOUR_MS } from "./engine-world.js";
import { differences, meteredRows, publishedRows } from "./truth.js";

let world: EngineWorld;
afterEach(async () => await world.close());

const meterOf = (index = 0) => world.simulator.household.meters[index]?.assetId ?? "";
const expectAllHours = async (assetId?: string) => {
  const stored = (await meteredRows(world.database)).filter(({ meter }) => assetId === undefined || meter === assetId);
  expect(differences(stored, publishedRows(world.simulator, world.nowEpochMs, assetId))).toEqual([]);
};
const { signal } = new AbortController();

describe("Caruna+ fails", () => {
  test("at one day: the others are stored, and it comes again later", async () => {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [{ startDate: "2026-11-01" }] });
    const program = await world.start();
    // The list of metering points, logins and contracts are not energy.
    world.simulator.answerNext({
      pathIncludes: "/energy",
      answer: { status: 200, body: JSON.stringify({ surprise: true }) },
    });
    await expect(program.engine.cycle({ withHistory: false }, signal)).rejects.toMatchObject({ name: "SomeFailed" });
    expect(await meteredRows(world.database)).toHaveLength(6 * 24);
    expect(await world.hourly(program, at("2026-11-20T11:00"), HOUR_MS)).toBeGreaterThan(0);
    await world.hourly(program, at("2026-11-20T12:10"));
    await expectAllHours();
  });

  test("with a storm of 429: what came before is stored, and all is there when it has passed", async () => {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [{ startDate: "2026-09-01" }] });
    const program = await world.start();
    await program.engine.cycle({ withHistory: false }, signal);
    const before = (await meteredRows(world.database)).length;
    let isStorm = true;
    world.simulator.answerNext({
      get pathIncludes() {
        return isStorm ? "/energy" : "no such path";
      },
      times: Number.POSITIVE_INFINITY,
      answer: { status: 429, headers: { "retry-after": "600" }, kind: "too many" },
    });
    await expect(program.cycle()).rejects.toMatchObject({ name: "RateLimited" });
    await expect(program.cycle()).rejects.toMatchObject({ name: "RateLimited" });
    // Who is asked to wait for ten minutes does not try the rest of what is due.
    expect(world.simulator.requests.filter(({ kind }) => kind === "too many").length).toBeLessThanOrEqual(4);
    expect(await meteredRows(world.database)).toHaveLength(before);
    isStorm = false;
    await expect(program.cycle()).rejects.toMatchObject({ name: "RateLimited" });
    world.nowEpochMs += 600_000;
    await program.cycle();
    await expectAllHours();
  });

  test("at everything: a cycle gives up after a few requests, however much is due", async () => {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [{ startDate: "2026-01-01" }] });
    let isOutOfOrder = false;
    let mayBreakDown = true;
    world.simulator.answerNext({
      get pathIncludes() {
        return isOutOfOrder ? "/energy" : "no such path";
      },
      times: Number.POSITIVE_INFINITY,
      answer: { status: 503, kind: "out of order" },
    });
    const program = await world.start({
      // In the middle of the look back, with hundreds of days due.
      onRound: async () => {
        isOutOfOrder = mayBreakDown && world.simulator.requests.length > 120;
      },
    });
    await expect(program.cycle()).rejects.toMatchObject({ name: "CarunaUnreachable" });
    await expect(program.cycle()).rejects.toMatchObject({ name: "CarunaUnreachable" });
    const dueDays = "SELECT count(*)::int AS days FROM metering_point_period WHERE span = 'day' AND is_history";
    expect((await world.database.query(`${dueDays} AND next_ask_at IS NOT NULL`))[0]?.days).toBeGreaterThan(150);
    // Each of the eight of a cycle is tried four times, and some others were under way.
    expect(world.simulator.requests.filter(({ kind }) => kind === "out of order").length).toBeLessThan(100);
    isOutOfOrder = false;
    mayBreakDown = false;
    world.nowEpochMs = at("2026-11-21T12:10");
    await world.hourly(program, at("2026-11-21T20:10"), 4 * HOUR_MS);
    await expectAllHours();
  });

  describe("at some of many days, asked for one at a time", () => {
    const ANSWERS: Readonly<
      Record<string, { readonly status: number; readonly body?: string; readonly kind: string }>
    > = {
      "an error": { status: 500, kind: "failed" },
      "nothing yet": { status: 200, body: "[]", kind: "answered" },
      "something else": { status: 200, body: "{}", kind: "odd" },
    };
    /** Answers in turn, from the newest day on; then come the hours. Each request is made once. */
    async function cycleWith(answers: readonly string[]) {
      world = await EngineWorld.create("2026-11-20T10:10", { meters: [{ startDate: "2026-10-01" }] });
      for (const name of answers) {
        const answer = ANSWERS[name];
        if (answer !== undefined) world.simulator.answerNext({ pathIncludes: "/energy", answer });
      }
      const plan = { backfill: "none", daysToLoad: 40 } as const;
      const program = await world.start({ plan, retries: 0, requestsAtOnce: 1 });
      const problem = await program.engine.cycle({ withHistory: false }, signal).catch((error: unknown) => error);
      return { problem, failed: world.simulator.requests.filter(({ kind }) => kind === "failed").length };
    }
    const errors = (count: number) => Array.from({ length: count }, () => "an error");

    test.each(["nothing yet", "something else"])(
      "eight failures in a row end the cycle, after %s too",
      async (answer) => {
        const { problem, failed } = await cycleWith([...errors(7), answer, ...errors(20)]);
        expect(problem).toMatchObject({ name: "CarunaUnreachable" });
        expect(failed).toBe(7 + 8);
      },
    );

    test.each(["nothing yet", "something else"])("failures with %s between them end nothing", async (answer) => {
      const { problem, failed } = await cycleWith([1, 2, 3].flatMap(() => [...errors(7), answer]));
      expect(problem).toMatchObject({ name: "SomeFailed" });
      expect(failed).toBe(3 * 7);
    });
  });

  test("and refuses one metering point: the others are loaded all the same", async () => {
    world = await EngineWorld.create("2026-11-20T10:10", {
      meters: [{ startDate: "2026-10-01" }, { startDate: "2026-10-01", product: "general" }],
    });
    let isRefused = true;
    world.simulator.answerNext({
      get pathIncludes() {
        return isRefused ? `${meterOf(0)}/energy` : "no such path";
      },
      times: Number.POSITIVE_INFINITY,
      answer: { status: 403, body: '{"msg":"Forbidden"}', kind: "refused" },
    });
    const program = await world.start({ meteringPoint: meterOf(1) });
    await expect(program.engine.cycle({ withHistory: true }, signal)).rejects.toMatchObject({ name: "SomeFailed" });
    await expectAllHours(meterOf(1));
    // Some were under way at one time, and each was tried with a new token.
    expect(world.simulator.requests.filter(({ kind }) => kind === "refused").length).toBeLessThanOrEqual(8);
    isRefused = false;
    await world.hourly(program, at("2026-11-20T20:10"));
    await expectAllHours();
  });

  test("to show the contracts to a request that was cut off: the next cycle asks for them anew", async () => {
    world = await EngineWorld.create("2026-11-20T10:10", {
      meters: [{ startDate: "2026-11-01" }],
      energyShape: "minimal",
    });
    const first = await world.start();
    await first.cycle();
    // A program that has just been started knows the list from the database, and the contracts not yet.
    const program = await world.start();
    await world.database.query("DELETE FROM metering_point_hourly");
    await world.database.query("UPDATE metering_point_period SET next_ask_at = to_timestamp(0) WHERE span = 'day'");
    const ended = new AbortController();
    world.simulator.answerNext({ pathIncludes: "/contracts", answer: "hang" });
    const cut = program.engine.cycle({ withHistory: true }, ended.signal);
    cut.catch(() => {});
    await requestArrives("/contracts");
    ended.abort(new Error("the user pressed a key"));
    await expect(cut).rejects.toThrow("the user pressed a key");
    await program.cycle();
    expect(new Set((await meteredRows(world.database)).map(({ split_source }) => split_source))).toEqual(
      new Set(["calendar"]),
    );
  });
});

describe("of two programs", () => {
  test("one writes; the other waits, says so once, and goes on when the first has not renewed its lease", async () => {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [{ startDate: "2026-10-20" }] });
    const second = await world.start();
    let rounds = 0;
    const first = await world.start({
      onRound: async () => {
        rounds += 1;
        if (rounds > 1) return;
        const secondCycle = second.cycle();
        await waitsForTheLease(second.said);
        // As if the first had slept for longer than its lease lasts.
        await world.database.query("UPDATE writer_lease SET expires_at = '-infinity'");
        await secondCycle;
      },
    });
    await first.engine.cycle({ withHistory: false }, signal);
    await expectAllHours();
    expect(second.said.filter(({ message }) => message.includes("another program writes"))).toHaveLength(1);
    // The one that lost it goes on in its turn.
    world.nowEpochMs = at("2026-11-21T10:10");
    await first.cycle();
    await expectAllHours();
  });

  test("the one whose lease was taken in the middle of a cycle writes nothing more", async () => {
    world = await EngineWorld.create("2026-11-20T10:10", { meters: [{ startDate: "2026-08-01" }] });
    let rows = 0;
    let periods: unknown;
    const memory = () => world.database.query("SELECT * FROM metering_point_period ORDER BY span, starts_on");
    const program = await world.start({
      onRound: async () => {
        if (rows > 0) throw new Error("it went on");
        rows = (await meteredRows(world.database)).length;
        periods = await memory();
        await world.database.query("UPDATE writer_lease SET owner = 'another', epoch = epoch + 1");
      },
    });
    await expect(program.engine.cycle({ withHistory: true }, signal)).rejects.toMatchObject({ name: "LeaseLost" });
    expect(rows).toBeGreaterThan(0);
    expect(await meteredRows(world.database)).toHaveLength(rows);
    expect(await memory()).toEqual(periods);
  });
});

/** Looks until it is so; bounded by the test's own time limit. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise<void>((resolve) => setImmediate(resolve));
}

const requestArrives = (pathIncludes: string) => {
  const before = world.simulator.requests.length;
  return until(() => world.simulator.requests.slice(before).some(({ path }) => path.includes(pathIncludes)));
};

const waitsForTheLease = (said: readonly { readonly message: string }[]) =>
  until(() => said.some(({ message }) => message.includes("another program writes")));
