import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { readContracts, readCustomer, readEnergy, readMeteringPoints } from "../../src/caruna/answers.js";
import { autoSubmittedForm, credentialsForm, fieldsOf, noticeForm, userNameForm } from "../../src/caruna/forms.js";
import { AnswerNotUnderstood } from "../../src/caruna/index.js";
import { describe as describePage } from "../../src/caruna/login-pages.js";
import { readPage } from "../../src/caruna/page.js";
import { readStoredSession } from "../../src/caruna/session.js";
import { structureOfAnswer } from "../../src/caruna/structure.js";
import { parseEnvFile } from "../../src/config/env-file.js";
import { parseIniFile } from "../../src/config/ini-file.js";
import { DatabaseAddressInvalid } from "../../src/database/errors.js";
import { parseDatabaseUrl } from "../../src/database/settings.js";
import { localDayAsNumbers } from "../../src/energy/helsinki.js";
import { readingsOfDay } from "../../src/energy/readings.js";
import { toldSums } from "../../src/energy/sums.js";
import { readStamp } from "../../src/energy/timestamp.js";

const SHOWN = new URL("https://authentication2.caruna.fi/portal/login?x=1");
const DAY = Temporal.PlainDate.from("2026-03-29");

function asPage(text: string): void {
  const page = readPage(text, SHOWN);
  for (const form of page.forms) fieldsOf(form);
  credentialsForm(page);
  userNameForm(page);
  autoSubmittedForm(page);
  noticeForm(page);
  describePage(page);
}

function asEnergy(text: string): void {
  const { rows } = readEnergy("GET /energy", text);
  const { readings } = readingsOfDay(rows, DAY);
  toldSums(rows, "day");
  toldSums(rows, "month");
  for (const { startEpochMs, kwhTotal } of readings) {
    if (!Number.isFinite(startEpochMs) || !Number.isFinite(kwhTotal)) throw new TypeError("a reading is no number");
  }
}

function asSession(text: string): void {
  let kept: unknown;
  try {
    kept = JSON.parse(text);
  } catch {
    return;
  }
  readStoredSession(kept);
}

/** Every parser at the border that takes a text, with the only error that it may throw. */
export const PARSERS: Readonly<
  Record<string, { readonly read: (text: string) => unknown; readonly mayThrow?: new (...words: never[]) => Error }>
> = {
  page: { read: asPage },
  structure: { read: (text) => JSON.stringify(structureOfAnswer(text, SHOWN)) },
  energy: { read: asEnergy, mayThrow: AnswerNotUnderstood },
  customer: { read: (text) => readCustomer("GET /info", text), mayThrow: AnswerNotUnderstood },
  contracts: { read: (text) => readContracts("GET /contracts", text), mayThrow: AnswerNotUnderstood },
  assets: { read: (text) => readMeteringPoints("GET /assets", text, "1"), mayThrow: AnswerNotUnderstood },
  stamp: { read: (text) => readStamp(text, localDayAsNumbers(DAY)) },
  session: { read: asSession },
  ini: { read: parseIniFile },
  env: { read: parseEnvFile },
  "database URL": { read: parseDatabaseUrl, mayThrow: DatabaseAddressInvalid },
};

/** Fails unless the parser took the text or threw its own error, and left `Object.prototype` alone. */
export function feed(name: string, text: string): void {
  const parser = PARSERS[name];
  if (parser === undefined) throw new Error(`no parser is called ${name}`);
  try {
    parser.read(text);
  } catch (error) {
    if (parser.mayThrow === undefined || !(error instanceof parser.mayThrow)) throw error;
  }
  if (Object.keys(Object.prototype).length > 0 || "polluted" in {}) throw new Error("Object.prototype was changed");
}

