import { describe, expect, test } from "vitest";
import { at, CarunaModel, DAY_MS, date, daysBetween, HOUR_MS, Simulation } from "./planner-simulation.js";

/** A metering point with hours from one day to another, and a program that has run for ten days since `start`. */
function settled(from: string, to: string, start: string) {
  const model = new CarunaModel();
  model.publish(daysBetween(from, to));
  const simulation = new Simulation(model, { contractFrom: date(from) });
  simulation.run(at(`${start}T08:10`), at(`${start}T08:10`) + 10 * DAY_MS);
  return { model, simulation, now: at(`${start}T08:10`) + 10 * DAY_MS };
}

describe("the first look", () => {
  test("loads ten years for the price of their years, months and days", () => {
    const model = new CarunaModel();
    const days = daysBetween("2016-11-22", "2026-11-21");
    model.publish(days);
    const simulation = new Simulation(model, { contractFrom: date("2016-11-22") });
    simulation.cycle(at("2026-11-22T10:00"), 10_000);
    expect(simulation.wrongDays(at("2026-11-22T10:00"))).toEqual([]);
    expect(simulation.count("day")).toBe(days.length);
    expect(simulation.count("month")).toBe(121);
    // Eleven with data, and the two empty ones before the contract.
    expect(simulation.count("year")).toBe(13);
    expect(simulation.inconsistent).toEqual([]);
    expect(simulation.due(at("2026-11-22T11:00"))).toEqual([]);
  });

  test("brings the newest days first, and a month before the next older year", () => {
    const model = new CarunaModel();
    model.publish(daysBetween("2024-06-01", "2026-11-21"));
    const simulation = new Simulation(model, {});
    simulation.cycle(at("2026-11-22T10:00"), 10_000);
    const days = simulation.requests.filter(({ span }) => span === "day").map(({ startsOn }) => startsOn);
    expect(days).toEqual(days.toSorted().reverse());
    const years = simulation.requests.flatMap(({ span, startsOn }, index) =>
      span === "year" ? [{ startsOn, index }] : [],
    );
    const firstOf2025 = simulation.requests.findIndex(({ span, startsOn }) => span === "day" && startsOn < "2026");
    expect(firstOf2025).toBeGreaterThan(years[1]?.index ?? Number.POSITIVE_INFINITY);
    const lastOf2026 = simulation.requests.findLastIndex(({ span, startsOn }) => span === "day" && startsOn >= "2026");
    expect(lastOf2026).toBeLessThan(years[1]?.index ?? 0);
  });

  test("goes on where it was, at whatever pace", () => {
    const model = new CarunaModel();
    model.publish(daysBetween("2025-01-01", "2026-11-21"));
    const simulation = new Simulation(model, {});
    let now = at("2026-11-22T10:00");
    for (; simulation.due(now).length > 0 || simulation.requests.length === 0; now += HOUR_MS)
      simulation.cycle(now, 37);
    expect(simulation.wrongDays(at("2026-11-22T10:00"))).toEqual([]);
    // Of its own the way costs 690 days, 23 months, 4 years; a day or two of polling came on top.
    expect(simulation.requests.length).toBeLessThan(740);
  });

  test("ends after two empty years where there is no data and no contract", () => {
    const simulation = new Simulation(new CarunaModel(), {});
    simulation.cycle(at("2026-11-22T10:00"));
    expect(simulation.count("year")).toBe(2);
    expect(simulation.count("month")).toBe(2);
    expect(simulation.count("day")).toBe(7);
  });

  test("passes over empty years within the contract", () => {
    const model = new CarunaModel();
    model.publish([...daysBetween("2019-03-01", "2019-04-30"), ...daysBetween("2026-11-01", "2026-11-21")]);
    const simulation = new Simulation(model, { contractFrom: date("2019-01-15") });
    simulation.cycle(at("2026-11-22T10:00"));
    expect(simulation.wrongDays(at("2026-11-22T10:00"))).toEqual([]);
    expect(simulation.count("year")).toBe(10);
  });

  test("does not go back to the year 1 because a contract says so", () => {
    const model = new CarunaModel();
    model.publish(daysBetween("2026-11-01", "2026-11-21"));
    const simulation = new Simulation(model, { contractFrom: date("0001-01-01") });
    simulation.cycle(at("2026-11-22T10:00"));
    expect(simulation.count("year")).toBe(11);
  });

  test("goes back to the day that BACKFILL names and no further", () => {
    const model = new CarunaModel();
    model.publish(daysBetween("2024-01-01", "2026-11-21"));
    const simulation = new Simulation(model, {}, { backfill: date("2025-10-15") });
    simulation.run(at("2026-11-22T10:00"), at("2026-12-08T10:00"));
    const wrong = simulation.wrongDays(at("2026-11-22T10:00"));
    expect(wrong.at(-1)).toBe("2025-10-14");
    expect(wrong.length).toBe(daysBetween("2024-01-01", "2025-10-14").length);
    expect(simulation.count("year", at("2026-11-23T00:00"))).toBeLessThanOrEqual(6);
  });

  test("loads no history where BACKFILL is none, and still every day from then on", () => {
    const model = new CarunaModel();
    model.publish(daysBetween("2024-01-01", "2027-04-30"));
    const simulation = new Simulation(model, {}, { backfill: "none" });
    simulation.run(at("2026-11-22T10:00"), at("2026-11-25T10:00"));
    // Seven at first sight; then each at 08:00, in vain, and at 09:00.
    expect(simulation.count("day")).toBe(7 + 2 * 3);
    // Away for four months, over the turn of the year: what was missed meanwhile is no history.
    simulation.run(at("2027-04-01T10:00"), at("2027-04-11T10:00"));
    expect(simulation.wrongDays(at("2027-04-11T09:00")).at(-1)).toBe("2026-11-14");
  });
});

