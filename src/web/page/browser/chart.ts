import uPlot from "./uPlot.js";

/** A row of bars or a line. Bars are drawn in the order given, so what stands behind comes first. */
export interface ChartSeries {
  readonly kind: "bars" | "line";
  /** Name of the CSS custom property with its colour. */
  readonly color: string;
  readonly values: readonly (number | null)[];
  /** `right`: on an axis of its own. */
  readonly axis: "left" | "right";
  /** Of a line, in pixels. */
  readonly width?: number;
  /** Of a line: lengths of its strokes and gaps in pixels; none where it is whole. */
  readonly dash?: readonly number[] | undefined;
}

/** What a chart shows: places side by side, each with a bar or a point of every series. */
export interface ChartPlan {
  readonly series: readonly ChartSeries[];
  /** Text below a place, given that only every n-th has room; `undefined`: none. */
  label(place: number, every: number): string | undefined;
  /** Which n may be chosen, smallest first. */
  readonly every: readonly number[];
  /** Width of the widest label in pixels. */
  readonly labelWidth: number;
  leftText(value: number): string;
  rightText(value: number): string;
  /** What is said of the place under the pointer. */
  readout(place: number): readonly Node[];
  /** A place was chosen, with the mouse or by a finger's second touch. */
  readonly onChoose?: ((place: number) => void) | undefined;
}

const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const BAR_SHARE = 0.76;
const WIDEST_BAR = 56;
/** Around a readout at the edge of the window, in pixels. */
const MARGIN = 12;
/** Opacity of a series beside one that is to stand out. */
const FADED = 0.15;

/**
 * A chart in a box of the page, which keeps its height and follows the box's width. Its colours are those of the style
 * sheet, in the scheme of the moment.
 */
export class Chart {
  readonly #box: HTMLElement;
  readonly #readout = document.createElement("div");
  readonly #highlight = document.createElement("div");
  #plot: uPlot | undefined;
  #plan: ChartPlan | undefined;
  /** The place that a finger touched last. */
  #touched: number | undefined;

