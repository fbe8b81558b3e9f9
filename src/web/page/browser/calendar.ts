import type { Completeness, CompletenessDay, DayState } from "../../api.js";
import { addDays, type DaySpan, weekdayOf } from "./days.js";
import { element, part, write } from "./elements.js";
import type { Format } from "./format.js";
import { hashOf, type View } from "./view.js";
import type { Words } from "./words.js";

type Shown = DayState | "before";

/** How far an arrow key moves, in days. */
const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

/** Every day of a year with what is stored of it. The whole calendar is one stop of the tab key. */
export class Calendar {
  readonly #words: Words;
  readonly #format: Format;
  #view: View | undefined;

  constructor(words: Words, format: Format, onChoose: () => void) {
    this.#words = words;
    this.#format = format;
    const box = part("calendar");
    box.addEventListener("keydown", (event) => this.#move(event));
    box.addEventListener("click", ({ target }) => {
      if (target instanceof Element && target.closest("a") !== null) onChoose();
    });
    for (const [id, step] of [
      ["previous-year", -1],
      ["next-year", 1],
    ] as const) {
      part(id).addEventListener("click", ({ currentTarget }) => {
        const isAtTheEnd = currentTarget instanceof Element && currentTarget.getAttribute("aria-disabled") === "true";
        if (this.#view !== undefined && !isAtTheEnd)
          location.hash = hashOf({ ...this.#view, year: this.#view.year + step });
      });
    }
  }

  show(view: View, { days }: Completeness, everything: DaySpan): void {
    this.#view = view;
    const shown = days.map((day) => ({ ...day, shown: day.day < everything.from ? ("before" as const) : day.state }));
    write(part("calendar-year"), String(view.year));
    for (const [id, year] of [
      ["previous-year", view.year - 1],
      ["next-year", view.year + 1],
    ] as const) {
      const isThere = everything.from.slice(0, 4) <= String(year) && String(year) <= everything.to.slice(0, 4);
      part(id).setAttribute("aria-disabled", String(!isThere));
    }
    const past = shown.filter(({ shown }) => shown !== "before" && shown !== "future");
    const verified = past.filter(({ shown }) => shown === "verified").length;
    const complete = past.filter(({ shown }) => shown === "complete").length + verified;
    const counts = [complete, past.length, verified].map((count) => this.#format.number(count));
    write(part("calendar-sentence"), this.#words.daysComplete(counts[0] ?? "", counts[1] ?? "", counts[2] ?? ""));
    const months = Array.from({ length: 12 }, (_, month) =>
      shown.filter(({ day }) => Number(day.slice(5, 7)) === month + 1),
    );
    part("calendar").replaceChildren(...months.map((month) => this.#month(month)));
    this.#beReachable(view.day);
  }

  clear(): void {
    part("calendar").replaceChildren();
  }

  #month(days: readonly (CompletenessDay & { readonly shown: Shown })[]): HTMLElement {
    const first = days[0]?.day ?? "2026-01-01";
    const name = this.#format.month(Number(first.slice(5, 7)));
    const id = `month-${first.slice(0, 7)}`;
    const weekdays = Array.from({ length: 7 }, (_, weekday) =>
      element("span", { class: "weekday", "aria-hidden": "true" }, this.#format.weekday(weekday, "narrow")),
    );
    const cells = days.map(({ day, hours, expected, shown }, place) => {
      const cell = this.#day(day, hours, expected, shown);
      if (place === 0) cell.classList.add(`from-${weekdayOf(day)}`);
      return cell;
    });
    return element(
      "section",
      { class: "month", "aria-labelledby": id },
      element("h3", { id }, name),
      element("div", { class: "days" }, ...weekdays, ...cells),
    );
  }

  #day(day: string, hours: number, expected: number, shown: Shown): HTMLElement {
    const number = String(Number(day.slice(8, 10)));
    const isAhead = shown === "future" || shown === "before";
    const said = isAhead ? "" : ` (${this.#words.hoursOf(this.#format.number(hours), this.#format.number(expected))})`;
    const text = `${this.#format.dayWithWeekday(day)}: ${this.#words.dayStates[shown]}${said}`;
    if (isAhead || this.#view === undefined) return element("span", { class: `cell ${shown}`, title: text }, number);
    const href = hashOf({ ...this.#view, by: "hour", day });
    return element(
      "a",
      { class: `cell ${shown}`, href, "aria-label": text, title: text, "data-day": day, tabindex: "-1" },
      number,
    );
  }

  /** The day that the tab key leads to: the one that is shown, or the newest. */
  #beReachable(day: string): void {
    const links = [...part("calendar").querySelectorAll<HTMLElement>("a.cell")];
    const target = links.find(({ dataset }) => dataset.day === day) ?? links.at(-1);
    for (const link of links) link.tabIndex = link === target ? 0 : -1;
  }

  #move(event: KeyboardEvent): void {
    const day = event.target instanceof HTMLElement ? event.target.dataset.day : undefined;
    const step = STEPS[event.key];
    if (day === undefined || step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    const next = part("calendar").querySelector<HTMLElement>(`a[data-day="${addDays(day, step)}"]`);
    event.preventDefault();
    if (next === null) return;
    this.#beReachable(next.dataset.day ?? day);
    next.focus();
  }
}