describe("a metering point of which everything is stored", () => {
  test("costs half a dozen requests a day, and none between", () => {
    const { simulation, now } = settled("2017-01-01", "2027-03-31", "2026-11-01");
    simulation.run(now, now + 28 * DAY_MS);
    const days = new Set(simulation.requests.map(({ realEpochMs }) => Math.floor(realEpochMs / HOUR_MS)));
    const hoursWithRequests = [...days].filter((hour) => hour * HOUR_MS >= now - HOUR_MS).length;
    const perDay = simulation.requests.filter(({ realEpochMs }) => realEpochMs >= now).length / 28;
    expect(perDay).toBeLessThanOrEqual(6.5);
    // At 08:10 the day is not there yet, at 09:10 it is.
    expect(hoursWithRequests).toBe(2 * 28);
  });

  test("spreads the checks of years over the week", () => {
    const { simulation, now } = settled("2017-01-01", "2027-03-31", "2026-11-01");
    simulation.run(now, now + 28 * DAY_MS);
    const perDay = new Map<number, number>();
    for (const { span, realEpochMs } of simulation.requests.filter((request) => request.realEpochMs >= now)) {
      const day = Math.floor(realEpochMs / DAY_MS);
      if (span === "year") perDay.set(day, (perDay.get(day) ?? 0) + 1);
    }
    expect(perDay.size).toBe(28);
    expect(Math.max(...perDay.values())).toBe(2);
    expect(simulation.count("year", now)).toBe(4 * 10);
  });

  test("has one revised hour in ten years found for at most 16 requests", () => {
    const { model, simulation, now } = settled("2017-01-01", "2027-03-31", "2026-11-01");
    model.revise(date("2019-05-17"), 13, 0.05, now);
    const yearsBefore = simulation.count("year");
    simulation.run(now, now + 7 * DAY_MS);
    expect(simulation.wrongDays(now + 7 * DAY_MS - HOUR_MS)).toEqual([]);
    const old = simulation.requests.filter(({ realEpochMs, startsOn }) => realEpochMs >= now && startsOn < "2026-09");
    expect(old.map(({ span }) => span).filter((span) => span !== "year")).toEqual(["month", "day"]);
    expect(simulation.count("year") - yearsBefore + 2).toBeLessThanOrEqual(16);
  });

  test("ends complete where a day comes in three pieces over three days", () => {
    const { model, simulation, now } = settled("2026-01-01", "2027-03-31", "2026-11-01");
    model.delay(date("2026-11-12"), 8, at("2026-11-14T11:00"));
    model.delay(date("2026-11-12"), 16, at("2026-11-15T15:00"));
    simulation.run(now, at("2026-11-15T22:00"));
    expect(simulation.wrongDays(at("2026-11-15T21:00"))).toEqual([]);
  });

  test("gains hours that come later than the last days are asked for", () => {
    const { model, simulation, now } = settled("2026-01-01", "2027-03-31", "2026-11-01");
    model.delay(date("2026-11-12"), 20, at("2026-12-09T11:00"));
    simulation.run(now, at("2026-12-10T10:00"));
    expect(simulation.wrongDays(at("2026-12-10T09:30"))).toEqual([]);
  });

  test("has its days read once more when they are two weeks old, and never again", () => {
    const { simulation, now } = settled("2026-01-01", "2027-03-31", "2026-11-01");
    simulation.run(now, now + 30 * DAY_MS);
    const asked = simulation.requests.filter(({ span, startsOn }) => span === "day" && startsOn === "2026-11-14");
    expect(asked.at(-1)?.realEpochMs).toBe(at("2026-11-29T08:10"));
    expect(simulation.state("day", "2026-11-14")).toMatchObject({ nextAskEpochMs: null, timesAsked: 0 });
    expect(simulation.state("day", "2026-11-14")?.settledEpochMs).toBe(at("2026-11-29T08:10"));
  });

  test("is complete over both days on which the clocks change", () => {
    const { simulation, now } = settled("2026-01-01", "2027-04-30", "2026-10-20");
    simulation.run(now, at("2026-11-02T10:00"));
    simulation.run(at("2027-03-20T08:10"), at("2027-04-05T10:00"));
    expect(simulation.wrongDays(at("2027-04-05T09:00"))).toEqual([]);
    expect(simulation.stored.get("2026-10-25")?.size).toBe(25);
    expect(simulation.stored.get("2027-03-28")?.size).toBe(23);
    expect(simulation.state("day", "2027-03-28")?.timesAsked).toBe(0);
  });

  test("goes on over the turn of the year", () => {
    const { simulation, now } = settled("2026-01-01", "2027-02-28", "2026-12-20");
    simulation.run(now, at("2027-01-20T10:00"));
    expect(simulation.wrongDays(at("2027-01-20T09:00"))).toEqual([]);
    expect(simulation.state("year", "2027-01-01")?.askedEpochMs).not.toBeNull();
  });
});

