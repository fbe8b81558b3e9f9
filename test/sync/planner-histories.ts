import fc from "fast-check";
import { dayBounds, localDay } from "../../src/energy/index.js";
import { at, CarunaModel, DAY_MS, date, daysBetween, HOUR_MS, Simulation } from "./planner-simulation.js";

const FIRST_DAY = "2025-09-01";
/** Two changes of the clocks and a turn of the year lie in or before the time that is simulated. */
const START = at("2026-10-10T07:10");
const BUSY_DAYS = 40;
/** Long enough for every week's check and the second reading of the last day that came late. */
const QUIET_DAYS = 22;
export const END = START + (BUSY_DAYS + QUIET_DAYS) * DAY_MS;
const published = daysBetween(FIRST_DAY, localDay(END).toString());
const busyDays = published.filter((day) => {
  const { startEpochMs, endEpochMs } = dayBounds(day);
  return startEpochMs >= START && endEpochMs < START + BUSY_DAYS * DAY_MS;
});

/** What may happen in the forty days in which much does. */
const event = fc.oneof(
  fc.record({
    is: fc.constant("revised" as const),
    day: fc.constantFrom(...published.filter((day) => dayBounds(day).endEpochMs < START + BUSY_DAYS * DAY_MS)),
    hour: fc.nat(22),
    onDay: fc.nat(BUSY_DAYS - 1),
  }),
  fc.record({
    is: fc.constant("late" as const),
    day: fc.constantFrom(...busyDays),
    hour: fc.nat(22),
    daysLate: fc.integer({ min: 1, max: 13 }),
  }),
  fc.record({
    is: fc.constant("away" as const),
    onDay: fc.nat(BUSY_DAYS - 1),
    days: fc.integer({ min: 1, max: 35 }),
  }),
  fc.record({
    is: fc.constant("wrong clock" as const),
    onDay: fc.nat(BUSY_DAYS - 1),
    hours: fc.integer({ min: 1, max: 60 }),
    byMs: fc.constantFrom(HOUR_MS, -HOUR_MS, 3 * DAY_MS, -3 * DAY_MS, 40 * DAY_MS, 365 * DAY_MS, -365 * DAY_MS),
  }),
  fc.record({ is: fc.constant("failures" as const), every: fc.integer({ min: 2, max: 9 }) }),
  fc.record({ is: fc.constant("slow" as const), requestsACycle: fc.integer({ min: 5, max: 200 }) }),
);

/** What happens in one history, in no order. */
export const events = fc.array(event, { maxLength: 12 });

type Event = typeof event extends fc.Arbitrary<infer Value> ? Value : never;

const only = <Kind extends Event["is"]>(events: readonly Event[], kind: Kind) =>
  events.flatMap((one) => (isOf(one, kind) ? [one] : []));

function isOf<Kind extends Event["is"]>(one: Event, kind: Kind): one is Extract<Event, { is: Kind }> {
  return one.is === kind;
}

function modelOf(happened: readonly Event[]): CarunaModel {
  const model = new CarunaModel();
  model.publish(published);
  for (const { day, hour, daysLate } of only(happened, "late")) {
    model.delay(day, hour, dayBounds(day).endEpochMs + daysLate * DAY_MS + 9 * HOUR_MS);
  }
  for (const [index, { day, hour, onDay }] of only(happened, "revised").entries()) {
    model.revise(day, hour, 0.02 + index * 0.013, START + onDay * DAY_MS);
  }
  return model;
}

/** A program's life through forty busy days, and as many quiet ones as it needs at the most to be done with them. */
export function liveThrough(happened: readonly Event[], meteringPoints = 1): Simulation {
  const simulation = new Simulation(
    modelOf(happened),
    { contractFrom: date(FIRST_DAY), id: `A${meteringPoints}` },
    { meteringPoints },
  );
  const covers = (fromDay: number, lengthMs: number, now: number) =>
    now >= START + fromDay * DAY_MS && now < START + fromDay * DAY_MS + lengthMs;
  const [slow] = only(happened, "slow");
  const [failures] = only(happened, "failures");
  for (let now = START; now < END; now += HOUR_MS) {
    const isBusy = now < START + BUSY_DAYS * DAY_MS;
    if (only(happened, "away").some(({ onDay, days }) => isBusy && covers(onDay, days * DAY_MS, now))) continue;
    const wrong = only(happened, "wrong clock").find(
      ({ onDay, hours }) => isBusy && covers(onDay, hours * HOUR_MS, now),
    );
    simulation.clockOffsetMs = wrong?.byMs ?? 0;
    simulation.fails = (number) => isBusy && failures !== undefined && number % failures.every === 0;
    simulation.cycle(now, slow?.requestsACycle);
  }
  return simulation;
}

/** What is not as Caruna+ shows it at the end of such a life. */
export function problemsAfter(happened: readonly Event[], simulation: Simulation): string[] {
  // Caruna+'s sums match here: a day is called inconsistent only where it changed between its sum and its hours.
  const restless = happened.flatMap((one) => (one.is === "late" || one.is === "revised" ? [one.day.toString()] : []));
  const inconsistent = simulation.inconsistent.filter((day) => !restless.includes(day));
  return [
    ...simulation.wrongDays(END - HOUR_MS).map((day) => `${day} is not as Caruna+ shows it`),
    ...inconsistent.map((day) => `${day} was called inconsistent`),
  ];
}
