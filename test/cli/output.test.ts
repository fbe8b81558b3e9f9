import { expect, test } from "vitest";
import { bar, columns, plainBar } from "../../src/cli/chart.js";
import { table } from "../../src/cli/output.js";

const COLUMNS = [
  { head: "id" },
  { head: "address", spare: 1 },
  { head: "kWh", isNumber: true },
  { head: "fuse", spare: 2 },
];
const ROWS = [
  ["A1", "Mäntykuja 7, Järvenpää", "1.50", "3x25"],
  ["B22", "Å", "1234.00", "3x35"],
];

test("a table is aligned by what is seen, numbers to the right", () => {
  expect(table(COLUMNS, ROWS, 80)).toBe(
    [
      "id   address                     kWh  fuse",
      "A1   Mäntykuja 7, Järvenpää     1.50  3x25",
      "B22  Å                       1234.00  3x35",
    ].join("\n"),
  );
  // Letters made of two code points, a dot above or an accent, take one place each.
  const composed = table([{ head: "x" }, { head: "y" }], [["a\u0308a\u030A", "1"]], 80);
  expect(composed).toBe("x   y\na\u0308a\u030A  1");
});

test("where there is little room whole columns go, the most spare first, and are named; no cell is cut", () => {
  expect(table(COLUMNS, ROWS, 40)).toBe(
    [
      "id   address                     kWh",
      "A1   Mäntykuja 7, Järvenpää     1.50",
      "B22  Å                       1234.00",
      "No room in this terminal for: fuse.",
    ].join("\n"),
  );
  const narrow = ["id       kWh", "A1      1.50", "B22  1234.00", "No room in this terminal for: address, fuse."];
  expect(table(COLUMNS, ROWS, 20)).toBe(narrow.join("\n"));
  expect(table(COLUMNS, ROWS, 5)).toBe(narrow.join("\n"));
});

test("what would move the cursor or change colours does not get to the terminal", () => {
  expect(table([{ head: "x" }], [["a\u001B[31mb\r\nc\u0007"]], 80)).toBe("x\na [31mb c");
});

test("a bar is as long as its share, to an eighth of a character; in a file to a character", () => {
  expect([0, 0.5, 1, 1.5, -1].map((share) => bar(share, 4))).toEqual(["", "██", "████", "████", ""]);
  expect([1 / 32, 0.5 + 3 / 32].map((share) => bar(share, 4))).toEqual(["▏", "██▍"]);
  expect([0, 0.5, 1].map((share) => plainBar(share, 4))).toEqual(["", "##", "####"]);
});

test("columns in one line: the highest is the greatest, a dot where there is none", () => {
  expect(columns([8, 4, null, 0.1, 0]).join("")).toBe("█▄·▁▁");
  expect(columns([0, null]).join("")).toBe("▁·");
});
