import fc from "fast-check";
import { ALL_SETTINGS } from "../../src/config/settings.js";
import type { Recording } from "./recordings.js";

/** What a parser is made to read, so that most of its inputs come near to something that it knows. */
export type Kind = "answer" | "markup" | "json" | "words";

const MARKUP = [
  "<div class=error>",
  "</div>",
  "<form action=/x method=post>",
  "</form>",
  "<input type=password name=p>",
  "<table>",
  "<tr>",
  "<select>",
  "<option>",
  "<script>",
  "</script>",
  "<noscript>",
  "<template>",
  "<fieldset disabled>",
  "<label for=u>",
  "<!--",
  "-->",
  "<![CDATA[",
  "]]>",
  "&amp;",
  "&#x110000;",
  "&#0;",
  "&lt;",
  "<meta http-equiv=refresh content='0;url=/n'>",
  "<meta http-equiv=refresh content='9.9.9 ,/n'>",
  "<base href='//['>",
  'Wicket.Ajax.ajax({"u":"',
  '"c":"i"})',
  "location.href='",
  "document.forms[0].submit()",
  "<svg>",
  "<math>",
  "<plaintext>",
  "<textarea>",
  "<ajax-response>",
  "<component>",
  "<redirect>",
  "</redirect>",
  "<evaluate>",
  "errorGenericPage",
  "vahvistuskoodi",
];
const JSON_PIECES = [
  "__proto__",
  "constructor",
  "1e309",
  "-1e309",
  "-0",
  "1e9",
  "NaN",
  "null",
  "{}",
  "[]",
  '""',
  `${"[".repeat(300)}${"]".repeat(300)}`,
  '{"__proto__":{"polluted":1}}',
  '"__proto__":{"polluted":1},',
  '"timestamp":"2025-03-30T03:00:00+02:00"',
  '"totalConsumption":1e308',
  '"expiresAt":1e300',
  '"9007199254740993"',
];
const WORDS = [
  "=",
  '"',
  "'",
  "`",
  "\\",
  "#",
  ";",
  "[",
  "]",
  "{",
  "}",
  "%",
  "%zz",
  ":",
  "@",
  "/",
  "\n",
  "\r",
  ",",
  " ",
  "\uFEFF",
  "\0",
  "\uD800",
  "\u202E",
  "\u001b[2J",
  "2026-02-30T00:00",
  "9999-12-31T23:59:59,999999999Z",
  "0000-00-00T00:00",
  "-000001-01-01",
  "+275760-09-13T00:00Z",
  "postgresql://u:p@[::1]:5432/d",
  "?sslmode=",
  "export A=",
  "1e5",
  "0x10",
  "٣",
  "99999999999999999999",
  "-1",
  "1.5",
  "*.",
  "xn--",
];
const FRAGMENTS = [...MARKUP, ...JSON_PIECES, ...WORDS];

/** Texts of people, which nothing sends over a wire. */
const WRITTEN: readonly string[] = [
  '[caruna]\nusername = a\npassword = "b\\"c" ; x\n[main]\ndays_to_load = 5 ; days\n',
  "CARUNA_USER=a\nexport CARUNA_PASSWORD='b#c'\n# NAME=x\nNAME=`several\nlines`\n",
  "postgresql://user:pass@localhost:5432/db?sslmode=require",
  "2026-03-28\n2026-03-29 # the clocks\n\n2026-10-25\n",
  "2026-03-29T03:00:00+02:00",
  "2026-10-25T03:00",
  "Wed, 21 Oct 2026 07:28:00 GMT",
  "120",
  "plus.caruna.fi, *.caruna.fi, localhost:8443",
  ...ALL_SETTINGS.map(({ example }) => example),
];

/** State files, which only the program itself writes, and disks damage. */
const STATE: readonly string[] = [
  '{"account":"a","token":"t","expiresAtEpochMs":1764000000000,"ownCustomerNumbers":["1"],"representedCustomerNumbers":[],"cookies":"{}","cookiesFailedAtEpochMs":1}',
  '{"endedEpochMs":1764000000000,"nextDueEpochMs":1764003600000,"problem":null,"pageUrl":"http://127.0.0.1:8480/"}',
];

