import { Chart, type ChartSeries } from "./chart.js";
import { swatch } from "./consumption.js";
import { addDays, addMonths, hoursIn } from "./days.js";
import { element, part, table, write } from "./elements.js";
import type { Format } from "./format.js";
import { type Slot, sumOf } from "./slots.js";
import type { Words } from "./words.js";

/** A year and its twelve months. */
interface Year {
  readonly year: number;
  readonly months: readonly (Slot | undefined)[];
}

const MONTHS = Array.from({ length: 12 }, (_, month) => month + 1);

/** This year and those before it, month by month. */
export class Years {
  readonly #words: Words;
  readonly #format: Format;
  readonly #chart = new Chart(part("years-chart"));

  constructor(words: Words, format: Format) {
    this.#words = words;
    this.#format = format;
  }

  show(slots: readonly Slot[]): void {
    const years = yearsOf(slots);
    part("years").hidden = years.length < 2;
    this.clear();
    if (years.length < 2) return;
    write(part("years-sentence"), this.#sentence(years));
    const newest = years.length - 1;
    const series = years.map(({ months }, place): ChartSeries => {
      // The month that is not over yet would look like a drop.
      const isRunning = (slot: Slot) => slot === slots.at(-1) && !isWhole(slot);
      const values = months.map((slot) => (slot === undefined || isRunning(slot) ? null : slot.total));
      return { kind: "line", axis: "left", values, color: colorOf(newest - place), width: place === newest ? 3 : 2 };
    });
    this.#chart.show({
      series,
      every: [1, 2, 3],
      labelWidth: 44,
      label: (place, every) => (place % every === 0 ? this.#format.month(place + 1, "short") : undefined),
      leftText: (value) => this.#format.number(value),
      rightText: String,
      readout: (place) => this.#readout(years, place),
    });
    const ages = years.map(({ year }, place) => ({ name: String(year), color: colorOf(newest - place) })).reverse();
    part("years-legend").replaceChildren(...legend(ages));
    part("years-table").replaceChildren(this.#table(years));
  }

  clear(): void {
    this.#chart.clear();
  }

  /** The whole months that this year and the last one both have. */
  #sentence(years: readonly Year[]): string {
    const [before, now] = years.slice(-2);
    if (before === undefined || now === undefined) return "";
    const shared = MONTHS.filter((month) => isWhole(before.months[month - 1]) && isWhole(now.months[month - 1]));
    const [first] = shared;
    // Up to the first hole, or the comparison would need too many words.
    const last = shared.findLast((month, place) => month === (first ?? 0) + place);
    if (first === undefined || last === undefined) return "";
    const total = (year: Year) => sumOf(year.months.slice(first - 1, last).map((slot) => slot?.total ?? null)) ?? 0;
    const [kwhNow, kwhBefore] = [total(now), total(before)];
    const months = this.#format.months(first, last, now.year);
    const share = kwhBefore === 0 ? 0 : (kwhNow - kwhBefore) / kwhBefore;
    const [kwh, percent, year] = [this.#format.kwh(kwhNow), this.#format.percent(Math.abs(share)), String(before.year)];
    if (Math.abs(share) < 0.005) return this.#words.asMuchAs(months, kwh, year);
    return share > 0
      ? this.#words.moreThan(months, kwh, percent, year)
      : this.#words.lessThan(months, kwh, percent, year);
  }

  #readout(years: readonly Year[], place: number): Node[] {
    const newest = years.length - 1;
    const rows = years.map(({ year, months }, age) => ({
      year,
      kwh: months[place]?.total ?? null,
      color: colorOf(newest - age),
    }));
    return [
      element("strong", {}, this.#format.month(place + 1)),
      ...rows.reverse().map(({ year, kwh, color }) => {
        const value = element("b", {}, kwh === null ? "–" : this.#format.kwh(kwh));
        return element("span", { class: "row" }, swatch(color), element("span", {}, String(year)), value);
      }),
    ];
  }

  #table(years: readonly Year[]): HTMLElement {
    const shown = [...years].reverse();
    const cell = (kwh: number | null) => (kwh === null ? "–" : this.#format.kwh(kwh));
    const rows = MONTHS.map((month) => [
      this.#format.month(month),
      ...shown.map(({ months }) => cell(months[month - 1]?.total ?? null)),
    ]);
    const totals = shown.map(({ months }) => cell(sumOf(months.map((slot) => slot?.total ?? null))));
    const head = [this.#words.month, ...shown.map(({ year }) => String(year))];
    return table(this.#words.yearByYear, head, [...rows, [this.#words.wholeYear, ...totals]]);
  }
}

function yearsOf(slots: readonly Slot[]): Year[] {
  const byMonth = new Map(slots.map((slot) => [String(slot.period).slice(0, 7), slot]));
  const all = [...new Set(slots.map(({ period }) => Number(String(period).slice(0, 4))))];
  return all.map((year) => ({
    year,
    months: MONTHS.map((month) => byMonth.get(`${year}-${String(month).padStart(2, "0")}`)),
  }));
}

function isWhole(slot: Slot | undefined): boolean {
  if (slot === undefined) return false;
  const from = String(slot.period);
  return slot.hours >= hoursIn({ from, to: addDays(addMonths(from, 1), -1) });
}

/** The newest year stands out, the one before it less; older ones are told apart by the table. */
function colorOf(age: number): string {
  return ["--year-0", "--year-1", "--year-2"][age] ?? "--year-older";
}

function legend(entries: readonly { readonly name: string; readonly color: string }[]): HTMLElement[] {
  return entries.map(({ name, color }) => element("li", {}, swatch(color), name));
}
