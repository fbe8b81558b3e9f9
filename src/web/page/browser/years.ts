import { Chart, type ChartSeries } from "./chart.js";
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
  /** The year whose line is to stand out. */
  #picked: number | undefined;

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
      // The month in which the hours begin, and the one that is not over yet, would look like a drop.
      const isCut = (slot: Slot) => (slot === slots[0] || slot === slots.at(-1)) && !isWhole(slot);
      const values = months.map((slot) => (slot === undefined || isCut(slot) ? null : slot.total));
      return { kind: "line", axis: "left", values, ...lookOf(newest - place) };
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
    this.#showLegend(years);
    part("years-table").replaceChildren(this.#table(years));
  }

  clear(): void {
    this.#chart.clear();
  }

  /** Each year with a look at its line, newest first; one can be picked among many. */
  #showLegend(years: readonly Year[]): void {
    const buttons = years.map(({ year }, place) => {
      const button = element("button", { type: "button" }, lineOf(years.length - 1 - place), String(year));
      button.addEventListener("click", () => pick(this.#picked === year ? undefined : year));
      return button;
    });
    const pick = (picked: number | undefined) => {
      this.#picked = picked;
      const place = years.findIndex(({ year }) => year === picked);
      for (const [index, button] of buttons.entries()) button.setAttribute("aria-pressed", String(index === place));
      this.#chart.emphasize(place < 0 ? undefined : place);
    };
    part("years-legend").replaceChildren(...buttons.map((button) => element("li", {}, button)).reverse());
    part("years-hint").hidden = years.length < 3;
    pick(this.#picked);
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
      line: lineOf(newest - age),
    }));
    return [
      element("strong", {}, this.#format.month(place + 1)),
      ...rows.reverse().map(({ year, kwh, line }) => {
        const value = element("b", {}, kwh === null ? "–" : this.#format.kwh(kwh));
        return element("span", { class: "row" }, line, element("span", {}, String(year)), value);
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

const COLORS = 6;
const DASHES = [undefined, [7, 4], [2, 4]] as const;

/** The newest year stands out by its width. Six colours, then the same six with dashes, then with dots. */
function lookOf(age: number): Pick<ChartSeries, "color" | "dash" | "width"> {
  return { color: `--year-${age % COLORS}`, dash: DASHES[dashOf(age)], width: age === 0 ? 3.5 : 2 };
}

function dashOf(age: number): number {
  return Math.floor(age / COLORS) % DASHES.length;
}

/** A piece of that year's line. */
function lineOf(age: number): HTMLElement {
  return element("span", { class: `line is-year-${age % COLORS} dash-${dashOf(age)}`, "aria-hidden": "true" });
}