interface Edit {
  readonly kind: number;
  readonly where: number;
  readonly length: number;
  readonly times: number;
  readonly fragment: string;
}

/** One damage, as disks, networks, careless programs and hostile ones do it. */
function damaged(text: string, other: string, { kind, where, length, times, fragment }: Edit): string {
  const at = where % (text.length + 1);
  // Of a short text a part is left.
  const end = at + (length % (Math.ceil(text.length / 4) + 1));
  switch (kind) {
    case 0:
      return text.slice(0, at) + fragment + text.slice(end);
    case 1:
      return text.slice(0, at) + fragment.repeat(times) + text.slice(at);
    case 2:
      return text.slice(0, end) + text.slice(at, end).repeat(times) + text.slice(end);
    case 3:
      return text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << (length % 8))) + text.slice(at + 1);
    case 4:
      return text.slice(0, at);
    case 5:
      return text.slice(0, at) + other.slice(at, end) + text.slice(end);
    case 6:
      return tagRepeated(text, at, times);
    default:
      return valueReplaced(text, at, fragment);
  }
}

/** The next tag, many times: elements inside each other, or one after the other. */
function tagRepeated(text: string, at: number, times: number): string {
  const start = text.indexOf("<", at);
  const end = start === -1 ? -1 : text.indexOf(">", start);
  return end === -1 ? text : text.slice(0, start) + text.slice(start, end + 1).repeat(times) + text.slice(end + 1);
}

/** Another value for the next key of JSON, or for the next attribute. */
function valueReplaced(text: string, at: number, fragment: string): string {
  const value = /[:=]\s*("[^"]*"|'[^']*'|[^\s,}\]>]+)/g;
  value.lastIndex = at;
  const match = value.exec(text);
  if (match === null) return text + fragment;
  const [whole, old = ""] = match;
  const start = match.index + whole.length - old.length;
  return text.slice(0, start) + fragment + text.slice(start + old.length);
}

const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.nat(8),
  where: fc.nat(),
  length: fc.nat(400),
  times: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 200 })),
  fragment: fc.constantFrom("", ...FRAGMENTS),
});

/** Bytes of another encoding, or of none, as a reader that expects UTF-8 sees them. */
function misread(text: string, encoding: string, where: number): string {
  if (encoding === "utf16be") return Buffer.from(text, "utf16le").swap16().toString("utf8");
  if (encoding === "byte order mark") return `\uFEFF${text}`;
  if (encoding === "bad bytes") {
    const bytes = Buffer.from(text, "utf8");
    const at = where % (bytes.length + 1);
    const bad = Buffer.from([0xc3, 0x28, 0xed, 0xa0, 0x80, 0xf8, 0xff, 0x00]);
    return Buffer.concat([bytes.subarray(0, at), bad, bytes.subarray(at)]).toString("utf8");
  }
  return Buffer.from(text, encoding === "latin1" ? "latin1" : "utf16le").toString("utf8");
}

const ENCODINGS = ["latin1", "utf16le", "utf16be", "byte order mark", "bad bytes"];

/** Values that no field of JSON was meant to have. */
const HOSTILE_VALUES = [
  ...["1e309", "-1e309", "1e308", "1e300", "-0", "0", "-1", "1.5", "1e9", "1000000001", "9007199254740993"],
  ...["null", "true", "{}", "[]", '""', '"1,5"', '"1e5"', '"NaN"', '"-3"', '" "', '"9999-12-31T23:59:59Z"'],
  ...['"2025-03-30T03:00:00+02:00"', '"2025-02-30"', '"0000-01-01"', '"\\u0000"', '"\\ud800"', '"\\u001b[2J"', '".."'],
  ...['{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}', '{"toString":1}'],
  `"${"9".repeat(400)}"`,
  `"${"x".repeat(300)}"`,
  `${"[".repeat(300)}${"]".repeat(300)}`,
];

interface JsonEdit {
  readonly kind: number;
  readonly where: number;
  readonly times: number;
  readonly value: string;
}