describe("sums of Caruna+ that do not match its own hours", () => {
  test("are told once, and cost a handful of requests in a month", () => {
    const { model, simulation, now } = settled("2024-01-01", "2027-03-31", "2026-11-01");
    const odd = ["2024-07-07", "2025-02-02", "2026-11-03"];
    for (const day of odd) model.tellTooMuch(date(day), 0.4);
    simulation.run(now, now + 60 * DAY_MS);
    expect(simulation.inconsistent.toSorted()).toEqual(odd);
    const reads = (day: string) =>
      simulation.requests.filter(
        ({ span, startsOn, realEpochMs }) => span === "day" && startsOn === day && realEpochMs >= now,
      );
    expect(odd.slice(0, 2).map((day) => reads(day).length)).toEqual([1, 1]);
    // The younger one is read on account of its sum, and when it is two weeks old.
    expect(reads("2026-11-03").length).toBe(2);
    const oldMonths = simulation.requests.filter(
      ({ span, startsOn, realEpochMs }) => span === "month" && startsOn < "2026-09" && realEpochMs >= now,
    );
    // Each is asked for its days, and once more when the next week's year shows that it differs still.
    expect(oldMonths.length).toBe(4);
  });

  test("do not hide a revision that comes later", () => {
    const { model, simulation, now } = settled("2024-01-01", "2027-03-31", "2026-11-01");
    model.tellTooMuch(date("2024-07-07"), 0.4);
    simulation.run(now, now + 21 * DAY_MS);
    model.revise(date("2024-07-07"), 5, 0.3, now + 21 * DAY_MS);
    model.revise(date("2024-07-20"), 5, 0.7, now + 21 * DAY_MS);
    simulation.run(now + 21 * DAY_MS, now + 29 * DAY_MS);
    expect(simulation.wrongDays(now + 29 * DAY_MS - HOUR_MS)).toEqual([]);
  });
});

