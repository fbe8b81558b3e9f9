import type { Completeness, Overview, OverviewPoint, Series } from "../../api.js";
import { askCompleteness, askOverview, askSeries, NoAccess, NoAnswer, Refused } from "./answers.js";
import { Calendar } from "./calendar.js";
import { Consumption } from "./consumption.js";
import { addDays, type DaySpan, dayOf, HOUR_MS, spanOf, startOf } from "./days.js";
import { element, part, write } from "./elements.js";
import { showFacts } from "./facts.js";
import { Format } from "./format.js";
import { monthsOf, slotsOf } from "./slots.js";
import { type State, stateOf } from "./state.js";
import { hashOf, readView, type View, type ViewedPoint } from "./view.js";
import { isLanguage, type Words, wordsOf } from "./words.js";
import { Years } from "./years.js";

/** How long the page waits before it asks again how things are: when all is well, while much comes in, and after trouble. */
const WAITS_MS = { well: 30_000, working: 10_000, trouble: 5_000 } as const;

interface Kept {
  /** Changes when the store does, and with the day. */
  readonly stored: string;
  readonly history: Series;
  readonly year: number;
  readonly completeness: Completeness;
}

/** The page: what its address says it shows, and follows what the program has. */
class Page {
  readonly #words: Words;
  readonly #format: Format;
  readonly #consumption: Consumption;
  readonly #years: Years;
  readonly #calendar: Calendar;
  #overview: Overview | undefined;
  /** What was loaded last, so that the same is not asked for again. */
  #kept: Kept | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What is on the screen: the state of the store and the address. */
  #shown = "";

  constructor(words: Words) {
    this.#words = words;
    this.#format = new Format(words);
    this.#consumption = new Consumption(words, this.#format);
    this.#years = new Years(words, this.#format);
    this.#calendar = new Calendar(words, this.#format, () => this.#goToConsumption());
  }

