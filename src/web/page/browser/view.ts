import { BYS, type By, clamped, type DaySpan, isDay } from "./days.js";

/** What the page shows, as its address says after the "#": so it can be reloaded, kept, sent, and gone back from. */
export interface View {
  /** Id of the metering point. */
  readonly point: string;
  readonly by: By;
  /** A local day within what is shown. */
  readonly day: string;
  readonly show: "energy" | "cost";
  /** Of the calendar. */
  readonly year: number;
}

/** Reads the address. What it does not say, or says of a point or a day that is not there, is the newest hour of the followed one. */
export function readView(hash: string, points: readonly ViewedPoint[]): View | undefined {
  const said = new URLSearchParams(hash.replace(/^#/, ""));
  const point =
    points.find(({ id }) => id === said.get("point")) ?? points.find(({ isFollowed }) => isFollowed) ?? points[0];
  if (point === undefined) return undefined;
  const { id, everything } = point;
  const by = BYS.find((known) => known === said.get("by")) ?? "day";
  const saidDay = said.get("day") ?? "";
  const day = isDay(saidDay) ? clamped(saidDay, everything) : everything.to;
  const [first, last] = [Number(everything.from.slice(0, 4)), Number(everything.to.slice(0, 4))];
  const saidYear = /^\d{4}$/.test(said.get("year") ?? "") ? Number(said.get("year")) : last;
  const show = said.get("show") === "cost" ? "cost" : "energy";
  return { point: id, by, day, show, year: Math.min(Math.max(saidYear, first), last) };
}

/** A metering point as far as the address needs it. */
export interface ViewedPoint {
  readonly id: string;
  readonly isFollowed: boolean;
  readonly everything: DaySpan;
}

/** The address of a view, from "#" on. */
export function hashOf({ point, by, day, show, year }: View): string {
  return `#${new URLSearchParams({ point, by, day, show, year: String(year) })}`;
}
