import { expect, test } from "vitest";
import { csvOf, type ExportedHour, jsonOf, ndjsonOf } from "../../src/energy/index.js";
import { meteredHour } from "../support/metered-hours.js";

const HOUR_MS = 3_600_000;
/** 03:00 of 25 October 2026 in summer time; the hour after it is 03:00 once more. */
const FIRST_THREE_MS = Date.UTC(2026, 9, 25);

async function* pagesOf(...pages: readonly ExportedHour[][]) {
  yield* pages;
}

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}

const hour = (startEpochMs: number, values: Partial<ExportedHour> = {}): ExportedHour => ({
  ...meteredHour(startEpochMs),
  ...values,
});

const HEAD =
  "datetime,kwh_total,kwh_day,kwh_night,kwh_night_winter,kwh_invoiced,kwh_production,kwh_sold,kwh_compensated," +
  "temperature_celsius,eur_total,eur_distribution,eur_base,eur_tax,eur_vat,tariff,status";

test("hours as RFC 4180: CRLF, decimal points, times with the offset of Finland, nothing where nothing is told", async () => {
  const pages = pagesOf(
    [hour(FIRST_THREE_MS, { kwhTotal: 0.25, kwhNight: 0.25, tariff: "night", temperatureCelsius: -3.5, status: 150 })],
    [],
    [hour(FIRST_THREE_MS + HOUR_MS, { kwhTotal: null, tariff: null })],
  );
  expect(await textOf(csvOf(pages))).toBe(
    [
      HEAD,
      "2026-10-25T03:00:00+03:00,0.25,,0.25,,,,,,-3.5,,,,,,night,150",
      "2026-10-25T03:00:00+02:00,,,,,,,,,,,,,,,,",
      "",
    ].join("\r\n"),
  );
});

test("for Excel in Finland: byte order mark, semicolons, decimal commas, the wall clock and how far it is ahead", async () => {
  const pages = pagesOf([
    hour(FIRST_THREE_MS, { kwhTotal: 1.25, temperatureCelsius: -0.5, eurTotal: 1e-7 }),
    hour(FIRST_THREE_MS + HOUR_MS, { kwhTotal: 1000 }),
  ]);
  expect(await textOf(csvOf(pages, { locale: "fi" }))).toBe(
    [
      `\uFEFF${HEAD.replace("datetime", "datetime,utc_offset_hours").replaceAll(",", ";")}`,
      "2026-10-25 03:00;3;1,25;;;;;;;;-0,5;1e-7;;;;;other_times;",
      "2026-10-25 03:00;2;1000;;;;;;;;;;;;;;other_times;",
      "",
    ].join("\r\n"),
  );
});

test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", '=HYPERLINK("http://127.0.0.1","a,b;c")'])(
  "a text that a spreadsheet program would run is no formula any more: %j",
  async (tariff) => {
    for (const locale of ["en", "fi"] as const) {
      const [, line = ""] = (await textOf(csvOf(pagesOf([hour(0, { tariff })]), { locale }))).split("\r\n");
      const cell = line.split(locale === "fi" ? ";" : ",").slice(locale === "fi" ? 16 : 15)[0];
      expect(cell).toMatch(/^"?'/);
    }
  },
);

test("a text with quotes, separators and line ends stays one cell", async () => {
  const text = await textOf(csvOf(pagesOf([hour(0, { tariff: 'a "b", c\r\nd' })])));
  expect(text).toContain(',"a ""b"", c\r\nd",');
});

test("no hours: the head alone, an empty array, no line", async () => {
  expect(await textOf(csvOf(pagesOf()))).toBe(`${HEAD}\r\n`);
  expect(await textOf(jsonOf(pagesOf([])))).toBe("[]\n");
  expect(await textOf(ndjsonOf(pagesOf([])))).toBe("");
});

test("JSON and lines of JSON hold the same hours, with everything that is told of them", async () => {
  const parts = { nighttime: 0.25 };
  const pages = () => pagesOf([hour(FIRST_THREE_MS, { parts })], [], [hour(FIRST_THREE_MS + HOUR_MS)]);
  const { startEpochMs: _, ...values } = meteredHour(0);
  const expected = [
    { start: "2026-10-25T03:00:00+03:00", ...values, parts },
    { start: "2026-10-25T03:00:00+02:00", ...values },
  ];
  expect(JSON.parse(await textOf(jsonOf(pages())))).toEqual(expected);
  const lines = (await textOf(ndjsonOf(pages()))).trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual(expected);
});

test("a page becomes a piece before the next is asked for", async () => {
  const asked: string[] = [];
  async function* pages() {
    for (const name of ["first", "second"]) {
      asked.push(name);
      yield [hour(0)];
    }
  }
  const pieces = csvOf(pages());
  await pieces.next();
  await pieces.next();
  expect(asked).toEqual(["first"]);
});