const FRAGMENTS = [
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
  "<!--",
  "-->",
  "<![CDATA[",
  "]]>",
  "&amp;",
  "&#x110000;",
  "&#0;",
  "<meta http-equiv=refresh content='0;url=/n'>",
  "<base href='//['>",
  'Wicket.Ajax.ajax({"u":"',
  '"c":"i"})',
  "location.href='",
  "<svg>",
  "<math>",
  "<plaintext>",
  "<textarea>",
  "<ajax-response>",
  "<redirect>",
  "\uFEFF",
  "\0",
  "\uD800",
  "=",
  '"',
  "'",
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
  "__proto__",
  "constructor",
  "1e309",
  "-0",
  "null",
  '{"__proto__":{"polluted":1}}',
  '"timestamp":"2026-03-29T03:00:00+02:00"',
  '"totalConsumption":1e308',
  ",",
  "2026-02-30T00:00",
  "9999-12-31T23:59:59,999999999Z",
  "0000-00-00T00:00",
  "postgresql://u:p@[::1]:5432/d",
  "?sslmode=",
  "export A=",
];

/** Real texts to begin from. */
const RECORDED = [
  '<!DOCTYPE html><html><head><title>Kirjaudu</title><script>Wicket.Ajax.ajax({"u":"./x?1-1.IBehavior","c":"id1","f":"id2","sc":"go"});</script></head><body><form id="id2" method="post" action="./x"><label for="u">Tunnus</label><input id="u" name="ttqusername"><input type="password" name="userPassword"><input type="submit" id="id1" name="go"></form><div class="feedbackPanel">Virhe</div></body></html>',
  '<?xml version="1.0"?><ajax-response><redirect><![CDATA[/portal/next]]></redirect><component id="x"><![CDATA[<div class="error">No</div>]]></component></ajax-response>',
  '[{"timestamp":"2026-03-29T00:00:00+02:00","totalConsumption":1.5,"invoicedConsumption":1.5,"temperature":-3,"statuses":{"totalConsumption":150},"invoicedConsumptionByTransferProductParts":{"Siirto, päivä":1.5}}]',
  '{"results":[{"data":[{"timestamp":"2026-03-29T04:00:00","consumption":"0.25"}]}]}',
  '{"contracts":[{"id":"1","assetId":"FSK1","customerId":"5"}]}',
  '[{"assetId":"FSK1","type":"meteringPoint","address":{"streetName":"Tie","houseNumber":1}}]',
  '{"id":"5","name":"A","postalAddress":null}',
  '{"account":"a","token":"t","expiresAtEpochMs":1,"ownCustomerNumbers":[],"representedCustomerNumbers":[]}',
  '[caruna]\nusername = a\npassword = "b\\"c" ; x\n',
  "CARUNA_USER=a\nexport CARUNA_PASSWORD='b#c'\n",
  "postgresql://user:pass@localhost:5432/db?sslmode=require",
];

const mutated = fc
  .tuple(
    fc.constantFrom(...RECORDED),
    fc.array(fc.tuple(fc.nat(), fc.nat(40), fc.constantFrom("", ...FRAGMENTS), fc.nat(3)), {
      minLength: 1,
      maxLength: 8,
    }),
  )
  .map(([text, edits]) =>
    edits.reduce((whole, [where, length, fragment, kind]) => {
      const at = where % (whole.length + 1);
      if (kind === 0) return whole.slice(0, at) + fragment + whole.slice(at + length);
      if (kind === 1) return whole.slice(0, at) + fragment + whole.slice(at);
      if (kind === 2) return whole + whole.slice(at, at + length) + fragment;
      const flipped = String.fromCharCode(whole.charCodeAt(at % Math.max(1, whole.length)) ^ (1 << (length % 8)));
      return whole.slice(0, at) + flipped + whole.slice(at + 1);
    }, text),
  );

/** Noise, fragments in any order, damaged texts of the service, and JSON of any shape. */
export const anyText = fc.oneof(
  { weight: 4, arbitrary: mutated },
  { weight: 3, arbitrary: fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 30 }).map((parts) => parts.join("")) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 200 }) },
  { weight: 1, arbitrary: fc.json() },
);
