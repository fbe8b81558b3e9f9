import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import type { HourChange, HourTruth, MeterOptions } from "../../src/simulator/index.js";
import type { TestDatabase } from "../support/postgres.js";
import { storedRows } from "../support/truth.js";
import { at, DAY_MS, EngineWorld, HOUR_MS, type Program } from "./engine-world.js";
import { localDate } from "./truth.js";

/*
 * Meters of every kind, and values that come late or are corrected, while the program is run in one of the three ways in
 * which people run it. In the end every stored value is the world's.
 */

const QUARTER_MS = HOUR_MS / 4;
const LONGEST_AWAY_DAYS = 12;
const MOST_PROBLEMS = 12;
/** A year is asked for once a week, then its months. */
const DAYS_TO_OLDER_MONTHS = 9;
/** The second 03:00 of the day of 25 hours. */
const REPEATED_HOURS: readonly number[] = [Date.parse("2026-10-25T03:00:00+02:00")];

const RUNNERS = {
  daemon: { stepHours: 4, quietStepHours: 12 },
  "hourly cron": { stepHours: 1, quietStepHours: 6 },
  "daily cron": { stepHours: 24, quietStepHours: 24 },
} as const;
export type Runner = keyof typeof RUNNERS;

/** Late October, late March, and a time of much sun. */
const STARTS = ["2026-10-22T09:10", "2026-03-26T09:10", "2026-05-20T09:10"] as const;

const rowsAnHour = fc.constantFrom(1 as const, 2 as const, 4 as const);

/** How much there is of a world, and for how long. */
export interface WorldSize {
  readonly meters: number;
  readonly mostEvents: number;
  /** Days of readings before the program runs first. */
  readonly historyDays: number;
  /** Days in which something happens. */
  readonly measuredDays: number;
  /** How late hours are at most. */
  readonly latestDays: number;
  /** How late fees are: one of these. */
  readonly feesAfterDays: readonly number[];
  /**
   * Days after all that happens until everything must be stored: as long as hours are late, and half their age more; a day
   * whose fees have not come is read again after about 3, 7, 14, 30 and 60 days.
   */
  readonly quietDays: number;
}

const SMALL = { meters: 2, historyDays: 8, feesAfterDays: [0, 2] } as const;
export const SMALL_BY_DAY: WorldSize = { ...SMALL, mostEvents: 25, measuredDays: 10, latestDays: 5, quietDays: 12 };
export const SMALL_BY_HOUR: WorldSize = { ...SMALL, mostEvents: 8, measuredDays: 2, latestDays: 1, quietDays: 4 };
export const LARGE: WorldSize = {
  ...{ meters: 3, mostEvents: 60, historyDays: 25, measuredDays: 14, latestDays: 20 },
  ...{ feesAfterDays: [0, 2, 15, 40], quietDays: 75 },
};

const meterIn = ({ historyDays, measuredDays }: WorldSize) =>
  fc.record({
    product: fc.constantFrom("nightly" as const, "seasonal" as const, "general" as const),
    kind: fc.constantFrom("consumption" as const, "consumption" as const, "producer" as const, "production" as const),
    isNetted: fc.boolean(),
    leavesZerosOut: fc.boolean(),
    rowsAnHour,
    /** The quarter, from the beginning of its history on, in which it moves; and to what. */
    moves: fc.array(fc.record({ quarter: fc.nat((historyDays + measuredDays) * 96), rowsAnHour }), { maxLength: 2 }),
  });