  start(): void {
    addEventListener("hashchange", () => this.#update(() => this.#showView()));
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#update(() => this.#refresh());
    });
    part("point", HTMLSelectElement).addEventListener("change", ({ target }) => {
      const view = this.#view();
      if (view !== undefined && target instanceof HTMLSelectElement)
        location.hash = hashOf({ ...view, point: target.value });
    });
    for (const link of part("languages").querySelectorAll("a")) {
      // What is shown stays, in another language.
      link.addEventListener("click", () => {
        link.hash = location.hash;
      });
    }
    this.#update(() => this.#refresh());
  }

  /** Runs a step of the page; what goes wrong is told in it. Then waits for the next time. */
  async #update(step: () => Promise<void>): Promise<void> {
    clearTimeout(this.#timer);
    let wait: keyof typeof WAITS_MS = "well";
    try {
      await step();
      part("trouble").hidden = true;
      if (part("state").dataset.level === "working") wait = "working";
    } catch (error) {
      this.#showTrouble(error);
      wait = "trouble";
    }
    clearTimeout(this.#timer);
    // A page that nobody looks at asks again when somebody does.
    this.#timer = setTimeout(() => document.hidden || this.#update(() => this.#refresh()), WAITS_MS[wait]);
  }

  async #refresh(): Promise<void> {
    const overview = await askOverview();
    // Another version answers: its page may be another, too.
    if (this.#overview !== undefined && this.#overview.version !== overview.version) location.reload();
    this.#overview = overview;
    this.#showPoints(overview);
    await this.#showView();
  }

  #view(): View | undefined {
    const { points, now } = this.#overview ?? { points: [], now: 0 };
    return readView(
      location.hash,
      points.map((point) => viewed(point, now)),
    );
  }

  async #showView(): Promise<void> {
    const overview = this.#overview;
    if (overview === undefined) return;
    const view = this.#view();
    const point = overview.points.find(({ id }) => id === view?.point);
    showState(stateOf(overview, point, this.#words, this.#format), this.#words);
    showFacts(overview, point, this.#words, this.#format);
    const hasHours = point !== undefined && point.lastHour !== null;
    for (const id of ["consumption", "completeness"]) part(id).hidden = !hasHours;
    if (!hasHours) part("years").hidden = true;
    if (hasHours && view !== undefined) await this.#showHours(view, point, overview.now);
    part("main").removeAttribute("aria-busy");
  }

  async #showHours(view: View, point: OverviewPoint, now: number): Promise<void> {
    part("point", HTMLSelectElement).value = view.point;
    const { everything } = viewed(point, now);
    const { hours, firstHour, lastHour, gapHours, verified } = point;
    const stored = JSON.stringify([point.id, hours, firstHour, lastHour, gapHours, verified, dayOf(now)]);
    if (this.#shown === `${stored} ${hashOf(view)}`) return;
    const span = spanOf(view.by, view.day, everything);
    const [series, history, completeness] = await Promise.all([
      askSeries(view.point, view.by, span),
      this.#kept?.stored === stored ? this.#kept.history : askSeries(view.point, "month", undefined),
      this.#kept?.stored === stored && this.#kept.year === view.year
        ? this.#kept.completeness
        : askCompleteness(view.point, view.year),
    ]);
    const wanted = this.#view();
    // Somebody went on while this was on its way.
    if (wanted === undefined || hashOf(wanted) !== hashOf(view)) return;
    const months = monthsOf(history);
    if (this.#kept?.history !== history) this.#years.show(months);
    const hoursExpected = expectedBetween(span, point, now);
    this.#consumption.show({ view, slots: slotsOf(series, view.by, span), span, hoursExpected, everything, months });
    this.#calendar.show(view, completeness, everything);
    this.#kept = { stored, history, year: view.year, completeness };
    this.#shown = `${stored} ${hashOf(view)}`;
  }

  #showPoints({ points }: Overview): void {
    const select = part("point", HTMLSelectElement);
    const options = points.map(({ id, address, product }) => ({
      id,
      name: [address || id, product].filter(Boolean).join(" · "),
    }));
    if (select.options.length !== options.length) {
      select.replaceChildren(...options.map(({ id, name }) => element("option", { value: id }, name)));
    }
    part("points").hidden = points.length < 2;
    const only = points.length === 1 ? options[0]?.name : undefined;
    write(part("only-point"), only ?? "");
    part("only-point").hidden = only === undefined;
  }

  #goToConsumption(): void {
    const heading = part("consumption-heading");
    heading.focus({ preventScroll: true });
    heading.scrollIntoView();
  }

  #showTrouble(error: unknown): void {
    const words = this.#words;
    const [sentence, next] =
      error instanceof NoAccess
        ? [words.noAccess, words.noAccessNext]
        : error instanceof NoAnswer
          ? [words.serverGone, words.serverGoneNext]
          : [words.answerFailed, error instanceof Refused ? error.message : String(error)];
    write(part("trouble-sentence"), sentence);
    write(part("trouble-next"), next);
    part("trouble").hidden = false;
    part("main").removeAttribute("aria-busy");
  }
}

function showState({ level, sentence, next, said }: State, words: Words): void {
  part("state").dataset.level = level;
  write(part("state-sentence"), sentence);
  write(part("state-next"), next.join(" "));
  const items = said.map(({ message, nextStep }) => {
    const whatToDo = element("p", {}, `${words.whatToDo} `, element("span", { lang: "en" }, nextStep));
    return element("li", {}, element("p", { lang: "en" }, message), ...(nextStep === "" ? [] : [whatToDo]));
  });
  const list = part("state-said");
  list.hidden = items.length === 0;
  const texts = (children: Iterable<Element>) => JSON.stringify([...children].map(({ textContent }) => textContent));
  if (texts(list.children) !== texts(items)) list.replaceChildren(...items);
}

/** The days of a metering point that have hours; today where none has, which then shows nothing. */
function viewed({ id, isFollowed, firstHour, lastHour }: OverviewPoint, now: number): ViewedPoint {
  const today = dayOf(now);
  const [from, to] = [firstHour, lastHour].map((hour) => (hour === null ? today : dayOf(hour)));
  return { id, isFollowed, everything: { from: from ?? today, to: to ?? today } };
}

/**
 * Hours of those days from the first stored hour to the end of yesterday, or to the newest where it is of today: what is
 * still to come is not missing.
 */
function expectedBetween({ from, to }: DaySpan, { firstHour, lastHour }: OverviewPoint, now: number): number {
  if (firstHour === null || lastHour === null) return 0;
  const start = Math.max(startOf(from), firstHour);
  const end = Math.min(startOf(addDays(to, 1)), Math.max(startOf(dayOf(now)), lastHour + HOUR_MS));
  return Math.max(0, (end - start) / HOUR_MS);
}

const language = document.documentElement.lang;
new Page(wordsOf(isLanguage(language) ? language : "en")).start();
