import { downloadAddress } from "./answers.js";
import { Chart, type ChartPlan, type ChartSeries } from "./chart.js";
import { type By, type DaySpan, dayOf, turned } from "./days.js";
import { element, part, table, write } from "./elements.js";
import type { Format } from "./format.js";
import { meanCelsius, type Slot, sumOf } from "./slots.js";
import { hashOf, type View } from "./view.js";
import type { Words } from "./words.js";

/** A part of the consumption with a colour of its own. */
interface Layer {
  readonly name: string;
  readonly color: string;
  readonly of: (slot: Slot) => number | null;
}

/** What leads one level closer: years to months, and so on to the hours. */
const CLOSER: Readonly<Record<By, By | undefined>> = { year: "month", month: "day", day: "hour", hour: undefined };

const EVERY: Readonly<Record<By, readonly number[]>> = {
  hour: [1, 2, 3, 6, 12],
  day: [1, 2, 5, 10],
  month: [1, 2, 3],
  year: [1, 2, 5],
};

export interface ConsumptionData {
  readonly view: View;
  readonly slots: readonly Slot[];
  readonly span: DaySpan;
  /** Hours of it that could be there by now. */
  readonly hoursExpected: number;
  /** First and last day with a stored hour. */
  readonly everything: DaySpan;
  /** The months of the whole history: they tell which parts and columns this metering point has at all. */
  readonly months: readonly Slot[];
}

/** The consumption of a day, a month, a year or all years: its sums, its chart, and the same as a table. */
export class Consumption {
  readonly #words: Words;
  readonly #format: Format;
  readonly #chart = new Chart(part("chart"));
  #data: ConsumptionData | undefined;

  constructor(words: Words, format: Format) {
    this.#words = words;
    this.#format = format;
    for (const step of [-1, 1] as const) {
      part(step === -1 ? "previous" : "next").addEventListener("click", () => this.#turn(step));
    }
    part("day", HTMLInputElement).addEventListener("change", ({ target }) => {
      if (target instanceof HTMLInputElement && target.value !== "") this.#go({ day: target.value });
    });
  }

  show(data: ConsumptionData): void {
    this.#data = data;
    this.#showNavigation(data);
    this.#showSums(data);
    const isEmpty = data.slots.every(({ total }) => total === null);
    part("no-hours").hidden = !isEmpty;
    const layers = this.#layers(data);
    this.#chart.show(data.view.show === "cost" ? this.#costPlan(data) : this.#energyPlan(data, layers));
    this.#showLegend(data, layers);
    part("chart").setAttribute("aria-label", `${this.#words.consumption}, ${this.#title(data)}`);
    part("chart-table").replaceChildren(this.#table(data, layers));
  }

  clear(): void {
    this.#data = undefined;
    this.#chart.clear();
  }

  #go(change: Partial<View>): void {
    if (this.#data !== undefined) location.hash = hashOf({ ...this.#data.view, ...change });
  }

  #turn(step: -1 | 1): void {
    if (this.#data === undefined) return;
    const { view, everything } = this.#data;
    const day = turned(view.by, view.day, step, everything);
    if (day !== undefined) this.#go({ day });
  }

  #title({ view, span, everything }: ConsumptionData): string {
    return this.#format.span(view.by, view.by === "year" ? everything : span);
  }

  #showNavigation(data: ConsumptionData): void {
    const { view, span, everything } = data;
    for (const by of ["hour", "day", "month", "year"] as const) {
      choose(part(`by-${by}`), hashOf({ ...view, by }), view.by === by);
    }
    for (const show of ["energy", "cost"] as const)
      choose(part(`show-${show}`), hashOf({ ...view, show }), view.show === show);
    part("shows").hidden = data.months.every(({ eur }) => eur === null) && view.show === "energy";
    for (const [id, step] of [
      ["previous", -1],
      ["next", 1],
    ] as const) {
      const button = part(id);
      const name = step === -1 ? this.#words.previous[view.by] : this.#words.next[view.by];
      button.hidden = view.by === "year";
      button.setAttribute("aria-label", name);
      button.title = name;
      button.setAttribute("aria-disabled", String(turned(view.by, view.day, step, everything) === undefined));
    }
    const newest = part("newest");
    newest.setAttribute("href", hashOf({ ...view, day: everything.to }));
    newest.hidden = span.from <= everything.to && everything.to <= span.to;
    const day = part("day", HTMLInputElement);
    [day.min, day.max, day.value] = [everything.from, everything.to, view.day];
    write(part("range"), this.#title(data));
    part("download").setAttribute("href", downloadAddress(view.point, span, document.documentElement.lang));
    part("download-all").setAttribute("href", downloadAddress(view.point, undefined, document.documentElement.lang));
  }

  #showSums({ slots, hoursExpected }: ConsumptionData): void {
    const [words, format] = [this.#words, this.#format];
    const total = sumOf(slots.map((slot) => slot.total));
    const eur = sumOf(slots.map((slot) => slot.eur));
    const production = sumOf(slots.map((slot) => slot.production));
    const celsius = meanCelsius(slots);
    const hours = slots.reduce((sum, slot) => sum + slot.hours, 0);
    const figures: [string, string][] = [[words.consumption, total === null ? "–" : format.kwh(total)]];
    if (production !== null) figures.push([words.production, format.kwh(production)]);
    if (eur !== null) figures.push([words.costInFull, format.eur(eur)]);
    if (celsius !== null) figures.push([words.meanTemperature, format.celsius(celsius)]);
    figures.push([words.hours, words.hoursOf(format.number(hours), format.number(hoursExpected))]);
    part("sums").replaceChildren(
      ...figures.map(([name, value]) =>
        element("div", { class: "figure" }, element("dt", {}, name), element("dd", {}, value)),
      ),
    );
  }

  /** Bottom of the bar first. */
  #layers({ slots, months }: ConsumptionData): Layer[] {
    const words = this.#words;
    const all = [...months, ...slots];
    const isSeasonal = all.some(({ winter }) => winter !== null);
    const isSplit = all.some(({ day, night, winter }) => day !== null || night !== null || winter !== null);
    const layers: Layer[] = [
      { name: words.night, color: "--night", of: ({ night }) => night },
      { name: isSeasonal ? words.otherTime : words.day, color: "--day", of: ({ day }) => day },
      { name: words.winterDay, color: "--winter", of: ({ winter }) => winter },
      { name: isSplit ? words.noSplit : words.consumption, color: "--whole", of: ({ rest }) => rest },
    ];
    return layers.filter((layer) => all.some((slot) => layer.of(slot) !== null));
  }

