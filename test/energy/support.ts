import type { EnergyRow } from "../../src/caruna/index.js";

const HOUR_MS = 3_600_000;

/** A row with this time stamp and nothing in it but what is given. */
export function row(timestamp: string, totalKwh: number | null = null, parts: Record<string, number> = {}): EnergyRow {
  return {
    timestamp,
    totalKwh,
    invoicedKwh: totalKwh,
    productionKwh: null,
    soldKwh: null,
    compensatedKwh: null,
    temperatureCelsius: 4,
    totalEur: null,
    distributionEur: null,
    baseEur: null,
    taxEur: null,
    vatEur: null,
    status: totalKwh === null ? null : 150,
    parts,
  };
}

/** The EU's rule in plain arithmetic, apart from the code under test: summer time between 01:00 UTC of two Sundays. */
export function offsetHours(epochMs: number): 2 | 3 {
  const year = new Date(epochMs).getUTCFullYear();
  return epochMs >= changeIn(year, 2) && epochMs < changeIn(year, 9) ? 3 : 2;
}

/** 01:00 UTC of the last Sunday of a month of 31 days. */
function changeIn(year: number, monthIndex: number): number {
  const last = new Date(Date.UTC(year, monthIndex, 31));
  return Date.UTC(year, monthIndex, 31 - last.getUTCDay(), 1);
}

/** `2026-03-29T02:00:00`, the wall clock in Helsinki. */
export function wall(epochMs: number): string {
  return new Date(epochMs + offsetHours(epochMs) * HOUR_MS).toISOString().slice(0, 19);
}

export function withOffset(epochMs: number): string {
  return `${wall(epochMs)}+0${offsetHours(epochMs)}:00`;
}

export function utc(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/** Starts of all hours that the wall clock dates with this day, e.g. `2026-03-29`. */
export function hoursDated(date: string): number[] {
  const noon = Date.parse(`${date}T10:00:00Z`);
  return Array.from({ length: 49 }, (_, index) => noon + (index - 24) * HOUR_MS).filter((hour) =>
    wall(hour).startsWith(date),
  );
}