describe("a metering point without hours", () => {
  test("is asked for yesterday once a day when it has been dormant for a month", () => {
    const { simulation } = settled("2025-01-01", "2026-11-08", "2026-11-01");
    simulation.run(at("2026-11-11T08:10"), at("2027-01-31T08:10"));
    const from = at("2027-01-01T00:00");
    expect(simulation.count("day", from)).toBe(30);
    expect(simulation.count("month", from)).toBeLessThanOrEqual(1);
    // 2025, 2026 and the newest; the weekly checks.
    expect(simulation.count("year", from)).toBeLessThanOrEqual(3 * 5);
  });

  test("is complete again soon after it wakes", () => {
    const { model, simulation } = settled("2025-01-01", "2026-11-08", "2026-11-01");
    model.publish(daysBetween("2027-01-20", "2027-03-31"));
    simulation.run(at("2026-11-11T08:10"), at("2027-01-25T08:10"));
    expect(simulation.wrongDays(at("2027-01-25T07:10"))).toEqual([]);
  });

  test("has its year asked for once a week, and nothing else where its contract has ended", () => {
    const model = new CarunaModel();
    model.publish(daysBetween("2025-05-01", "2026-09-30"));
    const simulation = new Simulation(model, { contractFrom: date("2025-05-01"), contractTo: date("2026-09-30") });
    simulation.run(at("2026-09-20T08:10"), at("2026-10-20T08:10"));
    simulation.run(at("2027-02-01T08:10"), at("2027-03-01T08:10"));
    expect(simulation.wrongDays(at("2027-03-01T08:10"))).toEqual([]);
    expect(simulation.requests.filter(({ span, startsOn }) => span === "day" && startsOn > "2026-09-30")).toEqual([]);
    const from = at("2027-02-03T00:00");
    expect(simulation.count("day", from) + simulation.count("month", from)).toBe(0);
    expect(simulation.count("year", from)).toBeLessThanOrEqual(2 * 4);
  });

  test("goes on where it moves to another contract", () => {
    const model = new CarunaModel();
    model.publish([...daysBetween("2026-01-01", "2026-09-30"), ...daysBetween("2026-11-16", "2027-01-31")]);
    const simulation = new Simulation(model, { contractTo: date("2026-09-30") });
    simulation.run(at("2026-09-20T08:10"), at("2026-11-25T08:10"));
    simulation.point = { ...simulation.point, contractFrom: date("2026-11-16"), contractTo: null };
    simulation.run(at("2026-11-25T08:10"), at("2026-12-03T08:10"));
    expect(simulation.wrongDays(at("2026-12-03T07:10"))).toEqual([]);
  });
});