  #energyPlan(data: ConsumptionData, layers: readonly Layer[]): ChartPlan {
    const { slots } = data;
    const bars = layers.map(({ color }, top): ChartSeries => {
      const below = layers.slice(0, top + 1);
      const values = slots.map((slot) => (slot.total === null ? null : sumOf(below.map((layer) => layer.of(slot)))));
      return { kind: "bars", color, values, axis: "left" };
    });
    const series: ChartSeries[] = bars.reverse();
    if (slots.some(({ production }) => production !== null)) {
      const values = slots.map(({ production }) => (production === null ? null : -production));
      series.push({ kind: "bars", color: "--production", values, axis: "left" });
    }
    if (slots.some(({ celsius }) => celsius !== null)) {
      const line = { kind: "line", values: slots.map(({ celsius }) => celsius), axis: "right" } as const;
      // A rim in the colour of the background keeps the line apart from the bars that it crosses.
      series.push({ ...line, color: "--surface", width: 5 }, { ...line, color: "--temperature", width: 2 });
    }
    return { ...this.#commonPlan(data), series, readout: (place) => this.#readout(data, layers, place) };
  }

  #costPlan(data: ConsumptionData): ChartPlan {
    const values = data.slots.map(({ eur }) => eur);
    const series: ChartSeries[] = [{ kind: "bars", color: "--cost", values, axis: "left" }];
    return { ...this.#commonPlan(data), series, readout: (place) => this.#readout(data, [], place) };
  }

  #commonPlan({ view, slots }: ConsumptionData): Omit<ChartPlan, "series" | "readout"> {
    const closer = CLOSER[view.by];
    return {
      every: EVERY[view.by],
      labelWidth: { hour: 26, day: 26, month: 44, year: 44 }[view.by],
      label: (place, every) => this.#label(view.by, slots[place]?.period, place, every),
      leftText: (value) =>
        this.#format.number(Math.abs(value), Number.isInteger(value) ? 0 : Math.abs(value) < 0.1 ? 2 : 1),
      rightText: (value) => `${this.#format.number(value)}°`,
      onChoose: closer && ((place) => this.#go({ by: closer, day: this.#dayOf(slots[place]?.period) })),
    };
  }

