import type { ExportedHour } from "./export.js";
import { localTime } from "./helsinki.js";

/**
 * Hours as one JSON array, in pieces as they come, an hour a line. `start` is ISO 8601 with Finland's offset; the other
 * fields are those of `ExportedHour`, `null` where nobody has told.
 */
export async function* jsonOf(pages: AsyncIterable<readonly ExportedHour[]>): AsyncGenerator<string, void, undefined> {
  let before = "[\n";
  for await (const hours of pages) {
    if (hours.length === 0) continue;
    yield before + hours.map(objectOf).join(",\n");
    before = ",\n";
  }
  yield before === ",\n" ? "\n]\n" : "[]\n";
}

/** Hours as lines of JSON, an object each, with the fields of `jsonOf`. */
export async function* ndjsonOf(
  pages: AsyncIterable<readonly ExportedHour[]>,
): AsyncGenerator<string, void, undefined> {
  for await (const hours of pages) {
    if (hours.length > 0) yield hours.map((hour) => `${objectOf(hour)}\n`).join("");
  }
}

function objectOf({ startEpochMs, ...values }: ExportedHour): string {
  return JSON.stringify({ start: localTime(startEpochMs).iso, ...values });
}