const eventIn = ({ meters, latestDays }: WorldSize) => {
  const meterIndex = fc.nat(meters - 1);
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        is: fc.constant("hours late" as const),
        meterIndex,
        hoursAgo: fc.integer({ min: -48, max: 40 }),
        hours: fc.integer({ min: 1, max: 60 }),
        forHours: fc.integer({ min: 1, max: latestDays * 24 }),
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        is: fc.constant("revised" as const),
        meterIndex,
        what: fc.constantFrom(
          ...(["total", "invoiced", "production", "temperature", "part", "fee", "status"] as const),
        ),
        hoursAgo: fc.integer({ min: 1, max: 24 * 24 }),
        hundredths: fc.integer({ min: 3, max: 300 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        is: fc.constant("zeros first" as const),
        meterIndex,
        hoursAgo: fc.integer({ min: 0, max: 40 }),
        hours: fc.integer({ min: 1, max: 24 }),
        forHours: fc.integer({ min: 3, max: 40 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        is: fc.constant("odd row" as const),
        meterIndex,
        hoursAgo: fc.integer({ min: -24, max: 72 }),
        hasValue: fc.boolean(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ is: fc.constant("away" as const), days: fc.integer({ min: 1, max: LONGEST_AWAY_DAYS }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        is: fc.constant("rows deleted" as const),
        table: fc.constantFrom("energy_hourly" as const, "metering_point_hourly" as const),
        hoursAgo: fc.integer({ min: 1, max: 20 * 24 }),
        hours: fc.integer({ min: 1, max: 60 }),
      }),
    },
  );
};
type Event = ReturnType<typeof eventIn> extends fc.Arbitrary<infer Value> ? Value : never;
type EventOf<Kind extends Event["is"]> = Extract<Event, { is: Kind }>;

/** A world, and how the program is run in it. */
export interface WorldPlan {
  readonly runner: Runner;
  readonly startsAt: (typeof STARTS)[number];
  readonly meters: readonly (ReturnType<typeof meterIn> extends fc.Arbitrary<infer Value> ? Value : never)[];
  readonly october: "distinct" | "one-stamp-twice" | "first-only";
  readonly march: "skip" | "row-twice";
  readonly stamps: "offset" | "utc" | "none";
  readonly feesAfterDays: number;
  readonly size: Pick<WorldSize, "historyDays" | "measuredDays" | "quietDays">;
  /** What happens, and in how many hours after what happened before. */
  readonly events: readonly { readonly afterHours: number; readonly event: Event }[];
}

/** Plans of worlds of that size. */
export function worldPlans(runner: Runner, size: WorldSize): fc.Arbitrary<WorldPlan> {
  const { meters, mostEvents, feesAfterDays, historyDays, measuredDays, quietDays } = size;
  return fc.record({
    runner: fc.constant(runner),
    startsAt: fc.constantFrom(...STARTS),
    meters: fc.array(meterIn(size), { minLength: meters, maxLength: meters }),
    october: fc.constantFrom("distinct" as const, "one-stamp-twice" as const, "first-only" as const),
    march: fc.constantFrom("skip" as const, "row-twice" as const),
    stamps: fc.constantFrom("offset" as const, "utc" as const, "none" as const),
    feesAfterDays: fc.constantFrom(...feesAfterDays),
    size: fc.constant({ historyDays, measuredDays, quietDays }),
    events: fc.array(fc.record({ afterHours: fc.integer({ min: 0, max: 30 }), event: eventIn(size) }), {
      minLength: 1,
      maxLength: mostEvents,
      size: "max",
    }),
  });
}

/** Runs the program in the world. Returns what is wrong in the end, and every cycle that failed. */
export async function runInWorld(plan: WorldPlan): Promise<string[]> {
  const startEpochMs = at(plan.startsAt);
  const beginsOn = localDate(startEpochMs - plan.size.historyDays * DAY_MS);
  const { october, march, stamps, feesAfterDays } = plan;
  const world = await EngineWorld.create(plan.startsAt, {
    meters: plan.meters.map((one, index) => meterOptions(one, index, beginsOn)),
    ...{ october, march, feesAfterDays, metersListedAt: "meteringpoints", tokenLifetimeSeconds: 7 * 24 * 3600 },
    stamps,
  });
  try {
    return await new RandomWorld(world, plan).run();
  } finally {
    await world.close();
  }
}

function meterOptions(
  { product, kind, isNetted, leavesZerosOut, rowsAnHour, moves }: WorldPlan["meters"][number],
  index: number,
  beginsOn: string,
): MeterOptions {
  const begins = at(`${beginsOn}T00:00`);
  const sorted = moves.toSorted((one, other) => one.quarter - other.quarter);
  return {
    assetId: `M${index}`,
    startDate: beginsOn,
    product,
    solarKwp: kind === "consumption" ? 0 : 4,
    netting: kind === "producer" && isNetted,
    isProduction: kind === "production",
    leavesZerosOut: leavesZerosOut && kind === "producer",
    spacings: [
      { fromEpochMs: 0, rowsAnHour },
      ...sorted.map((move) => ({ fromEpochMs: begins + move.quarter * QUARTER_MS, rowsAnHour: move.rowsAnHour })),
    ],
  };
}

class RandomWorld {
  readonly #world: EngineWorld;
  readonly #plan: WorldPlan;
  readonly #problems: string[] = [];
  /** What is to happen at some time. */
  #later: { readonly epochMs: number; readonly happens: () => void }[] = [];
  #withheld: { readonly assetId: string; readonly hours: readonly number[]; readonly untilEpochMs: number }[] = [];
  /** Each hour is changed by one event alone, so that what becomes of it is plain. */
  readonly #touched = new Set<string>();
  readonly #odd = new Set<string>();
  #untilEpochMs = 0;

  constructor(world: EngineWorld, plan: WorldPlan) {
    this.#world = world;
    this.#plan = plan;
  }

  async run(): Promise<string[]> {
    const { stepHours, quietStepHours } = RUNNERS[this.#plan.runner];
    const program = await this.#world.start({ meteringPoint: "M0" });
    await this.#cycle(program);
    const firstHours = await firstStored(this.#world.database);
    await this.#live(program, stepHours);
    this.#untilEpochMs = this.#world.nowEpochMs;
    await this.#pass(program, this.#plan.size.quietDays * DAY_MS, quietStepHours);
    await this.#compare(firstHours);
    await this.#verify(program, firstHours);
    return this.#problems.slice(0, MOST_PROBLEMS);
  }

  async #live(program: Program, stepHours: number): Promise<void> {
    const end = this.#world.nowEpochMs + this.#plan.size.measuredDays * DAY_MS;
    for (const { afterHours, event: one } of this.#plan.events) {
      await this.#pass(program, afterHours * HOUR_MS, stepHours);
      await this.#happen(one);
    }
    await this.#pass(program, Math.max(0, end - this.#world.nowEpochMs), stepHours);
  }

  /** Time passes, and the program is run whenever its time has come. */
  async #pass(program: Program, milliseconds: number, stepHours: number): Promise<void> {
    const end = this.#world.nowEpochMs + milliseconds;
    const stepMs = stepHours * HOUR_MS;
    const runsAt = at(this.#plan.startsAt);
    for (;;) {
      const next = runsAt + (Math.floor((this.#world.nowEpochMs - runsAt) / stepMs) + 1) * stepMs;
      this.#moveTo(Math.min(next, end));
      if (next > end) return;
      await this.#cycle(program);
    }
  }

  #moveTo(epochMs: number): void {
    this.#world.nowEpochMs = epochMs;
    const due = this.#later.filter((one) => one.epochMs <= epochMs);
    this.#later = this.#later.filter((one) => one.epochMs > epochMs);
    for (const { happens } of due) happens();
    this.#withhold();
  }

  async #cycle(program: Program): Promise<void> {
    try {
      await (this.#plan.runner === "daemon" ? program.cycle() : program.sync());
    } catch (error) {
      const shown = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      this.#problems.push(`${new Date(this.#world.nowEpochMs).toISOString()}: ${shown}`);
    }
  }

  async #happen(one: Event): Promise<void> {
    switch (one.is) {
      case "hours late":
        this.#delay(one);
        break;
      case "revised":
        this.#revise(one);
        break;
      case "zeros first":
        this.#showZeros(one);
        break;
      case "odd row":
        this.#addOddRow(one);
        break;
      case "away":
        this.#moveTo(this.#world.nowEpochMs + one.days * DAY_MS);
        break;
      case "rows deleted":
        await this.#deleteRows(one);
        break;
    }
  }

  #hour(hoursAgo: number): number {
    return Math.floor(this.#world.nowEpochMs / HOUR_MS - hoursAgo) * HOUR_MS;
  }

  /** Takes an hour for an event; false where it is taken, or none of the meter's. */
  #touch(assetId: string, hour: number): boolean {
    const name = nameOf(assetId, hour);
    if (this.#touched.has(name) || this.#isOddByItself(assetId, hour)) return false;
    if (localDate(hour) < this.#world.simulator.household.meter(assetId).startDate) return false;
    this.#touched.add(name);
    return true;
  }

  #delay({ meterIndex: index, hoursAgo, hours, forHours }: EventOf<"hours late">): void {
    const first = this.#hour(hoursAgo);
    const late = Array.from({ length: hours }, (_, number) => first + number * HOUR_MS);
    const untilEpochMs = this.#world.nowEpochMs + forHours * HOUR_MS;
    this.#withheld.push({ assetId: `M${index}`, hours: late, untilEpochMs });
    this.#withhold();
  }

  #withhold(): void {
    const { nowEpochMs, simulator } = this.#world;
    this.#withheld = this.#withheld.filter(({ untilEpochMs }) => untilEpochMs > nowEpochMs);
    simulator.household.release();
    for (const { assetId, hours } of this.#withheld) simulator.household.withhold(assetId, hours);
  }

  #revise({ meterIndex: index, what, hoursAgo, hundredths }: EventOf<"revised">): void {
    const assetId = `M${index}`;
    const { household } = this.#world.simulator;
    const hour = this.#hour(hoursAgo);
    if (what !== "total" && !this.#isLookedAt(what, hour)) return;
    const change = changeOf(what, household.truthOfHour(assetId, hour), household.meter(assetId), hundredths / 100);
    if (change !== undefined && this.#touch(assetId, hour)) household.change(assetId, hour, change);
  }

  /**
   * Whether what is reported of the hour's days will be asked for: the current month and the one before every day, also after a
   * time away. An older one within about a week where its year shows the change, as it need not with a mean or a status.
   */
  #isLookedAt(what: EventOf<"revised">["what"], hour: number): boolean {
    if (what !== "temperature" && what !== "status" && this.#plan.size.quietDays >= DAYS_TO_OLDER_MONTHS) return true;
    const later = localDate(this.#world.nowEpochMs + (LONGEST_AWAY_DAYS + 3) * DAY_MS);
    const lastMonth = Temporal.PlainDate.from(later).toPlainYearMonth().subtract({ months: 1 });
    return localDate(hour).slice(0, 7) >= lastMonth.toString();
  }

  #showZeros({ meterIndex: index, hoursAgo, hours, forHours }: EventOf<"zeros first">): void {
    const assetId = `M${index}`;
    const { household } = this.#world.simulator;
    const { profile, isProduction } = household.meter(assetId);
    if (isProduction || profile.netting) return;
    const first = this.#hour(hoursAgo);
    const zero = Array.from({ length: hours }, (_, number) => first + number * HOUR_MS).filter((hour) =>
      this.#touch(assetId, hour),
    );
    for (const hour of zero) household.change(assetId, hour, { kwhTotal: 0 });
    const happens = () => {
      for (const hour of zero) household.restore(assetId, hour);
    };
    this.#later.push({ epochMs: this.#world.nowEpochMs + forHours * HOUR_MS, happens });
  }

  #addOddRow({ meterIndex: index, hoursAgo, hasValue }: EventOf<"odd row">): void {
    const assetId = `M${index}`;
    const { household } = this.#world.simulator;
    const hour = this.#hour(hoursAgo);
    if (!this.#touch(assetId, hour)) return;
    const minute = household.rowMinutes(assetId, hour).includes(15) ? 7 : 15;
    household.addOddRow(assetId, hour, { minute, kwhTotal: hasValue ? 0.1 : null });
    this.#odd.add(nameOf(assetId, hour));
  }

  /** A meter that moves in the middle of an hour shows rows that nobody can read, for that hour. */
  #isOddByItself(assetId: string, hour: number): boolean {
    const minutes = this.#world.simulator.household.rowMinutes(assetId, hour).join(" ");
    return !["0", "0 30", "0 15 30 45"].includes(minutes);
  }

  #isReadable(assetId: string, hour: number): boolean {
    return !this.#odd.has(nameOf(assetId, hour)) && !this.#isOddByItself(assetId, hour);
  }

  async #deleteRows({ table, hoursAgo, hours }: EventOf<"rows deleted">): Promise<void> {
    const first = this.#hour(hoursAgo);
    // Hours of nothing but 0 leave the sums as they are: that they are gone from there `verify` sees, and no cycle can.
    const isInSums = table === "energy_hourly" ? "true" : "(kwh_total > 0 OR kwh_production > 0)";
    await this.#world.database.query(
      `DELETE FROM ${table} WHERE ${isInSums} AND datetime >= to_timestamp($1) AND datetime < to_timestamp($2)`,
      [first / 1000, first / 1000 + hours * 3600],
    );
  }

  async #compare(firstHours: ReadonlyMap<string, number>): Promise<void> {
    const { database, nowEpochMs } = this.#world;
    const { household } = this.#world.simulator;
    const stored = new Map((await storedHours(database)).map((row) => [nameOf(row.meter, row.epochMs), row.values]));
    const mirrored = new Map((await storedRows(database)).map((row) => [row.epochMs, row.kwh_total]));
    for (const { assetId, startDate, isProduction } of household.meters) {
      const begins = at(`${startDate}T00:00`);
      const from = this.#plan.runner === "daemon" ? begins : (firstHours.get(assetId) ?? begins);
      // What was published after the last run may be stored or not.
      for (let hour = from; household.publishedAt(hour) < nowEpochMs - 36 * HOUR_MS; hour += HOUR_MS) {
        const name = nameOf(assetId, hour);
        const isShown = household.isPublished(assetId, hour) && !this.#isLeftOut(hour);
        if (!this.#isReadable(assetId, hour)) continue;
        const values = stored.get(name);
        if (!isShown || values === undefined) {
          if (isShown !== (values !== undefined)) this.#problems.push(`${name} is ${isShown ? "missing" : "too much"}`);
          continue;
        }
        const truth = household.truthOfHour(assetId, hour);
        const areFeesCertain = hour < this.#untilEpochMs;
        const wrong = differing(
          values,
          isProduction ? productionValues(truth) : consumptionValues(truth),
          areFeesCertain,
        );
        if (wrong.length > 0) this.#problems.push(`${name}: ${wrong.join(", ")}`);
        if (assetId === "M0" && mirrored.get(hour) !== values.kwh_total)
          this.#problems.push(`${name}: energy_hourly has ${mirrored.get(hour)}, not ${values.kwh_total}`);
      }
    }
  }

  /** The second 03:00 of October, where the day is sent as 24 rows. */
  #isLeftOut(hour: number): boolean {
    return this.#plan.october === "first-only" && REPEATED_HOURS.includes(hour);
  }

  async #verify(program: Program, firstHours: ReadonlyMap<string, number>): Promise<void> {
    const { household } = this.#world.simulator;
    const begins = this.#plan.runner === "daemon" ? household.meters.map(({ startDate }) => startDate) : [];
    const firstDays = [...firstHours.values()].map(localDate);
    const from = Temporal.PlainDate.from((begins.length > 0 ? begins : firstDays).toSorted().at(-1) ?? "");
    const to = Temporal.PlainDate.from(localDate(this.#untilEpochMs)).subtract({ days: 1 });
    const unreadable = new Set(
      household.meters.flatMap(({ assetId }) => {
        const hours = Array.from({ length: 24 * 60 }, (_, index) => this.#hour(0) - index * HOUR_MS);
        const all = [...hours, ...hours.map((hour) => hour - 60 * DAY_MS)];
        return all.filter((hour) => !this.#isReadable(assetId, hour)).map((hour) => `${assetId} ${localDate(hour)}`);
      }),
    );
    for (const everyHour of [false, true]) {
      const { differences, contradictions, days } = await program.verify({ range: { from, to }, everyHour });
      const name = `verify${everyHour ? " --hours" : ""}`;
      const found = [
        ...differences.map((one) => ({ ...one, what: `differs: ${JSON.stringify(one.each)}` })),
        ...contradictions.map((one) => ({ ...one, what: `contradicts itself: ${JSON.stringify(one.values)}` })),
      ];
      for (const { meteringPointId, startsOn, what } of found)
        if (!unreadable.has(`${meteringPointId} ${startsOn}`))
          this.#problems.push(`${name}: ${meteringPointId} ${startsOn} ${what}`);
      if (days === 0) this.#problems.push(`${name} compared nothing`);
    }
  }
}

function changeOf(
  what: EventOf<"revised">["what"],
  truth: HourTruth,
  {
    isProduction,
    profile,
  }: { readonly isProduction: boolean; readonly profile: { readonly product: string; readonly netting: boolean } },
  by: number,
): HourChange | undefined {
  const [part] = Object.keys(truth.parts);
  switch (what) {
    case "total":
      return isProduction ? undefined : { kwhTotal: truth.kwhTotal + by };
    case "invoiced":
      return isProduction || profile.netting ? undefined : { invoicedKwh: truth.invoicedKwh + by };
    case "production":
      return truth.productionKwh === null ? undefined : { productionKwh: truth.productionKwh + by };
    case "temperature":
      // Below that the mean of the day, which is rounded, need not show it.
      return { temperatureCelsius: truth.temperatureCelsius + 4 };
    case "part":
      return part === undefined || isProduction || OTHER_PART[part] === undefined
        ? undefined
        : { part: OTHER_PART[part] };
    case "fee":
      return isProduction ? undefined : { totalFee: truth.fees.totalFee + by };
    case "status":
      return isProduction ? undefined : { status: 180 };
  }
}

const OTHER_PART: Readonly<Record<string, string>> = {
  daytime: "nighttime",
  nighttime: "daytime",
  winterDay: "otherTime",
  otherTime: "winterDay",
};

type Values = Readonly<Record<string, number | string | null>>;

const NUMBERS = [
  ...["kwh_total", "kwh_day", "kwh_night", "kwh_night_winter", "kwh_invoiced", "kwh_production", "kwh_sold"],
  ...[
    "kwh_compensated",
    "temperature_celsius",
    "eur_total",
    "eur_distribution",
    "eur_base",
    "eur_tax",
    "eur_vat",
    "status",
  ],
] as const;
const PART_COLUMNS: readonly string[] = ["kwh_day", "kwh_night", "kwh_night_winter"];

async function storedHours(database: Pick<TestDatabase, "query">) {
  const rows = await database.query(
    `SELECT metering_point AS meter, extract(epoch FROM datetime)::float8 * 1000 AS "epochMs", parts::text, tariff,
       ${NUMBERS.join(", ")} FROM metering_point_hourly`,
  );
  return rows.map(({ meter: id, epochMs, ...values }) => ({ meter: String(id), epochMs: Number(epochMs), values })) as {
    readonly meter: string;
    readonly epochMs: number;
    readonly values: Values;
  }[];
}

async function firstStored(database: Pick<TestDatabase, "query">): Promise<Map<string, number>> {
  const rows = await database.query(
    `SELECT metering_point AS meter, extract(epoch FROM min(datetime))::float8 * 1000 AS "epochMs"
     FROM metering_point_hourly GROUP BY 1`,
  );
  return new Map(rows.map(({ meter: id, epochMs }) => [String(id), Number(epochMs)]));
}

/** What a row must hold; what is not named may be anything. */
function consumptionValues({ fees, parts, ...truth }: HourTruth): Values {
  const [part] = Object.keys(parts);
  const column = part === undefined ? undefined : COLUMN_OF_PART[part];
  return {
    kwh_total: truth.kwhTotal,
    kwh_day: column === "kwh_day" ? truth.invoicedKwh : 0,
    kwh_night: column === "kwh_night" ? truth.invoicedKwh : 0,
    kwh_night_winter: column === "kwh_night_winter" ? truth.invoicedKwh : 0,
    kwh_invoiced: truth.invoicedKwh,
    kwh_sold: truth.soldKwh,
    kwh_compensated: truth.compensatedKwh,
    // Quarters may leave it out where it is 0.
    ...(truth.productionKwh === 0 ? {} : { kwh_production: truth.productionKwh }),
    temperature_celsius: truth.temperatureCelsius,
    eur_total: fees.totalFee,
    eur_distribution: fees.distributionFee,
    eur_base: fees.distributionBaseFee,
    eur_tax: fees.electricityTax,
    eur_vat: fees.valueAddedTax,
    status: truth.status,
    ...(part !== undefined && {
      parts: JSON.stringify(parts).replace(":", ": "),
      tariff: TARIFF_OF_PART[part] ?? null,
    }),
  };
}

function productionValues({ productionKwh, temperatureCelsius }: HourTruth): Values {
  return { kwh_total: 0, kwh_production: productionKwh, temperature_celsius: temperatureCelsius, kwh_invoiced: null };
}

const COLUMN_OF_PART: Readonly<Record<string, string>> = {
  daytime: "kwh_day",
  nighttime: "kwh_night",
  winterDay: "kwh_night_winter",
  otherTime: "kwh_day",
};
const TARIFF_OF_PART: Readonly<Record<string, string>> = {
  daytime: "day",
  nighttime: "night",
  winterDay: "night_winter",
  otherTime: "other_times",
  allDay: "other_times",
};

function differing(stored: Values, expected: Values, areFeesCertain: boolean): string[] {
  return Object.entries(expected).flatMap(([column, value]) => {
    if (column.startsWith("eur_") && !areFeesCertain) return [];
    const there = stored[column] ?? (PART_COLUMNS.includes(column) ? 0 : null);
    const isSame =
      typeof there === "number" && typeof value === "number" ? Math.abs(there - value) < 1e-8 : there === value;
    return isSame ? [] : [`${column} is ${there}, not ${value}`];
  });
}

function nameOf(assetId: string, hour: number): string {
  return `${assetId} ${new Date(hour).toISOString()}`;
}
