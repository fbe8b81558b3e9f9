import { Temporal } from "temporal-polyfill";
import { dayBounds, hoursOfDay, lastDays } from "../../src/energy/index.js";
import type {
  PeriodState,
  PlannedMeteringPoint,
  PlanSettings,
  StoredSum,
  ToldSum,
} from "../../src/sync/plan/period.js";
import {
  afterDay,
  afterFailure,
  afterMonth,
  afterYear,
  dueNow,
  mendClock,
  newPeriod,
  newPeriods,
} from "../../src/sync/plan/planner.js";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export const date = (text: string) => Temporal.PlainDate.from(text);

/** An instant by the wall clock in Finland, e.g. `at("2026-11-23T08:00")`. */
export function at(wallTime: string): number {
  return Temporal.PlainDateTime.from(wallTime).toZonedDateTime("Europe/Helsinki").epochMilliseconds;
}

export function daysBetween(from: string, to: string): Temporal.PlainDate[] {
  const first = date(from);
  return Array.from({ length: first.until(date(to)).days + 1 }, (_, index) => first.add({ days: index }));
}

export const SETTINGS: PlanSettings = { daysToLoad: 7, askFromMinutes: 480, backfill: "all", meteringPoints: 1 };

interface Version {
  readonly fromEpochMs: number;
  readonly kwh: number;
}

interface ModelDay {
  readonly day: Temporal.PlainDate;
  /** What each hour shows from when on, oldest first; nothing before its first version. */
  readonly versionsByHour: Map<number, Version[]>;
  /** By how much a `monthly` and a `yearly` answer miss the sum of the hours. */
  toldTooMuchKwh: number;
}

/** As much of Caruna+ as the planner sees: hours that are published at some time and revised at others. */
export class CarunaModel {
  readonly #days = new Map<string, ModelDay>();
  readonly #daysByMonth = new Map<string, ModelDay[]>();

  /** Publishes days, by default at 08:30 of the day after. */
  publish(days: readonly Temporal.PlainDate[], publishedAt = publishedNextMorning): void {
    for (const day of days) {
      const fromEpochMs = publishedAt(day);
      const versionsByHour = new Map(hoursOfDay(day).map((hour) => [hour, [{ fromEpochMs, kwh: kwhOf(hour) }]]));
      const modelDay = { day, versionsByHour, toldTooMuchKwh: 0 };
      this.#days.set(day.toString(), modelDay);
      const month = day.toString().slice(0, 7);
      this.#daysByMonth.set(month, [...(this.#daysByMonth.get(month) ?? []), modelDay]);
    }
  }

  /** Delays hours `fromHour`… of a day until an instant. */
  delay(day: Temporal.PlainDate, fromHour: number, untilEpochMs: number): void {
    const versionsByHour = this.#day(day).versionsByHour;
    for (const hour of [...versionsByHour.keys()].slice(fromHour)) {
      versionsByHour.set(hour, [{ fromEpochMs: untilEpochMs, kwh: kwhOf(hour) }]);
    }
  }

  /** Adds to an hour of a day, from an instant on. */
  revise(day: Temporal.PlainDate, hourOfDay: number, byKwh: number, fromEpochMs: number): void {
    const versions = [...this.#day(day).versionsByHour.values()][hourOfDay];
    const last = versions?.at(-1);
    if (last === undefined) throw new Error(`no hour ${hourOfDay} on ${day}`);
    versions?.push({ fromEpochMs: Math.max(fromEpochMs, last.fromEpochMs), kwh: last.kwh + byKwh });
  }

  tellTooMuch(day: Temporal.PlainDate, byKwh: number): void {
    this.#day(day).toldTooMuchKwh = byKwh;
  }

  hours(day: Temporal.PlainDate, nowEpochMs: number): ReadonlyMap<number, number> {
    const hours = new Map<number, number>();
    for (const [hour, versions] of this.#days.get(day.toString())?.versionsByHour ?? []) {
      const shown = versions.findLast(({ fromEpochMs }) => fromEpochMs <= nowEpochMs);
      if (shown !== undefined) hours.set(hour, shown.kwh);
    }
    return hours;
  }

  /** The `monthly` answer: the days of a month of which there are hours. */
  monthly(month: Temporal.PlainDate, nowEpochMs: number): ToldSum[] {
    return (this.#daysByMonth.get(month.toString().slice(0, 7)) ?? []).flatMap((day) => {
      const hours = this.hours(day.day, nowEpochMs);
      return hours.size === 0 ? [] : [told(day.day, sum(hours) + day.toldTooMuchKwh)];
    });
  }