/** JSON that is JSON still, with some of its values replaced, left out, repeated, wrapped or given another name. */
function jsonDamaged(text: string, edits: readonly JsonEdit[]): string {
  const whole: unknown = JSON.parse(text);
  const values = countOf(whole);
  const byPlace = new Map(edits.map((one) => [one.where % values, one]));
  let place = 0;
  const write = (value: unknown, name: string): string => {
    const own = place++;
    const one = byPlace.get(own);
    const named = name === "" ? "" : `${JSON.stringify(name)}:`;
    const inner = Array.isArray(value)
      ? `[${joined(value.map((item) => write(item, "")))}]`
      : typeof value === "object" && value !== null
        ? `{${joined(Object.entries(value).map(([key, item]) => write(item, key)))}}`
        : JSON.stringify(value);
    if (one === undefined) return named + inner;
    const { kind, times, value: hostile } = one;
    if (kind === 0 && own > 0) return "";
    if (kind === 1) return joined(Array.from({ length: own > 0 ? times : 1 }, () => named + inner));
    if (kind === 2) return `${named}[${inner}]`;
    if (kind === 3) return `${named}{"data":${inner},"__proto__":${inner}}`;
    if (kind === 4 && name !== "") return `"__proto__":${inner}`;
    return named + hostile;
  };
  return write(whole, "");
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(",");
}

function countOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce((sum: number, inner: unknown) => sum + countOf(inner), 1);
}

const jsonEdit: fc.Arbitrary<JsonEdit> = fc.record({
  kind: fc.nat(12),
  where: fc.nat(),
  times: fc.integer({ min: 1, max: 30 }),
  value: fc.constantFrom(...HOSTILE_VALUES),
});

/** Makes the inputs of a parser: of its kind, and most of them from texts that suit it. */
export type InputsOf = (parser: { readonly kind: Kind; readonly suits: RegExp }) => fc.Arbitrary<string>;

/** What parsers are fed with: damaged recordings first of all, noise, fragments in any order, JSON of any shape. */
export function inputsFrom(recordings: readonly Recording[]): InputsOf {
  const bodies = recordings.map(({ body }) => body).filter((body) => body !== "");
  const texts: Record<Kind, readonly string[]> = {
    answer: recordings.map(written),
    markup: bodies.filter((body) => body.trimStart().startsWith("<")),
    json: [...bodies.filter((body) => /^[[{]/.test(body)), ...STATE],
    words: WRITTEN,
  };
  const everything = Object.values(texts).flat();
  return ({ kind, suits }) => {
    const own = texts[kind].filter((text) => suits.test(text));
    const near = fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...own) },
      { weight: 1, arbitrary: fc.constantFrom(...everything) },
    );
    const mutated = fc
      .tuple(near, fc.constantFrom(...everything), fc.array(edit, { minLength: 1, maxLength: 5 }))
      .map(([text, other, edits]) => edits.reduce((whole, one) => damaged(whole, other, one), text).slice(0, LONGEST));
    const json = fc
      .tuple(
        fc.constantFrom(...(kind === "json" ? own : texts.json)),
        fc.array(jsonEdit, { minLength: 1, maxLength: 4 }),
      )
      .map((all) => jsonDamaged(...all));
    return fc.oneof(
      { weight: kind === "json" ? 4 : 12, arbitrary: mutated },
      { weight: kind === "json" ? 12 : 1, arbitrary: json },
      {
        weight: 2,
        arbitrary: fc.tuple(mutated, fc.constantFrom(...ENCODINGS), fc.nat()).map((all) => misread(...all)),
      },
      { weight: 2, arbitrary: fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 30 }).map((all) => all.join("")) },
      { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 200 }) },
      { weight: 1, arbitrary: fc.json() },
    );
  };
}

/** Repeated again and again a text may grow without end; what is large has tests of its own. */
const LONGEST = 60_000;

/** An answer in one text, so that its headers are damaged as well. */
function written({ status, headers, body }: Recording): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `HTTP ${status}\n${lines.join("\n")}\n\n${body}`;
}
