import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import type { MeterOptions } from "../../src/simulator/index.js";
import type { Verification } from "../../src/sync/index.js";
import { type DyingProxy, startDyingProxy } from "../support/database-proxy.js";
import { type Row, storedRows } from "../support/truth.js";
import { at, DAY_MS, EngineWorld, HOUR_MS, type Program } from "./engine-world.js";
import { energyHourlyDifferences } from "./simulated-year.js";
import { differences, localDate, type MeteredRow, meteredRows, nameOf, publishedRows, valuesOf } from "./truth.js";

const MINUTE_MS = 60_000;
const STARTS_AT = "2026-10-20T09:10";
/** The second one shows up later. A change of the clocks and a turn of the year lie ahead. */
const HOUSE = { product: "nightly", assetId: "A1", startDate: "2026-09-20" } as const;
const COTTAGE = { product: "general", assetId: "A2", startDate: "2026-10-05", solarKwp: 3 } as const;
const METERS: readonly MeterOptions[] = [HOUSE, COTTAGE];
/** So long it takes at most until everything is as Caruna+ shows it, once nothing fails any more. */
const HEALED_AFTER_DAYS = 31;
const QUIET_STEP_HOURS = 53;
/** A day that is older may have been read for the last time: what leaves its sums alone is not found. */
const READ_AGAIN_DAYS = 12;

/** What one mistake does may go through thousands of hours. */
const MOST_PROBLEMS = 12;

const meter = fc.constantFrom(HOUSE.assetId, COTTAGE.assetId);
const messages = fc.integer({ min: 1, max: 200 });
const CARUNA = [
  "up",
  "up",
  "up",
  "away",
  "out of order",
  "asks for fewer requests",
  "some requests fail",
  "some answers are odd",
  "refuses A1",
] as const;
type CarunaState = (typeof CARUNA)[number];

