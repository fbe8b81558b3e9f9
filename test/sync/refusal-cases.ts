import { expect } from "vitest";
import type { Refusal, Resource } from "../../src/simulator/index.js";
import { DAY_MS, EngineWorld, HOUR_MS, problemOf } from "./engine-world.js";
import { differences, meteredRows, publishedRows } from "./truth.js";

/** What is answered in place of data. */
const ANSWERS = {
  "a list that is empty": { status: 200, body: "[]" },
  null: { status: 200, body: "null" },
  "other JSON": { status: 200, body: '{"surprise":true}' },
  "JSON that is cut off": { status: 200, body: '[{"assetId":' },
  "no JSON": { status: 200, body: "Service temporarily rerouted" },
  "the login page": { status: 200, body: '<html><form><input type="password" name="userPassword"></form></html>' },
  "204": { status: 204, body: "" },
  "302": { status: 302 },
  "400": { status: 400 },
  "401": { status: 401 },
  "403": { status: 403 },
  "404": { status: 404 },
  "429": { status: 429 },
  "500": { status: 500 },
  "503": { status: 503 },
} as const satisfies Readonly<Record<string, Pick<Refusal, "status" | "body">>>;

const LISTS = ["contracts", "assets", "metering points"] as const satisfies readonly Resource[];
const ENERGY = ["energy daily", "energy monthly", "energy yearly"] as const satisfies readonly Resource[];

const COMPANY = "60987654";
const METERS = [
  { assetId: "A1", startDate: "2026-11-10", product: "nightly" },
  { assetId: "B1", startDate: "2026-11-10", product: "general" },
  { assetId: "C1", startDate: "2026-11-10", product: "general", customerNumber: COMPANY, represented: true },
] as const;

/** Resources of one customer or one metering point that are answered so, from the first start on or later. */
export interface RefusalCase {
  readonly name: string;
  readonly refusals: readonly Refusal[];
  readonly isFirstStart: boolean;
  /** Metering points that it has nothing to do with. */
  readonly others: readonly string[];
}

/** Every answer with every resource of one customer (lists) or one metering point (energy), and with all of them at once. */
export function refusalCases(): RefusalCase[] {
  return Object.entries(ANSWERS).flatMap(([name, answer]) =>
    [...[...LISTS, ...ENERGY].map((resource) => [resource] as const), LISTS, ENERGY].flatMap((resources) =>
      [true, false].map((isFirstStart) => caseOf(name, answer, resources, isFirstStart)),
    ),
  );
}

/** An answer of each kind, with all lists of a customer or all energy of a metering point, at the first start or later. */
export function someRefusalCases(): RefusalCase[] {
  return [
    caseOf("429", ANSWERS["429"], LISTS, false),
    caseOf("429", ANSWERS["429"], ENERGY, false),
    caseOf("500", ANSWERS["500"], LISTS, true),
    caseOf("500", ANSWERS["500"], ENERGY, false),
    caseOf("401", ANSWERS["401"], LISTS, false),
    caseOf("404", ANSWERS["404"], ENERGY, true),
    caseOf("null", ANSWERS.null, LISTS, true),
    caseOf("no JSON", ANSWERS["no JSON"], ENERGY, false),
  ];
}

function caseOf(
  name: string,
  answer: Pick<Refusal, "status" | "body">,
  resources: readonly Resource[],
  isFirstStart: boolean,
): RefusalCase {
  const isOfList = LISTS.some((list) => resources.includes(list));
  const whose = isOfList ? { customerNumber: COMPANY } : { assetId: "B1" };
  return {
    name: `${name} as ${resources.join(", ")}, ${isFirstStart ? "from the first start on" : "later"}`,
    refusals: [{ ...whose, resources, ...answer }],
    isFirstStart,
    others: isOfList ? ["A1", "B1"] : ["A1", "C1"],
  };
}

/**
 * Every hour of the others is there at the end of it, every hour of all when it was over for some days, and what it costs has
 * bounds: a login a day, and few requests.
 */
export async function expectUnharmed(one: RefusalCase): Promise<void> {
  const outcome = await playRefusal(one);
  expect(outcome).toMatchObject({ others: [], afterwards: [] });
  expect(outcome.passwordPosts).toBeLessThanOrEqual(1 + DAYS);
  expect(outcome.refusedInACycle).toBeLessThanOrEqual(MOST_REFUSED_IN_A_CYCLE);
  expect(outcome.refusedOnLastDay).toBeLessThanOrEqual(MOST_REFUSED_ON_LAST_DAY);
}

/** So long it lasts. */
const DAYS = 2;
const MOST_REFUSED_IN_A_CYCLE = 32;
const MOST_REFUSED_ON_LAST_DAY = 40;

/** What came of it. Requests and posts are those of the time in which it lasted. */
interface RefusalOutcome {
  /** Differences of the other metering points at the end of it. */
  readonly others: readonly string[];
  /** Differences of all when it was over for some days, and what `verify` finds then. */
  readonly afterwards: readonly string[];
  readonly passwordPosts: number;
  /** Requests that were refused within a cycle, at the most, and in the last day of it. */
  readonly refusedInACycle: number;
  readonly refusedOnLastDay: number;
}

const CYCLES_A_DAY = 4;
const STEP_MS = DAY_MS / CYCLES_A_DAY;
const CYCLES_AFTERWARDS = 4;

async function playRefusal({ refusals, isFirstStart, others }: RefusalCase): Promise<RefusalOutcome> {
  const world = await EngineWorld.create("2026-11-20T10:10", {
    meters: METERS,
    // So that each password post is one that a refusal has caused.
    tokenLifetimeSeconds: 400 * 24 * 3600,
    ...(isFirstStart && { refusals }),
  });
  try {
    const program = await world.start({ meteringPoint: "A1" });
    if (!isFirstStart) await program.cycle();
    world.simulator.set({ refusals });
    const refused: number[] = [];
    for (let cycle = 0; cycle < DAYS * CYCLES_A_DAY; cycle += 1) {
      if (cycle > 0) world.nowEpochMs += STEP_MS;
      const before = world.simulator.requests.length;
      await problemOf(program);
      const asked = world.simulator.requests.slice(before);
      refused.push(asked.filter(({ kind }) => kind === "refused").length);
    }
    const unaffected = await missing(world, others);
    const { passwordPosts } = world.simulator;
    world.simulator.set({ refusals: [] });
    // The longest pause after a refusal is a week.
    world.nowEpochMs += 7 * DAY_MS;
    for (let cycle = 0; cycle < CYCLES_AFTERWARDS; cycle += 1, world.nowEpochMs += 3 * HOUR_MS)
      await problemOf(program);
    await program.cycle();
    const { differences: found } = await program.verify();
    return {
      others: unaffected,
      afterwards: [
        ...(await missing(
          world,
          METERS.map(({ assetId }) => assetId),
        )),
        ...found.map((difference) => JSON.stringify(difference)),
      ],
      passwordPosts,
      refusedInACycle: Math.max(...refused),
      refusedOnLastDay: refused.slice(-CYCLES_A_DAY).reduce((sum, count) => sum + count, 0),
    };
  } finally {
    await world.close();
  }
}

async function missing(
  { database, simulator, nowEpochMs }: EngineWorld,
  assetIds: readonly string[],
): Promise<string[]> {
  const stored = await meteredRows(database);
  return assetIds.flatMap((assetId) =>
    differences(
      stored.filter(({ meter }) => meter === assetId),
      publishedRows(simulator, nowEpochMs, assetId),
    ),
  );
}
