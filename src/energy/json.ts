import type { ExportedHour } from "./export.js";
import { localTimes } from "./helsinki.js";

/**
 * Hours as one JSON array, in pieces as they come, an hour a line. `start` is ISO 8601 with Finland's offset; the other
 * fields are those of `ExportedHour`, `null` where nobody has told.
 */
export async function* jsonOf(pages: AsyncIterable<readonly ExportedHour[]>): AsyncGenerator<string, void, undefined> {
  const timeAt = localTimes();
  let before = "[\n";
  for await (const hours of pages) {
    if (hours.length === 0) continue;
    yield before + hours.map((hour) => objectOf(hour, timeAt)).join(",\n");
    before = ",\n";
  }
  yield before === ",\n" ? "\n]\n" : "[]\n";
}

/** Hours as lines of JSON, an object each, with the fields of `jsonOf`. */
export async function* ndjsonOf(
  pages: AsyncIterable<readonly ExportedHour[]>,
): AsyncGenerator<string, void, undefined> {
  const timeAt = localTimes();
  for await (const hours of pages) {
    if (hours.length > 0) yield hours.map((hour) => `${objectOf(hour, timeAt)}\n`).join("");
  }
}

function objectOf({ startEpochMs, ...values }: ExportedHour, timeAt: ReturnType<typeof localTimes>): string {
  return JSON.stringify({ start: timeAt(startEpochMs).iso, ...values });
}