describe("a program that was away", () => {
  test("for three months has everything on its first cycle", () => {
    const { simulation } = settled("2025-01-01", "2027-06-30", "2026-11-01");
    simulation.cycle(at("2027-02-20T10:00"));
    expect(simulation.wrongDays(at("2027-02-20T10:00"))).toEqual([]);
  });

  test("for two years finds the years between", () => {
    const { simulation } = settled("2025-01-01", "2029-06-30", "2026-11-01");
    simulation.run(at("2029-02-20T10:00"), at("2029-02-28T10:00"));
    expect(simulation.wrongDays(at("2029-02-28T09:00"))).toEqual([]);
  });
});

describe("a clock that is wrong", () => {
  test.each([
    ["a year ahead", 365 * DAY_MS],
    ["a year behind", -365 * DAY_MS],
    ["an hour ahead", HOUR_MS],
    ["a day behind", -DAY_MS],
    ["ten days ahead", 10 * DAY_MS],
  ])("%s for two days leaves nothing undone, and no storm of requests", (_, offsetMs) => {
    const { model, simulation, now } = settled("2023-01-01", "2027-03-31", "2026-11-01");
    simulation.clockOffsetMs = offsetMs;
    model.revise(date("2026-11-05"), 3, 0.3, now + DAY_MS);
    model.revise(date("2024-11-05"), 3, 0.3, now + DAY_MS);
    simulation.run(now, now + 2 * DAY_MS);
    simulation.clockOffsetMs = 0;
    const right = now + 2 * DAY_MS;
    simulation.run(right, right + 9 * DAY_MS);
    expect(simulation.wrongDays(right + 9 * DAY_MS - HOUR_MS)).toEqual([]);
    expect(simulation.requests.filter(({ realEpochMs }) => realEpochMs >= now).length).toBeLessThan(200);
    simulation.run(right + 9 * DAY_MS, right + 16 * DAY_MS);
    expect(simulation.count("month", right + 9 * DAY_MS)).toBe(14);
  });

  test("a year ahead while the first look back fails at every month: all of it is there within the day", () => {
    const model = new CarunaModel();
    model.publish(daysBetween("2025-01-01", "2026-11-20"));
    const simulation = new Simulation(model, { contractFrom: date("2025-01-01") });
    const start = at("2026-11-10T10:10");
    simulation.clockOffsetMs = 365 * DAY_MS;
    simulation.fails = () => simulation.requests.at(-1)?.span === "month";
    simulation.run(start, start + 5 * HOUR_MS);
    simulation.clockOffsetMs = 0;
    simulation.fails = () => false;
    simulation.run(start + 5 * HOUR_MS, start + DAY_MS);
    expect(simulation.wrongDays(start + DAY_MS - HOUR_MS)).toEqual([]);
  });

  test("a year ahead while the month of a revised day fails: it is read when the clock is right", () => {
    const { model, simulation, now } = settled("2026-01-01", "2027-12-31", "2026-11-01");
    const revised = date("2026-05-05");
    model.revise(revised, 3, 0.3, now);
    simulation.clockOffsetMs = 365 * DAY_MS;
    simulation.fails = () => simulation.requests.at(-1)?.startsOn === "2026-05-01";
    // Its year is asked for once a week.
    simulation.run(now, now + 8 * DAY_MS);
    expect(simulation.requests.some(({ startsOn }) => startsOn === "2026-05-01")).toBe(true);
    simulation.clockOffsetMs = 0;
    simulation.fails = () => false;
    simulation.run(now + 8 * DAY_MS, now + 9 * DAY_MS);
    expect(simulation.stored.get(revised.toString())).toEqual(model.hours(revised, now + 9 * DAY_MS));
  });

  test("never has a day asked for that is not over", () => {
    const { simulation, now } = settled("2026-01-01", "2027-03-31", "2026-11-01");
    simulation.clockOffsetMs = 3 * DAY_MS;
    simulation.run(now, now + DAY_MS);
    simulation.clockOffsetMs = 0;
    expect(simulation.due(now + DAY_MS).filter(({ startsOn }) => startsOn.toString() >= "2026-11-12")).toEqual([]);
  });
});