  /** The `yearly` answer. */
  yearly(year: Temporal.PlainDate, nowEpochMs: number): ToldSum[] {
    return Array.from({ length: 12 }, (_, index) => year.add({ months: index })).flatMap((month) => {
      const days = this.monthly(month, nowEpochMs);
      return days.length === 0
        ? []
        : [
            told(
              month,
              days.reduce((kwh, day) => kwh + day.kwhTotal, 0),
            ),
          ];
    });
  }

  /** Every day with the hours it shows. */
  everyDay(nowEpochMs: number): [string, ReadonlyMap<number, number>][] {
    return [...this.#days.values()].map(({ day }) => [day.toString(), this.hours(day, nowEpochMs)]);
  }

  #day(day: Temporal.PlainDate): ModelDay {
    const there = this.#days.get(day.toString());
    if (there === undefined) throw new Error(`the model has no ${day}`);
    return there;
  }
}

function publishedNextMorning(day: Temporal.PlainDate): number {
  return dayBounds(day).endEpochMs + 8.5 * HOUR_MS;
}

function kwhOf(hourEpochMs: number): number {
  return (((hourEpochMs / HOUR_MS) * 7919) % 2000) / 1000 + 0.01;
}

function sum(hours: ReadonlyMap<number, number>): number {
  let kwh = 0;
  for (const value of hours.values()) kwh += value;
  return kwh;
}

export function told(startsOn: Temporal.PlainDate, kwhTotal: number): ToldSum {
  return { startsOn, kwhTotal, kwhDay: null, kwhNight: null, kwhNightWinter: null };
}

export interface Request {
  readonly span: PeriodState["span"];
  readonly startsOn: string;
  readonly realEpochMs: number;
}

/** The planner in a loop, with the model for Caruna+ and maps for the database. */
export class Simulation {
  readonly requests: Request[] = [];
  /** Days that were told of as inconsistent. */
  readonly inconsistent: string[] = [];
  readonly states = new Map<string, PeriodState>();
  readonly stored = new Map<string, Map<number, number>>();
  /** By how much the program's clock is wrong. */
  clockOffsetMs = 0;
  settings: PlanSettings;
  point: PlannedMeteringPoint;
  /** Whether a request fails; decided by its number, so that a run can be repeated. */
  fails: (requestNumber: number) => boolean = () => false;
  readonly #model: CarunaModel;
  readonly #sumsByDay = new Map<string, StoredSum>();
  #lookedAt = "";

  constructor(model: CarunaModel, point: Partial<PlannedMeteringPoint>, settings: Partial<PlanSettings> = {}) {
    this.#model = model;
    this.settings = { ...SETTINGS, ...settings };
    this.point = {
      id: "A1",
      contractFrom: null,
      contractTo: null,
      newestHourEpochMs: null,
      firstSeenEpochMs: 0,
      ...point,
    };
  }

  /** Cycles every hour from one instant to another; `requestsACycle` is where a cycle stops for lack of time. */
  run(fromEpochMs: number, toEpochMs: number, requestsACycle = 5000): void {
    for (let now = fromEpochMs; now < toEpochMs; now += HOUR_MS) this.cycle(now, requestsACycle);
  }

  cycle(realEpochMs: number, mostRequests = 5000): void {
    const clock = realEpochMs + this.clockOffsetMs;
    if (this.point.firstSeenEpochMs === 0) this.point = { ...this.point, firstSeenEpochMs: clock };
    const all = [...this.states.values()];
    if (all.some(({ askedEpochMs }) => askedEpochMs !== null && askedEpochMs > clock)) {
      this.#save(mendClock(all, this.settings, clock));
    }
    this.#addNewPeriods(clock);
    const end = this.requests.length + mostRequests;
    // As the engine does: all that is due of one kind, then a new look.
    for (let due = this.due(clock); due.length > 0 && this.requests.length < end; due = this.due(clock)) {
      const [first] = due;
      const alike = due.filter(({ span, isHistory }) => span === first?.span && isHistory === first.isHistory);
      const atOnce = first?.span === "day" ? alike : alike.slice(0, 1);
      for (const state of atOnce.slice(0, end - this.requests.length)) this.#ask(state, realEpochMs, clock);
      this.#addNewPeriods(clock);
    }
  }

  due(clock: number): PeriodState[] {
    return dueNow([...this.states.values()], clock);
  }