const event = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      is: fc.constant("time passes" as const),
      minutes: fc.oneof(
        fc.integer({ min: 1, max: 180 }),
        fc.integer({ min: 181, max: 3 * 24 * 60 }),
        fc.integer({ min: 3 * 24 * 60, max: 40 * 24 * 60 }),
      ),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      is: fc.constant("cycles" as const),
      count: fc.integer({ min: 1, max: 8 }),
      everyMinutes: fc.integer({ min: 5, max: 1500 }),
      withHistory: fc.boolean(),
      caruna: fc.constantFrom(...CARUNA),
      clockWrongByMs: fc.constantFrom(0, 0, HOUR_MS, -HOUR_MS),
    }),
  },
  { weight: 2, arbitrary: fc.record({ is: fc.constant("connections cut" as const), messages }) },
  { weight: 2, arbitrary: fc.record({ is: fc.constant("killed" as const), messages }) },
  fc.record({ is: fc.constant("two programs" as const), firstDiesAfter: fc.option(messages) }),
  {
    weight: 2,
    arbitrary: fc.record({
      is: fc.constant("hours late" as const),
      meter,
      fromHoursAgo: fc.integer({ min: -72, max: 72 }),
      hours: fc.integer({ min: 1, max: 60 }),
      forHours: fc.integer({ min: 1, max: 20 * 24 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      is: fc.constant("hour revised" as const),
      meter,
      hoursAgo: fc.integer({ min: 1, max: 70 * 24 }),
      moreHundredths: fc.integer({ min: 1, max: 300 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      is: fc.constant("revisions cancel out" as const),
      meter,
      daysAgo: fc.integer({ min: 1, max: READ_AGAIN_DAYS }),
      hours: fc.uniqueArray(fc.nat(22), { minLength: 2, maxLength: 2 }),
    }),
  },
  fc.record({
    is: fc.constant("rows deleted" as const),
    table: fc.constantFrom("energy_hourly", "metering_point_hourly"),
    fromHoursAgo: fc.integer({ min: 1, max: 70 * 24 }),
    hours: fc.integer({ min: 1, max: 100 }),
  }),
  { weight: 3, arbitrary: fc.record({ is: fc.constant("meter appears" as const) }) },
  fc.record({
    is: fc.constant("not listed" as const),
    meter,
    forHours: fc.integer({ min: 1, max: 60 }),
  }),
  fc.record({ is: fc.constant("contract ends" as const), inDays: fc.integer({ min: 0, max: 30 }) }),
  fc.record({
    is: fc.constant("load" as const),
    daysAgo: fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 5 }),
  }),
  fc.record({ is: fc.constant("look back" as const) }),
  fc.record({ is: fc.constant("verify" as const) }),
);

export type Event = typeof event extends fc.Arbitrary<infer Value> ? Value : never;
type EventOf<Kind extends Event["is"]> = Extract<Event, { is: Kind }>;

/** What happens to a program from its first cycle on. */
export interface Life {
  /** Whether the settings name the metering point that `energy_hourly` follows. */
  readonly isNamed: boolean;
  readonly events: readonly Event[];
}

/** Lives of up to so many events. */
export function lives(mostEvents: number): fc.Arbitrary<Life> {
  return fc.record({
    isNamed: fc.boolean(),
    events: fc.array(event, { minLength: 1, maxLength: mostEvents, size: "max" }),
  });
}

/**
 * Lives through it with a database and a Caruna+ of its own, and then through a month in which nothing fails. Returns what
 * went wrong, an empty list where all is well:
 *
 * - a row that is gone, or that was written as something else than what Caruna+ showed at that time;
 * - an error that no event explains; what `verify` says that is not so, or does not say;
 * - in the end: a table that is not what Caruna+ shows, or a request although nothing is due.
 */
export async function liveThrough({ isNamed, events }: Life): Promise<string[]> {
  const world = await EngineWorld.create(STARTS_AT, { meters: METERS, ...SERVICE });
  const living = new Living(world, isNamed);
  try {
    return await living.live(events);
  } finally {
    await world.close();
    await living.end();
  }
}

/** Tokens of a week: to log in anew for every cycle is another test's matter. One list tells of all metering points. */
const SERVICE = { tokenLifetimeSeconds: 7 * 24 * 3600, metersListedAt: "meteringpoints" } as const;

interface Delay {
  readonly meter: string;
  readonly hours: readonly number[];
  readonly untilEpochMs: number;
}

interface Running {
  readonly program: Program;
  readonly proxy: DyingProxy;
}

const NOWHERE = "no such path";

class Living {
  readonly #world: EngineWorld;
  readonly #isNamed: boolean;
  readonly #proxies: DyingProxy[] = [];
  readonly #problems: string[] = [];
  #caruna: CarunaState = "up";
  #requests = 0;
  #delays: readonly Delay[] = [];
  readonly #listed = new Map<string, { fromEpochMs: number }>([[HOUSE.assetId, { fromEpochMs: 0 }]]);
  /** First instant after the second metering point's contract. */
  #contractEndEpochMs: number | undefined;
  /** Whether the list that Caruna+ gave out last lacked a metering point that it had before. */
  #listLacks = false;
  /** So long Caruna+ has asked to be left alone. */
  #restUntilEpochMs = 0;
  /** Whether the program has done anything since the tables were looked at. */
  #hasRun = false;
  #metered = new Map<string, string>();
  #followed = new Map<number, string>();

  constructor(world: EngineWorld, isNamed: boolean) {
    this.#world = world;
    this.#isNamed = isNamed;
  }

  async live(events: readonly Event[]): Promise<string[]> {
    this.#answerByTheState();
    let running = await this.#start();
    // Which metering point energy_hourly follows is settled while there is but one.
    await this.#attempt("the first cycle", () => running.program.engine.cycle({ withHistory: false }, NEVER));
    await this.#compare("the first cycle");
    for (const [index, one] of events.entries()) {
      running = await this.#happen(one, running);
      if (this.#hasRun) await this.#compare(`event ${index + 1} (${one.is})`);
    }
    this.#heal();
    await this.#liveQuietly(running.program);
    return this.#problems.slice(0, MOST_PROBLEMS);
  }

  async end(): Promise<void> {
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()));
  }

  async #happen(one: Event, running: Running): Promise<Running> {
    const { program, proxy } = running;
    switch (one.is) {
      case "time passes":
        this.#pass(one.minutes * MINUTE_MS);
        break;
      case "cycles":
        await this.#cycles(one, program);
        break;
      case "connections cut":
        proxy.cutAfter(one.messages);
        await this.#attempt(
          one.is,
          () => program.cycle(),
          () => proxy.hasCut,
        );
        proxy.calmDown();
        break;
      case "killed":
        return await this.#kill(one, running);
      case "two programs":
        return await this.#runTwo(one, running);
      case "hours late":
        this.#delay(one);
        break;
      case "hour revised": {
        const hour = Math.floor(this.#world.nowEpochMs / HOUR_MS - one.hoursAgo) * HOUR_MS;
        this.#revise(one.meter, hour, one.moreHundredths / 100);
        break;
      }
      case "revisions cancel out":
        this.#reviseTwo(one);
        break;
      case "rows deleted":
        await this.#deleteRows(one);
        break;
      case "meter appears":
        this.#list(COTTAGE.assetId, this.#world.nowEpochMs);
        break;
      case "not listed":
        if (this.#listed.has(one.meter)) this.#list(one.meter, this.#world.nowEpochMs + one.forHours * HOUR_MS);
        break;
      case "contract ends":
        this.#endContract(one);
        break;
      case "load": {
        const today = Temporal.PlainDate.from(localDate(this.#world.nowEpochMs));
        const days = one.daysAgo.map((daysAgo) => today.subtract({ days: daysAgo }));
        await this.#attempt(one.is, () => program.engine.load(days, NEVER));
        break;
      }
      case "look back":
        await this.#attempt(one.is, () => program.engine.lookBack(NEVER));
        break;
      case "verify":
        await this.#verify(program);
        break;
    }
    return running;
  }

  async #cycles({ count, everyMinutes, withHistory, caruna, clockWrongByMs }: EventOf<"cycles">, program: Program) {
    this.#caruna = caruna;
    this.#world.clockOffsetMs = clockWrongByMs;
    for (let cycle = 0; cycle < count; cycle += 1) {
      if (cycle > 0) this.#pass(everyMinutes * MINUTE_MS);
      await this.#attempt(
        `cycle while Caruna+ is ${caruna}`,
        () => (withHistory ? program.cycle() : program.engine.cycle({ withHistory }, NEVER)),
        () => caruna !== "up",
      );
      if (caruna === "asks for fewer requests") this.#restUntilEpochMs = this.#world.nowEpochMs + REST_SECONDS * 1000;
    }
    this.#caruna = "up";
    this.#world.clockOffsetMs = 0;
  }

  /** The program is dropped where it stands: nothing that it has under way reaches the database any more. */
  async #kill({ messages: sent }: EventOf<"killed">, { program, proxy }: Running): Promise<Running> {
    proxy.dieAfter(sent);
    await this.#attempt(
      "killed",
      () => program.cycle(),
      () => proxy.hasCut,
    );
    proxy.dieAfter(0);
    await program.stop();
    await this.#letGo(await this.#writer());
    return await this.#start();
  }

  /** Two of them at one time, of which the first may die; the second goes on alone. */
  async #runTwo({ firstDiesAfter }: EventOf<"two programs">, first: Running): Promise<Running> {
    const second = await this.#start();
    if (firstDiesAfter !== null) first.proxy.dieAfter(firstDiesAfter);
    let isOver = false;
    const cycle = this.#attempt("second of two", () => second.program.cycle()).then(() => {
      isOver = true;
    });
    await this.#attempt(
      "first of two",
      () => first.program.cycle(),
      () => first.proxy.hasCut,
    );
    // The dead one's lease counts as run out as soon as it is known to be gone: as after a container's restart.
    for (let told = 0; !isOver; await new Promise<void>((resolve) => setImmediate(resolve))) {
      const writers = second.program.said.flatMap(({ fields }) => ("writer" in fields ? [fields.writer] : []));
      if (first.proxy.hasCut && writers.length > told) await this.#letGo(writers.at(-1));
      told = writers.length;
    }
    await cycle;
    await first.program.stop();
    return second;
  }

  async #writer(): Promise<unknown> {
    const [lease] = await this.#world.database.query("SELECT owner FROM writer_lease");
    return lease?.owner;
  }

  /** As if it had been another process of this machine, which is no more. */
  async #letGo(owner: unknown): Promise<void> {
    await this.#world.database.query(
      String.raw`UPDATE writer_lease SET owner = regexp_replace(owner, '^(\S+ \S+) \S+', '\1 gone') WHERE owner = $1`,
      [owner],
    );
  }

  #delay({ meter: assetId, fromHoursAgo, hours, forHours }: EventOf<"hours late">): void {
    const { nowEpochMs } = this.#world;
    const first = Math.floor(nowEpochMs / HOUR_MS - fromHoursAgo) * HOUR_MS;
    const starts = Array.from({ length: hours }, (_, index) => first + index * HOUR_MS);
    this.#delays = [...this.#delays, { meter: assetId, hours: starts, untilEpochMs: nowEpochMs + forHours * HOUR_MS }];
    this.#withhold();
  }

  /** It becomes more, never less: no two of these cancel out. */
  #revise(assetId: string, startEpochMs: number, moreKwh: number): void {
    const { household } = this.#world.simulator;
    household.revise(assetId, startEpochMs, household.truthOfHour(assetId, startEpochMs).kwhTotal + moreKwh);
  }

  #reviseTwo({ meter: assetId, daysAgo, hours }: EventOf<"revisions cancel out">): void {
    const { household } = this.#world.simulator;
    const today = Temporal.PlainDate.from(localDate(this.#world.nowEpochMs));
    const truth = household.truthOfDay(assetId, today.subtract({ days: daysAgo }).toString());
    const [more, less] = hours.map((hour) => truth[hour]);
    const movedKwh = 0.03;
    if (more === undefined || less === undefined || less.kwhTotal <= movedKwh) return;
    this.#revise(assetId, more.startEpochMs, movedKwh);
    this.#revise(assetId, less.startEpochMs, -movedKwh);
  }

  /** Somebody's hand in one of the tables. */
  async #deleteRows({ table, fromHoursAgo, hours }: EventOf<"rows deleted">): Promise<void> {
    const fromEpochMs = this.#world.nowEpochMs - fromHoursAgo * HOUR_MS;
    await this.#world.database.query(
      `DELETE FROM ${table} WHERE datetime >= to_timestamp($1) AND datetime < to_timestamp($2)`,
      [fromEpochMs / 1000, (fromEpochMs + hours * HOUR_MS) / 1000],
    );
    await this.#remember();
  }

  #list(assetId: string, fromEpochMs: number): void {
    this.#listed.set(assetId, { fromEpochMs });
  }

  /** At the end of a day that has not begun to be published. */
  #endContract({ inDays }: EventOf<"contract ends">): void {
    if (this.#contractEndEpochMs !== undefined) return;
    const end = Temporal.PlainDate.from(localDate(this.#world.nowEpochMs)).add({ days: inDays + 1 });
    this.#contractEndEpochMs = at(`${end}T00:00`);
    this.#withhold();
  }

  #pass(milliseconds: number): void {
    this.#world.nowEpochMs += milliseconds;
    this.#withhold();
  }

  #withhold(): void {
    const { nowEpochMs, simulator } = this.#world;
    this.#delays = this.#delays.filter(({ untilEpochMs }) => untilEpochMs > nowEpochMs);
    simulator.household.release();
    for (const { meter: assetId, hours } of this.#delays) simulator.household.withhold(assetId, hours);
    const end = this.#contractEndEpochMs;
    if (end === undefined || end > nowEpochMs) return;
    const after = Array.from({ length: (nowEpochMs - end) / HOUR_MS + 1 }, (_, index) => end + index * HOUR_MS);
    simulator.household.withhold(COTTAGE.assetId, after);
  }

  #isListed(assetId: string): boolean {
    return (this.#listed.get(assetId)?.fromEpochMs ?? Number.POSITIVE_INFINITY) <= this.#world.nowEpochMs;
  }

  /** Interceptions for as long as the life lasts: what they match and answer goes by the state of the world. */
  #answerByTheState(): void {
    const { simulator } = this.#world;
    const times = Number.POSITIVE_INFINITY;
    const living = this;
    simulator.answerNext({
      get pathIncludes() {
        return living.#pathThatFails();
      },
      times,
      get answer() {
        return FAILURES[living.#caruna];
      },
    });
    simulator.answerNext({
      pathIncludes: "/assets/meteringpoints",
      times,
      get answer() {
        return living.#meteringPoints();
      },
    });
    simulator.answerNext({
      pathIncludes: "/contracts",
      times,
      get answer() {
        return living.#contracts();
      },
    });
  }

  /** Asked once for every request that comes in. */
  #pathThatFails(): string {
    this.#requests += 1;
    switch (this.#caruna) {
      case "up":
        return NOWHERE;
      case "away":
      case "out of order":
        return "";
      case "asks for fewer requests":
        return "/energy";
      case "refuses A1":
        return `${HOUSE.assetId}/energy`;
      default:
        return this.#requests % 3 === 0 ? "/energy" : NOWHERE;
    }
  }

  #meteringPoints() {
    const listed = METERS.filter(({ assetId = "" }) => this.#isListed(assetId));
    this.#listLacks = [...this.#listed.keys()].some((assetId) => !this.#isListed(assetId));
    const body = listed.map(({ assetId = "" }) => {
      const { gsrn, productDescription, customerNumber } = this.#world.simulator.household.meter(assetId);
      const product = { contractProductDesc: productDescription, fuseSize: "3x25" };
      return { type: "consumptionMeteringPoint", assetId, gsrn, customerId: customerNumber, ...product };
    });
    return { status: 200, body: JSON.stringify(body), kind: "metering points" };
  }

  #contracts() {
    const end = this.#contractEndEpochMs;
    const contracts = this.#world.simulator.household.meters.map((one) => ({
      ...{ id: `S${one.assetId}`, assetId: one.assetId, customerId: one.customerNumber },
      ...{ productDescription: one.productDescription, productId: one.productId },
      startDate: `${one.startDate}T00:00:00Z`,
      endDate:
        one.assetId === COTTAGE.assetId && end !== undefined
          ? new Date(end - 1000).toISOString()
          : "9999-12-31T23:59:59Z",
    }));
    return { status: 200, body: JSON.stringify({ invoicingBases: [], contracts }), kind: "contracts" };
  }

  async #start(): Promise<Running> {
    const { settings } = this.#world.database;
    if (settings.kind !== "server") throw new Error("the tests' database has a host and a port");
    const proxy = await startDyingProxy(settings);
    this.#proxies.push(proxy);
    const meteringPoint = this.#isNamed ? HOUSE.assetId : undefined;
    return { program: await this.#world.start({ meteringPoint, settings: proxy.settings }), proxy };
  }

  /**
   * `mayFail`: whether an error has its reason; one of a list that lacks a metering point always has, and one of the rest
   * that Caruna+ has asked for.
   */
  async #attempt(what: string, task: () => Promise<unknown>, mayFail = () => false): Promise<void> {
    this.#hasRun = true;
    try {
      await task();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const isOfTheList = error.name === "NoMeteringPoint" || error.name === "MeteringPointNotFound";
      const isRest = error.name === "RateLimited" && this.#world.nowEpochMs < this.#restUntilEpochMs;
      if (mayFail() || isRest || (isOfTheList && this.#listLacks)) return;
      this.#problems.push(`${what}: ${error.name}: ${error.message}`);
    }
  }

  /** What was stored is still there, and what is new or other than before is what Caruna+ shows now. */
  async #compare(when: string): Promise<void> {
    this.#hasRun = false;
    const published = publishedRows(this.#world.simulator, this.#world.nowEpochMs);
    const ofHouse = published.filter(isOfHouse);
    const { metered, followed } = await this.#remember();
    const problems = [
      ...wrongSteps(metered, this.#metered, new Map(published.map((row) => [nameOf(row), valuesOf(row)]))),
      ...wrongSteps(followed, this.#followed, new Map(ofHouse.map((row) => [row.epochMs, energyOf(row)]))),
    ];
    this.#problems.push(...problems.map((problem) => `${when}: ${problem}`));
  }

  /** Reads the tables anew. Returns what was in them the last time. */
  async #remember() {
    const before = { metered: this.#metered, followed: this.#followed };
    const { database } = this.#world;
    this.#metered = new Map((await meteredRows(database)).map((row) => [nameOf(row), valuesOf(row)]));
    this.#followed = new Map((await storedRows(database)).map((row) => [row.epochMs, energyOf(row)]));
    return before;
  }

  /** What it says is so, and every hour that is not stored is among it. */
  async #verify(program: Program): Promise<void> {
    const found: Verification[] = [];
    await this.#attempt("verify", async () => found.push(await program.verify()));
    const [verification] = found;
    if (verification === undefined) return;
    const today = localDate(this.#world.nowEpochMs);
    const dayOf = ({ meter: assetId, epochMs }: MeteredRow) => `${assetId} ${localDate(epochMs)}`;
    const isListed = (row: MeteredRow) => this.#isListed(row.meter) && localDate(row.epochMs) < today;
    const shown = publishedRows(this.#world.simulator, this.#world.nowEpochMs).filter(isListed);
    const stored = (await meteredRows(this.#world.database)).filter(isListed);
    const storedByName = new Map(stored.map((row) => [nameOf(row), valuesOf(row)]));
    const shownByName = new Map(shown.map((row) => [nameOf(row), valuesOf(row)]));
    const energy = new Map((await storedRows(this.#world.database)).map((row) => [row.epochMs, energyOf(row)]));
    const missing = new Set(shown.filter((row) => !storedByName.has(nameOf(row))).map(dayOf));
    const differ = new Set([
      ...shown.filter((row) => storedByName.get(nameOf(row)) !== valuesOf(row)).map(dayOf),
      ...stored.filter((row) => !shownByName.has(nameOf(row))).map(dayOf),
      ...stored.filter((row) => isOfHouse(row) && energy.get(row.epochMs) !== energyOf(row)).map(dayOf),
    ]);
    const told = new Set(
      verification.differences.map(({ meteringPointId, startsOn }) => `${meteringPointId} ${startsOn}`),
    );
    for (const day of missing) if (!told.has(day)) this.#problems.push(`verify does not tell that ${day} lacks hours`);
    for (const day of told)
      if (!differ.has(day)) this.#problems.push(`verify says that ${day} differs, which it does not`);
  }

  #heal(): void {
    this.#delays = [];
    for (const assetId of this.#listed.keys()) this.#list(assetId, 0);
    this.#withhold();
  }

  async #liveQuietly(program: Program): Promise<void> {
    const end = this.#world.nowEpochMs + HEALED_AFTER_DAYS * DAY_MS;
    while (this.#world.nowEpochMs < end) {
      this.#pass(QUIET_STEP_HOURS * HOUR_MS);
      await this.#attempt("in the quiet", () => program.engine.cycle({ withHistory: true }, NEVER));
    }
    await this.#compare("in the quiet");
    const { simulator, database, nowEpochMs } = this.#world;
    const truth = [...this.#listed.keys()].flatMap((assetId) => publishedRows(simulator, nowEpochMs, assetId));
    const ofHouse = truth.filter(isOfHouse);
    this.#problems.push(
      ...differences(await meteredRows(database), truth),
      ...energyHourlyDifferences(await storedRows(database), ofHouse),
    );
    const requests = this.#requests;
    await this.#attempt("with nothing due", () => program.cycle());
    if (this.#requests > requests) this.#problems.push(`with nothing due: ${this.#requests - requests} requests`);
    await this.#attempt("verify in the end", async () => {
      const { differences: found } = await program.verify();
      this.#problems.push(
        ...found.map(({ meteringPointId, startsOn }) => `verify in the end: ${meteringPointId} ${startsOn} differs`),
      );
    });
  }
}

const NEVER = new AbortController().signal;
const REST_SECONDS = 600;

const FAILURES = {
  up: "disconnect",
  away: "disconnect",
  "out of order": { status: 503, kind: "out of order" },
  "asks for fewer requests": { status: 429, headers: { "retry-after": String(REST_SECONDS) }, kind: "too many" },
  "some requests fail": { status: 500, kind: "failed" },
  "some answers are odd": { status: 200, body: '{"surprise":true}', kind: "odd" },
  "refuses A1": { status: 403, body: '{"msg":"Forbidden"}', kind: "refused" },
} as const satisfies Record<CarunaState, unknown>;

function isOfHouse({ meter: assetId }: MeteredRow): boolean {
  return assetId === HOUSE.assetId;
}

/** What `energy_hourly` holds of an hour. */
function energyOf({ kwh_total, kwh_day, kwh_night, kwh_night_winter, tariff }: Row): string {
  return JSON.stringify({ kwh_total, kwh_day, kwh_night, kwh_night_winter, tariff });
}

/** Rows that have gone, and those that have changed to something else than what is shown. */
function wrongSteps<Name>(
  before: ReadonlyMap<Name, string>,
  after: ReadonlyMap<Name, string>,
  shown: ReadonlyMap<Name, string>,
): string[] {
  const gone = [...before.keys()].filter((name) => !after.has(name)).map((name) => `${name} is gone`);
  const wrong = [...after].filter(([name, row]) => before.get(name) !== row && shown.get(name) !== row);
  return [...gone, ...wrong.map(([name, row]) => `${name} became ${row}, not ${shown.get(name) ?? "nothing"}`)];
}
