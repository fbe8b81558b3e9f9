/**
 * What becomes of a stored hour when Caruna+ reports it again, as SQL: the one place of these rules.
 *
 * NULL never overwrites a value. A split (`kwh_day`, `kwh_night`, `kwh_night_winter`, `tariff`, `split_source`) has one
 * source: Caruna+'s own parts replace the calendar's as a whole, and the calendar's replace Caruna+'s only where the total
 * is another since, or what is invoiced of it (parts are of that). Of one source, a part that is left out now is 0, as Caruna+ leaves out what is 0.
 */

/** The columns of both tables of hours. */
export const ENERGY_COLUMNS = ["kwh_total", "kwh_day", "kwh_night", "kwh_night_winter", "tariff"] as const;

const PARTS: readonly string[] = ["kwh_day", "kwh_night", "kwh_night_winter"];

/** The expression for each column of `metering_point_hourly`, given what names the stored row and the reading. */
export function mergedHour(columns: readonly string[], stored: string, reading: string): string[] {
  const isOtherSource = `${stored}.split_source IS DISTINCT FROM ${reading}.split_source`;
  const isOverridden = `${reading}.split_source = 'calendar' AND ${isOtherSource}
      AND ${stored}.kwh_total IS NOT DISTINCT FROM ${reading}.kwh_total
      AND COALESCE(${stored}.kwh_invoiced = ${reading}.kwh_invoiced, true)`;
  const keepsSplit = `${hasParts(stored)} AND (NOT ${hasParts(reading)} OR COALESCE(${isOverridden}, false))`;
  return columns.map((column) => {
    const [before, after] = [`${stored}.${column}`, `${reading}.${column}`];
    if (PARTS.includes(column))
      return `CASE WHEN NOT ${hasParts(reading)} OR ${keepsSplit} THEN ${before}
        WHEN ${isOtherSource} OR ${before} IS NULL THEN ${after} ELSE COALESCE(${after}, 0) END`;
    if (column === "tariff")
      return `CASE WHEN ${keepsSplit} THEN COALESCE(${before}, ${after}) ELSE COALESCE(${after}, ${before}) END`;
    if (column === "split_source")
      return `CASE WHEN ${keepsSplit} THEN ${before} ELSE COALESCE(${after}, ${before}) END`;
    return `COALESCE(${after}, ${before})`;
  });
}

/**
 * The expression for each of `ENERGY_COLUMNS` in `energy_hourly`, whose row may be of unknown origin: the hour's split
 * replaces it as a whole; where the hour has none, the row keeps its own.
 */
export function mirroredHour(stored: string, hour: string): string[] {
  return ENERGY_COLUMNS.map((column) => {
    const [before, after] = [`${stored}.${column}`, `${hour}.${column}`];
    if (PARTS.includes(column)) return `CASE WHEN ${hasParts(hour)} THEN ${after} ELSE ${before} END`;
    if (column === "tariff")
      return `CASE WHEN ${hasParts(stored)} AND NOT ${hasParts(hour)} THEN COALESCE(${before}, ${after})
        ELSE COALESCE(${after}, ${before}) END`;
    return `COALESCE(${after}, ${before})`;
  });
}

/** Whether some column would become another. */
export function becomesOther(columns: readonly string[], stored: string, merged: readonly string[]): string {
  return `(${columns.map((column) => `${stored}.${column}`).join(", ")}) IS DISTINCT FROM (${merged.join(", ")})`;
}

/**
 * Whether some column of a table would be stored with another value than it has. Its owner may have given a column another
 * type (real, numeric), which rounds what is written to it: a value that is rounded to the stored one is no other.
 */
export function wouldStoreOther(table: string, columns: readonly string[], stored: string, merged: readonly string[]) {
  const pairs = columns.map((column, index) => `'${column}', ${merged[index]}`).join(", ");
  const rounded = `jsonb_populate_record(NULL::${table}, jsonb_build_object(${pairs})) AS rounded`;
  const asRounded = columns.map((column) => `rounded.${column}`);
  // Most hours are unchanged: rounding, which takes its time, is for the others.
  return `CASE WHEN ${becomesOther(columns, stored, merged)}
    THEN EXISTS (SELECT FROM ${rounded} WHERE ${becomesOther(columns, stored, asRounded)}) ELSE false END`;
}

/** Whether a value is stored that the reading does not have, and that stays. */
export function keepsMore(columns: readonly string[], stored: string, reading: string): string {
  const isKept = columns
    .filter((column) => !PARTS.includes(column))
    .map((column) => `${stored}.${column} IS NOT NULL AND ${reading}.${column} IS NULL`);
  return `(${[...isKept, `${hasParts(stored)} AND NOT ${hasParts(reading)}`].join(" OR ")})`;
}

function hasParts(row: string): string {
  return `(COALESCE(${row}.kwh_day, ${row}.kwh_night, ${row}.kwh_night_winter) IS NOT NULL)`;
}