  /** Days whose stored hours are not what Caruna+ shows. */
  wrongDays(realEpochMs: number): string[] {
    return this.#model.everyDay(realEpochMs).flatMap(([day, hours]) => {
      const stored = this.stored.get(day) ?? new Map<number, number>();
      const isRight = stored.size === hours.size && [...hours].every(([hour, kwh]) => stored.get(hour) === kwh);
      return isRight ? [] : [day];
    });
  }

  count(span: PeriodState["span"], fromEpochMs = 0): number {
    return this.requests.filter((request) => request.span === span && request.realEpochMs >= fromEpochMs).length;
  }

  state(span: PeriodState["span"], startsOn: string): PeriodState | undefined {
    return this.states.get(`${span} ${startsOn}`);
  }

  #addNewPeriods(clock: number): void {
    // The answer can change only with the day, by either of the two offsets, and with the newest hour.
    const newest = this.point.newestHourEpochMs;
    const looked = [clock + 2 * HOUR_MS, clock + 3 * HOUR_MS, newest ?? 0]
      .map((time) => Math.floor(time / DAY_MS))
      .join();
    if (looked === this.#lookedAt) return;
    this.#lookedAt = looked;
    const names = lastDays(clock, this.settings.daysToLoad + 1).map((day) => `day ${day}`);
    const others = [...this.states.values()].filter(({ span }) => span !== "day");
    const known = [...names.flatMap((name) => this.states.get(name) ?? []), ...others];
    this.#save(newPeriods(this.point, known, this.states.size > 0, this.settings, clock));
  }

  #ask(state: PeriodState, realEpochMs: number, clock: number): void {
    this.requests.push({ span: state.span, startsOn: state.startsOn.toString(), realEpochMs });
    if (this.fails(this.requests.length)) this.#save([afterFailure(state, clock)]);
    else if (state.span === "day") this.#askDay(state, realEpochMs, clock);
    else if (state.span === "month") this.#askMonth(state, realEpochMs, clock);
    else this.#askYear(state, realEpochMs, clock);
  }

  #askDay(state: PeriodState, realEpochMs: number, clock: number): void {
    const stored = this.stored.get(state.startsOn.toString()) ?? new Map<number, number>();
    for (const [hour, kwh] of this.#model.hours(state.startsOn, realEpochMs)) {
      stored.set(hour, kwh);
      if (hour > (this.point.newestHourEpochMs ?? 0)) this.point = { ...this.point, newestHourEpochMs: hour };
    }
    this.stored.set(state.startsOn.toString(), stored);
    const sumOfDay = storedSum(state.startsOn, stored.size, sum(stored));
    this.#sumsByDay.set(state.startsOn.toString(), sumOfDay);
    const after = afterDay(state, sumOfDay, this.point, this.settings, clock);
    this.#save([after.state]);
    if (after.isInconsistent) this.inconsistent.push(state.startsOn.toString());
  }

  #askMonth(state: PeriodState, realEpochMs: number, clock: number): void {
    const days = daysOfMonth(state.startsOn).map((day) => day.toString());
    const stored = days.flatMap((day) => this.#sumsByDay.get(day) ?? []).filter(({ hours }) => hours > 0);
    const known = days.flatMap((day) => this.states.get(`day ${day}`) ?? []);
    const answer = this.#model.monthly(state.startsOn, realEpochMs);
    this.#save(afterMonth(state, answer, stored, known, this.point, this.settings, clock));
  }

  #askYear(state: PeriodState, realEpochMs: number, clock: number): void {
    const months = Array.from({ length: 12 }, (_, index) => state.startsOn.add({ months: index }));
    const stored = months.flatMap((month) => this.#sumOfMonth(month)).filter(({ hours }) => hours > 0);
    const known = [...this.states.values()].filter(({ span }) => span !== "day");
    const ofThisYear = known.filter(({ span, startsOn }) => span === "year" || startsOn.year === state.startsOn.year);
    const answer = this.#model.yearly(state.startsOn, realEpochMs);
    this.#save(afterYear(state, answer, stored, ofThisYear, this.point, this.settings, clock));
  }

  #sumOfMonth(month: Temporal.PlainDate): StoredSum {
    const days = daysOfMonth(month).flatMap((day) => this.#sumsByDay.get(day.toString()) ?? []);
    const hours = days.reduce((count, day) => count + day.hours, 0);
    // Added up in another order than the days, as a database may.
    return storedSum(
      month,
      hours,
      days.reduceRight((kwh, day) => kwh + day.kwhTotal, 0),
    );
  }

  #save(states: readonly PeriodState[]): void {
    for (const state of states) this.states.set(`${state.span} ${state.startsOn}`, state);
  }
}

export function storedSum(startsOn: Temporal.PlainDate, hours: number, kwhTotal: number): StoredSum {
  return { startsOn, hours, kwhTotal, kwhDay: null, kwhNight: null, kwhNightWinter: null };
}

export function period(span: PeriodState["span"], startsOn: string, more: Partial<PeriodState> = {}): PeriodState {
  return { ...newPeriod("A1", span, date(startsOn)), ...more };
}

function daysOfMonth(month: Temporal.PlainDate): Temporal.PlainDate[] {
  return Array.from({ length: month.daysInMonth }, (_, index) => month.add({ days: index }));
}
