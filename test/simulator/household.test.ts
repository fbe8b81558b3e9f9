import { describe, expect, it } from "vitest";
import { HOUR_MS, hoursOfLocalDay, localTimeAt, startOfLocalDay } from "../../src/simulator/helsinki.js";
import { type HourTruth, hourTruth } from "../../src/simulator/household.js";
import { buildMeters } from "../../src/simulator/meters.js";

const [night, general, seasonal] = buildMeters(3).map((meter) => meter.profile);

function hoursOfYear(profile: typeof night, year: number): HourTruth[] {
  if (profile === undefined) throw new Error("no such meter");
  const hours: HourTruth[] = [];
  for (let hour = startOfLocalDay(year, 1, 1); hour < startOfLocalDay(year + 1, 1, 1); hour += HOUR_MS)
    hours.push(hourTruth(profile, hour));
  return hours;
}

function meanKwh(hours: readonly HourTruth[]): number {
  return hours.reduce((sum, hour) => sum + hour.kwhTotal, 0) / hours.length;
}

describe("the simulator's household", () => {
  const year = hoursOfYear(night, 2025);
  const local = (hour: HourTruth) => localTimeAt(hour.startEpochMs);

  it("uses as much as a Finnish house heated by electricity does", () => {
    const kwh = year.reduce((sum, hour) => sum + hour.kwhTotal, 0);
    expect(kwh).toBeGreaterThan(10_000);
    expect(kwh).toBeLessThan(22_000);
    const flat = hoursOfYear(general, 2025).reduce((sum, hour) => sum + hour.kwhTotal, 0);
    expect(flat).toBeGreaterThan(1_500);
    expect(flat).toBeLessThan(4_000);
  });

  it("looks like life: winters, evenings and the sauna of Saturday stand out", () => {
    const mean = (pick: (hour: HourTruth) => boolean) => meanKwh(year.filter(pick));
    expect(mean((hour) => local(hour).month === 1)).toBeGreaterThan(1.8 * mean((hour) => local(hour).month === 7));
    expect(mean((hour) => local(hour).hour === 17)).toBeGreaterThan(mean((hour) => local(hour).hour === 4));
    const saturdayEvening = mean((hour) => local(hour).weekday === 6 && local(hour).hour === 18);
    expect(saturdayEvening).toBeGreaterThan(mean((hour) => local(hour).weekday === 5 && local(hour).hour === 18) + 4);
  });

  it("gives each hour two decimals and never less than nothing", () => {
    for (const { kwhTotal } of year) {
      expect(kwhTotal).toBeGreaterThan(0);
      expect(kwhTotal).toBe(Number(kwhTotal.toFixed(2)));
    }
  });

  it("adds up fees as published: distribution, base fee and tax, then the value added tax of the day", () => {
    for (const hour of year.slice(0, 200)) {
      const { totalFee, distributionFee, distributionBaseFee, electricityTax, valueAddedTax } = hour.fees;
      const withoutTax = distributionFee + distributionBaseFee + electricityTax;
      expect(totalFee).toBeCloseTo(withoutTax + valueAddedTax, 7);
      expect(valueAddedTax).toBeCloseTo(withoutTax * 0.255, 7);
    }
  });

  it("reproduces the rates of the published sample: an August night of 2023 at the night price", () => {
    if (night === undefined) throw new Error("no such meter");
    const { kwhTotal, fees } = hourTruth(night, Date.parse("2023-08-14T19:00:00Z"));
    expect(fees.distributionFee / kwhTotal).toBeCloseTo(0.044955 / 1.85, 6);
    expect(fees.electricityTax / kwhTotal).toBeCloseTo(0.0416805 / 1.85, 6);
    expect(fees.distributionBaseFee).toBeCloseTo(0.03969086, 6);
  });

  it.each([
    ["2024-08-31T20:00:00Z", 0.24],
    ["2024-08-31T21:00:00Z", 0.255],
  ])("takes value added tax by the local date: %s", (instant, rate) => {
    if (night === undefined) throw new Error("no such meter");
    const { fees } = hourTruth(night, Date.parse(instant));
    const withoutTax = fees.distributionFee + fees.distributionBaseFee + fees.electricityTax;
    expect(fees.valueAddedTax / withoutTax).toBeCloseTo(rate, 5);
  });

  it("splits hours by the wall clock of the product", () => {
    const parts = (profile: typeof night, year: number, month: number, day: number) => {
      if (profile === undefined) throw new Error("no such meter");
      const names = hoursOfLocalDay(year, month, day).map((hour) => Object.keys(hourTruth(profile, hour).parts).join());
      return [...new Set(names)].map((name) => `${name} ${names.filter((other) => other === name).length}`);
    };
    expect(parts(night, 2026, 7, 1)).toEqual(["nighttime 9", "daytime 15"]);
    expect(parts(night, 2026, 3, 29)).toEqual(["nighttime 8", "daytime 15"]);
    expect(parts(general, 2026, 1, 7)).toEqual(["allDay 24"]);
    expect(parts(seasonal, 2026, 1, 7)).toEqual(["otherTime 9", "winterDay 15"]);
    // A Sunday, and a summer day.
    expect(parts(seasonal, 2026, 1, 11)).toEqual(["otherTime 24"]);
    expect(parts(seasonal, 2026, 7, 1)).toEqual(["otherTime 24"]);
  });

  it("stays the same from run to run and from machine to machine", () => {
    if (night === undefined) throw new Error("no such meter");
    const day = hoursOfLocalDay(2026, 1, 10).map((hour) => hourTruth(night, hour).kwhTotal);
    expect(day).toMatchInlineSnapshot(`
      [
        3.14,
        2.34,
        1.83,
        2.27,
        1.93,
        2.12,
        2,
        2.51,
        2.46,
        2.47,
        3.14,
        2.95,
        3.06,
        2.56,
        2.42,
        3.01,
        2.66,
        2.82,
        8.74,
        6.76,
        2.37,
        2.65,
        5.06,
        3.92,
      ]
    `);
  });

  it("produces by day and in summer where there are panels", () => {
    const [withPanels] = buildMeters([{ solarKwp: 6 }]);
    if (withPanels === undefined) throw new Error("no such meter");
    const noon = hourTruth(withPanels.profile, Date.parse("2026-06-21T10:00:00Z")).productionKwh;
    expect(noon).toBeGreaterThan(1);
    expect(hourTruth(withPanels.profile, Date.parse("2026-06-20T22:00:00Z")).productionKwh).toBe(0);
    expect(hourTruth(withPanels.profile, Date.parse("2026-12-21T10:00:00Z")).productionKwh).toBeLessThan(noon ?? 0);
  });
});

describe("the simulator's meters", () => {
  it("have GSRNs of 18 digits, all different, and addresses with Finnish letters", () => {
    const meters = buildMeters(5);
    expect(new Set(meters.map((meter) => meter.gsrn)).size).toBe(5);
    for (const meter of meters) {
      expect(meter.gsrn).toMatch(/^\d{18}$/);
      expect(meter.address.streetName).toMatch(/[äö]/);
    }
    expect(meters.slice(0, 3).map((meter) => meter.productDescription)).toEqual([
      "Yösiirto 25 A",
      "Yleissiirto 25 A",
      "Kausisiirto 35 A",
    ]);
  });
});