  constructor(box: HTMLElement) {
    this.#box = box;
    this.#readout.className = "readout";
    this.#highlight.className = "highlight";
    new ResizeObserver(() => this.#fit()).observe(box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#plot?.redraw());
    // A mouse leaves the chart; a finger touches something else.
    document.addEventListener("pointerdown", ({ target }) => {
      if (target instanceof Node && !this.#box.contains(target)) this.#plot?.setCursor({ left: -10, top: -10 });
    });
  }

  show(plan: ChartPlan): void {
    this.clear();
    this.#plan = plan;
    const places = plan.series[0]?.values.length ?? 0;
    const columns = plan.series.map(({ values }) => [...values]);
    const plot = new uPlot(this.#options(plan, places), [
      Array.from({ length: places }, (_, place) => place),
      ...columns,
    ]);
    this.#box.append(plot.root);
    plot.under.append(this.#highlight);
    plot.over.append(this.#readout);
    this.#plot = plot;
    this.#listen(plot);
    this.#point(null);
  }

  /** Draws one series as it is and fades the others, by its place in the plan; `undefined`: none is faded. */
  emphasize(series: number | undefined): void {
    this.#plot?.setSeries(series === undefined ? null : series + 1, { focus: true });
  }

  clear(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
    this.#plan = undefined;
  }

  #listen(plot: uPlot): void {
    plot.over.addEventListener("click", (event) => {
      const place = plot.cursor.idx ?? undefined;
      if (place === undefined) return;
      // A finger's first touch shows what is there; it should not lead away at once.
      const isMouse = !(event instanceof PointerEvent) || event.pointerType === "mouse";
      const isSecond = place === this.#touched;
      this.#touched = place;
      if (isMouse || isSecond) this.#plan?.onChoose?.(place);
    });
  }

  #options(plan: ChartPlan, places: number): uPlot.Options {
    const hasRight = plan.series.some(({ axis }) => axis === "right");
    return {
      ...this.#size(),
      class: plan.onChoose === undefined ? "plain" : "choosable",
      padding: [10, hasRight ? 0 : 8, 0, 0],
      legend: { show: false },
      focus: { alpha: FADED },
      cursor: { x: false, y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: {
        x: { time: false, range: () => [-0.5, places - 0.5] },
        left: { range: (_, low, high) => leftRange(low, high, plan) },
        right: { range: (_, low, high) => rightRange(low, high) },
      },
      axes: [this.#bottomAxis(plan, places), ...sideAxes(plan, hasRight)],
      series: [{}, ...plan.series.map(seriesOptions)],
      hooks: { setCursor: [(plot) => this.#point(plot.cursor.idx ?? null)] },
    };
  }

  #bottomAxis(plan: ChartPlan, places: number): uPlot.Axis {
    return {
      ...axisLook(),
      size: 30,
      grid: { show: false },
      ticks: { show: false },
      splits: () => Array.from({ length: places }, (_, place) => place),
      values: (plot) => {
        const room = plot.bbox.width / uPlot.pxRatio / Math.max(1, places);
        const every = plan.every.find((count) => count * room >= plan.labelWidth) ?? plan.every.at(-1) ?? 1;
        return Array.from({ length: places }, (_, place) => plan.label(place, every) ?? null);
      },
      // Every place may have a label; which have one is decided above.
      space: 1,
    };
  }

  #size(): { width: number; height: number } {
    const { clientWidth, clientHeight } = this.#box;
    return { width: Math.max(200, clientWidth), height: Math.max(160, clientHeight) };
  }

  #fit(): void {
    const { width, height } = this.#size();
    if (this.#plot !== undefined && (this.#plot.width !== width || this.#plot.height !== height)) {
      this.#plot.setSize({ width, height });
    }
  }

  /** Shows what is under the pointer; `null`: nothing is. */
  #point(place: number | null): void {
    const [plot, plan] = [this.#plot, this.#plan];
    const isHidden = place === null || plot === undefined || plan === undefined || (plot.cursor.left ?? -1) < 0;
    this.#readout.hidden = isHidden;
    this.#highlight.hidden = isHidden;
    if (isHidden) {
      this.#touched = undefined;
      return;
    }
    this.#readout.replaceChildren(...plan.readout(place));
    const [left, right] = [plot.valToPos(place - 0.5, "x"), plot.valToPos(place + 0.5, "x")];
    this.#highlight.style.transform = `translateX(${left}px)`;
    this.#highlight.style.width = `${right - left}px`;
    // Where the page is narrow it stands at an edge of the window: the lower one, unless it would hide the chart.
    const { bottom } = this.#box.getBoundingClientRect();
    this.#readout.classList.toggle("upper", bottom + this.#readout.offsetHeight + 2 * MARGIN > innerHeight);
    const room = plot.over.clientWidth - this.#readout.offsetWidth;
    const beside = right + 8 <= room ? right + 8 : left - 8 - this.#readout.offsetWidth;
    this.#readout.style.transform = `translateX(${Math.round(Math.min(Math.max(0, beside), Math.max(0, room)))}px)`;
  }
}

/** The colour of that name in the scheme of the moment. */
function colorOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function axisLook(): uPlot.Axis {
  return { font: FONT, stroke: () => colorOf("--quiet") };
}

function sideAxes(plan: ChartPlan, hasRight: boolean): uPlot.Axis[] {
  const common = { ...axisLook(), ticks: { show: false }, gap: 8, space: 44 };
  const grid = { stroke: () => colorOf("--line"), width: 1 };
  const left: uPlot.Axis = {
    ...{ ...common, grid, scale: "left", size: 52 },
    values: (_, splits) => splits.map((value) => plan.leftText(value)),
  };
  const right: uPlot.Axis = {
    ...{ ...common, grid: { show: false }, scale: "right", side: 1, size: 44, incrs: [1, 2, 5, 10, 20] },
    values: (_, splits) => splits.map((value) => plan.rightText(value)),
  };
  return hasRight ? [left, right] : [left];
}

function seriesOptions({ kind, color, axis, width = 2, dash }: ChartSeries): uPlot.Series {
  const common = { scale: axis, points: { show: false } };
  if (kind === "line") {
    return {
      ...common,
      stroke: () => colorOf(color),
      width,
      ...(dash && { dash: [...dash] }),
      points: { show: true, size: width + 3, fill: () => colorOf(color) },
    };
  }
  const bars = uPlot.paths.bars?.({ size: [BAR_SHARE, WIDEST_BAR] });
  const separate = { stroke: () => colorOf("--surface"), width: 1 };
  return { ...common, ...separate, fill: () => colorOf(color), ...(bars && { paths: bars }) };
}

/** From zero, or below where something is produced; bars leave some room above. */
function leftRange(low: number | null, high: number | null, plan: ChartPlan): uPlot.Range.MinMax {
  const hasBars = plan.series.some(({ kind, axis }) => kind === "bars" && axis === "left");
  const [least, most] = [Math.min(0, low ?? 0), Math.max(0, high ?? 0)];
  if (most === least) return [0, 1];
  return [least < 0 ? least * 1.08 : 0, most * (hasBars ? 1.06 : 1.1)];
}

/** At least ten degrees, so that a mild day does not look like a fever. */
function rightRange(low: number | null, high: number | null): uPlot.Range.MinMax {
  const [least, most] = [low ?? 0, high ?? 0];
  const spare = Math.max(10 - (most - least), 0) / 2 + 1;
  return [Math.floor(least - spare), Math.ceil(most + spare)];
}
