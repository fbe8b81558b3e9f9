import { Temporal } from "temporal-polyfill";
import type { Resolution } from "../caruna/index.js";
import type { Amounts } from "../energy/index.js";

/** What is to be shown of a metering point, straight from Caruna+. */
export interface EnergyWish {
  /** Asset id or GSRN; undefined: the one of the settings, or the only one. */
  readonly meteringPoint?: string | undefined;
  /** Local days, both included; without the last, up to yesterday. */
  readonly from: Temporal.PlainDate;
  readonly to?: Temporal.PlainDate | undefined;
  readonly resolution: Resolution;
}

export interface EnergyShown {
  /** Asset id. */
  readonly meteringPoint: string;
  readonly resolution: Resolution;
  /** Earliest first, without what is not published yet. */
  readonly energy: readonly Amounts[];
}

/** A person who wants to see more than this at once wants the database: a year of hours, three decades of days. */
export const MOST_REQUESTS_SHOWN = 366;

/** To show so much, Caruna+ would have to be asked too often. */
export class TooMuchAsked extends Error {
  override readonly name = "TooMuchAsked";

  constructor(requests: number, resolution: Resolution) {
    super(
      `--resolution ${resolution} would take ${requests} requests for these days, and ${MOST_REQUESTS_SHOWN} is the limit; ` +
        "choose fewer days, or load them with backfill and use export.",
    );
  }
}

export function requestsFor({
  from,
  to,
  resolution,
}: Required<Pick<EnergyWish, "from" | "resolution">> & { to: Temporal.PlainDate }): number {
  if (resolution === "hour") return from.until(to, { largestUnit: "day" }).days + 1;
  const years = to.year - from.year;
  return resolution === "month" ? years + 1 : years * 12 + to.month - from.month + 1;
}

export function latest(one: Temporal.PlainDate, other: Temporal.PlainDate): Temporal.PlainDate {
  return Temporal.PlainDate.compare(one, other) > 0 ? one : other;
}