  #dayOf(period: string | number | undefined): string {
    return typeof period === "number" ? dayOf(period) : (period ?? "");
  }

  #label(by: By, period: string | number | undefined, place: number, every: number): string | undefined {
    if (typeof period === "number") return place % every === 0 ? this.#format.time(period).slice(0, 2) : undefined;
    if (period === undefined) return undefined;
    const [year, month, day] = [period.slice(0, 4), Number(period.slice(5, 7)), Number(period.slice(8, 10))];
    // 1, 5, 10, 15 …; the 30th would touch a 31st.
    if (by === "day") return day === 1 || day % every === 0 ? String(day) : undefined;
    if (place % every !== 0) return undefined;
    return by === "month" ? this.#format.month(month, "short") : year;
  }

  #readout({ view, slots }: ConsumptionData, layers: readonly Layer[], place: number): Node[] {
    const slot = slots[place];
    if (slot === undefined) return [];
    const [words, format] = [this.#words, this.#format];
    const rows: (readonly [name: string, value: string, color?: string])[] = [];
    if (layers.length > 1) {
      for (const layer of [...layers].reverse()) {
        const value = layer.of(slot);
        if (value !== null) rows.push([layer.name, format.kwh(value), layer.color]);
      }
    }
    if (slot.total !== null) rows.push([layers.length > 1 ? words.total : words.consumption, format.kwh(slot.total)]);
    if (slot.production !== null) rows.push([words.production, format.kwh(slot.production), "--production"]);
    if (slot.eur !== null) rows.push([words.cost, format.eur(slot.eur)]);
    if (slot.celsius !== null) rows.push([words.temperature, format.celsius(slot.celsius), "--temperature"]);
    if (rows.length === 0) rows.push([words.noHoursInPeriod, ""]);
    return [
      element("strong", {}, format.period(view.by, slot.period)),
      ...rows.map(([name, value, color]) =>
        element(
          "span",
          { class: "row" },
          ...(color ? [swatch(color)] : []),
          element("span", {}, name),
          element("b", {}, value),
        ),
      ),
    ];
  }

  #showLegend({ view, slots }: ConsumptionData, layers: readonly Layer[]): void {
    const words = this.#words;
    const entries: [string, string, string][] =
      view.show === "cost"
        ? [[words.costInFull, "--cost", "€"]]
        : layers.map(({ name, color }): [string, string, string] => [name, color, "kWh"]);
    if (view.show === "energy") {
      if (slots.some(({ production }) => production !== null)) entries.push([words.production, "--production", "kWh"]);
      if (slots.some(({ celsius }) => celsius !== null)) entries.push([words.temperature, "--temperature", "°C"]);
    }
    const items = entries.map(([name, color, unit]) =>
      element("li", {}, swatch(color), name, element("span", { class: "unit" }, unit)),
    );
    part("legend").replaceChildren(...items);
    part("chart-hint").hidden = CLOSER[view.by] === undefined;
  }

  #table({ view, slots }: ConsumptionData, layers: readonly Layer[]): HTMLElement {
    const [words, format] = [this.#words, this.#format];
    const given = (value: number | null, text: (value: number) => string) => (value === null ? "–" : text(value));
    const has = (of: (slot: Slot) => number | null) => slots.some((slot) => of(slot) !== null);
    const columns: { readonly name: string; readonly cell: (slot: Slot) => string }[] = [];
    if (layers.length > 1) {
      for (const { name, of } of layers)
        columns.push({ name, cell: (slot) => given(of(slot), (kwh) => format.kwh(kwh)) });
    }
    columns.push({ name: words.total, cell: ({ total }) => given(total, (kwh) => format.kwh(kwh)) });
    if (has(({ production }) => production)) {
      columns.push({ name: words.production, cell: ({ production }) => given(production, (kwh) => format.kwh(kwh)) });
    }
    if (has(({ celsius }) => celsius)) {
      columns.push({
        name: words.temperature,
        cell: ({ celsius }) => given(celsius, (value) => format.celsius(value)),
      });
    }
    if (has(({ eur }) => eur))
      columns.push({ name: words.cost, cell: ({ eur }) => given(eur, (value) => format.eur(value)) });
    if (view.by !== "hour") columns.push({ name: words.hours, cell: ({ hours }) => format.number(hours) });
    const closer = CLOSER[view.by];
    const rows = slots.map((slot) => {
      const name = format.period(view.by, slot.period);
      const address = hashOf({ ...view, by: closer ?? view.by, day: this.#dayOf(slot.period) });
      const isLink = closer !== undefined && slot.total !== null;
      return [isLink ? element("a", { href: address }, name) : name, ...columns.map(({ cell }) => cell(slot))];
    });
    return table(words.asTable, [words.period, ...columns.map(({ name }) => name)], rows);
  }
}

/** A square in a colour of the style sheet. */
export function swatch(color: string): HTMLElement {
  return element("span", { class: `swatch ${color.replace("--", "is-")}`, "aria-hidden": "true" });
}

function choose(link: HTMLElement, address: string, isChosen: boolean): void {
  link.setAttribute("href", address);
  if (isChosen) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
}
