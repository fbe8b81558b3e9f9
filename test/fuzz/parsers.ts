import { InvalidArgumentError } from "commander";
import { Temporal } from "temporal-polyfill";
import { readContracts, readCustomer, readEnergy, readMeteringPoints } from "../../src/caruna/api/answers.js";
import { type HttpResponse, parseRetryAfter } from "../../src/caruna/http/transport.js";
import { AnswerNotUnderstood, CarunaError, CarunaUnreachable, LoginChanged } from "../../src/caruna/index.js";
import { wayOn } from "../../src/caruna/login/choices.js";
import { autoSubmittedForm, credentialsForm, fieldsOf, userNameForm } from "../../src/caruna/login/forms.js";
import { PageTooLarge } from "../../src/caruna/login/html.js";
import { LostSession } from "../../src/caruna/login/judgement.js";
import {
  describe as describePage,
  type Hop,
  PAGE_KINDS,
  pageAfter,
  type Situation,
} from "../../src/caruna/login/login-pages.js";
import { type Page, readPage } from "../../src/caruna/login/page.js";
import { readStart, readToken } from "../../src/caruna/login/portal.js";
import { structureOfAnswer } from "../../src/caruna/login/structure.js";
import { maskedAddress, maskedName, maskedText } from "../../src/caruna/masking.js";
import { readStoredSession } from "../../src/caruna/session.js";
import { parseDate, parseDates } from "../../src/cli/dates.js";
import { databaseUrl } from "../../src/config/database-url.js";
import { parseEnvFile, withVariable } from "../../src/config/files/env-file.js";
import { parseIniFile } from "../../src/config/files/ini-file.js";
import { decoded } from "../../src/config/files/text-file.js";
import { ALL_SETTINGS } from "../../src/config/settings.js";
import { readHealth } from "../../src/daemon/health.js";
import { localDayAsNumbers } from "../../src/energy/helsinki.js";
import { readingsOfDay } from "../../src/energy/readings.js";
import { toldSums } from "../../src/energy/sums.js";
import { readStamp } from "../../src/energy/timestamp.js";
import { BadParameter, readParameters, seriesParameters } from "../../src/web/parameters.js";
import type { Kind } from "./inputs.js";

const SHOWN = new URL("https://authentication2.caruna.fi/portal/login?x=1");
const NOW = Date.UTC(2026, 10, 23);
const USER = "fuzzed.person@mail.example";
const PASSWORD = "Fuzzed-pass-word";
const ACCOUNT = { username: USER, password: PASSWORD };
const LOGIN_PAGE =
  '<div id="feedback6"></div><form method="post"><input name="user"><input type="password" name="pass"></form>';
const DAY = Temporal.PlainDate.from("2025-03-30");

/** What was read of a page, without the tree. */
function plain(page: Page): unknown {
  return JSON.parse(JSON.stringify(page, (key, value) => (key === "root" || key === "element" ? undefined : value)));
}

function asPage(text: string): unknown {
  const page = readPage(text, SHOWN);
  return [
    plain(page),
    page.forms.map((form) => fieldsOf({ form, values: new Map() })),
    credentialsForm(page, ACCOUNT)?.form.id,
    userNameForm(page, ACCOUNT)?.form.id,
    autoSubmittedForm(page, page.script.waysOn(SHOWN).submits)?.id,
    [true, false].map((isAfterPassword) => wayOn(page, isAfterPassword, () => isAfterPassword)?.kind),
    describePage(page),
  ];
}

/** The text of an answer, its headers in front where it begins with "HTTP", as the transport would hand it on. */
function asResponse(text: string): HttpResponse {
  const [, status = "200", head = "", body = text] = /^HTTP (\d{3})\n(.*?)\n\n(.*)$/s.exec(text) ?? [];
  const headers = head.split("\n").map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, Math.max(0, colon)).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { status: Number(status), headers: new Map(headers), body };
}

/** What the login would do next, before the password and after it, after a page and after an Ajax answer. */
function asStepOfLogin(text: string): unknown {
  const response = asResponse(text);
  return [undefined, readPage(LOGIN_PAGE, SHOWN)].map((passwordPage) => {
    const hop: Hop = {
      method: passwordPage === undefined ? "GET" : "POST",
      url: SHOWN,
      ...(passwordPage === undefined ? {} : { isAjax: true, carriesPassword: true }),
    };
    const situation: Situation = {
      ...{ ...pageAfter(response, hop, passwordPage), hop, response, passwordPage, isUserNamePosted: false },
      ...{ ...ACCOUNT, sentForms: new Set(), nowEpochMs: NOW, isAllowed: () => true },
    };
    return endOf(() => decide(situation));
  });
}

function decide(situation: Situation): Hop | undefined {
  for (const kind of PAGE_KINDS) {
    const next = kind.next(situation);
    if (next === undefined) continue;
    if (!(next.url instanceof URL)) throw new TypeError(`${kind.name} leads nowhere`);
    const carried = JSON.stringify([next.fields, next.url.href]).includes(PASSWORD);
    if (carried && (next.carriesPassword !== true || situation.passwordPage !== undefined))
      throw new TypeError(`${kind.name} sends the password where it does not say so`);
    return next;
  }
  return undefined;
}

/** What a login ends with, or what it goes on with. */
function endOf(step: () => unknown): unknown {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof CarunaError || error instanceof LostSession)) throw error;
    if (error.message.includes(PASSWORD) || error.message.includes(USER))
      throw new TypeError("an error shows the account");
    return error.name;
  }
}

function asEnergy(text: string): unknown {
  const { rows, unreadable } = readEnergy("GET /energy", text);
  const days = (["night", "seasonal", undefined] as const).map((product) => readingsOfDay(rows, DAY, () => product));
  return [rows, unreadable, days, toldSums(rows, "day"), toldSums(rows, "month")];
}

function asJson(read: (value: unknown) => unknown): (text: string) => unknown {
  return (text) => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return undefined;
    }
    return read(value);
  };
}

function asContracts(text: string): unknown {
  const { contracts } = readContracts("GET /contracts", text);
  for (const { startDate, endDate } of contracts)
    for (const date of [startDate, endDate])
      if (date !== null && Number.isNaN(Date.parse(date))) throw new TypeError(`${date} is no instant`);
  return contracts;
}

function asMasked(text: string): unknown {
  const masked = maskedText(text);
  if (/\d{4}|[^\s@]@[^\s@…]|\p{Cc}/u.test(masked) || masked.length > 200) throw new TypeError("not masked");
  return [masked, maskedName(text), URL.canParse(text, SHOWN.href) ? maskedAddress(new URL(text, SHOWN)) : ""];
}

/** Sets a variable to the end of the text in the text: either that is what is read back, and nothing else, or it is refused. */
function asEdited(text: string): unknown {
  const value = text.slice(-20);
  const before = parseEnvFile(text).variables;
  const edited = withVariable(text, "NAME", value);
  if (edited !== undefined) {
    const { NAME: read, ...others } = parseEnvFile(edited.text).variables;
    const { NAME: _, ...othersBefore } = before;
    if (read !== value || JSON.stringify(others) !== JSON.stringify(othersBefore)) throw new TypeError("not as meant");
  }
  return [edited, withVariable(text, "NAME", undefined)];
}

function asSettings(text: string): unknown {
  return ALL_SETTINGS.map(({ schema }) => schema.safeParse(text).data);
}

/** The text as bytes, each character one: what a file may hold. */
function asBytes(text: string): unknown {
  const file = decoded(Buffer.from(text, "latin1"));
  return file.kind === "text" ? [parseIniFile(file.text), parseEnvFile(file.text)] : file;
}

interface Parser {
  readonly kind: Kind;
  /** Which texts of its kind are made for it. */
  readonly suits: RegExp;
  readonly read: (text: string) => unknown;
  /** The errors that a caller expects. */
  readonly mayThrow?: readonly (new (
    ...words: never[]
  ) => Error)[];
}

/** Every parser at the border that takes a text. */
export const PARSERS: Readonly<Record<string, Parser>> = {
  page: { kind: "markup", suits: /./, read: asPage, mayThrow: [PageTooLarge] },
  "step of the login": {
    kind: "answer",
    suits: /<html|<ajax|location:/i,
    read: asStepOfLogin,
    mayThrow: [PageTooLarge],
  },
  structure: { kind: "markup", suits: /./, read: (text) => structureOfAnswer(text, SHOWN), mayThrow: [PageTooLarge] },
  "start of the login": {
    kind: "answer",
    suits: /loginRedirectUrl/,
    read: (text) => readStart(asResponse(text), SHOWN),
    mayThrow: [LoginChanged, CarunaUnreachable],
  },
  token: {
    kind: "json",
    suits: /"token"/,
    read: (text) => readToken(asResponse(text), SHOWN),
    mayThrow: [LoginChanged, CarunaUnreachable],
  },
  energy: { kind: "json", suits: /"timestamp"/, read: asEnergy, mayThrow: [AnswerNotUnderstood] },
  customer: {
    kind: "json",
    suits: /"postalAddress"/,
    read: (text) => readCustomer("GET /info", text),
    mayThrow: [AnswerNotUnderstood],
  },
  contracts: { kind: "json", suits: /"contracts"/, read: asContracts, mayThrow: [AnswerNotUnderstood] },
  assets: {
    kind: "json",
    suits: /"gsrn"/,
    read: (text) => readMeteringPoints("GET /assets", text, "1"),
    mayThrow: [AnswerNotUnderstood],
  },
  session: { kind: "json", suits: /"account"/, read: asJson(readStoredSession) },
  health: { kind: "json", suits: /"endedEpochMs"/, read: readHealth },
  masking: { kind: "answer", suits: /./, read: asMasked },
  stamp: { kind: "words", suits: /^\d{4}-/, read: (text) => readStamp(text, localDayAsNumbers(DAY)) },
  "retry-after": { kind: "words", suits: /^\d+$|GMT/, read: (text) => parseRetryAfter(text, NOW) },
  ini: { kind: "words", suits: /=/, read: parseIniFile },
  env: { kind: "words", suits: /=/, read: parseEnvFile },
  "edited env": { kind: "words", suits: /=/, read: asEdited },
  settings: { kind: "words", suits: /./, read: asSettings },
  bytes: { kind: "words", suits: /=/, read: asBytes },
  "database URL": { kind: "words", suits: /^postgres/, read: (text) => databaseUrl.safeParse(text) },
  date: { kind: "words", suits: /^\d{4}-\d\d-\d\d$/, read: parseDate, mayThrow: [InvalidArgumentError] },
  dates: { kind: "words", suits: /^\d{4}-/, read: parseDates, mayThrow: [InvalidArgumentError] },
  "parameters of the page": {
    kind: "words",
    suits: /^\d{4}-\d\d-\d\d$/,
    read: (text) => readParameters(seriesParameters, { point: text, from: text, to: text, by: "day" }),
    mayThrow: [BadParameter],
  },
};

/**
 * Fails unless the parser took the text, with a result within its type, or threw an error of its own, and left
 * `Object.prototype` alone.
 */
export function feed(name: string, text: string): void {
  const parser = PARSERS[name];
  if (parser === undefined) throw new Error(`no parser is called ${name}`);
  try {
    checkWithin(parser.read(text), name);
  } catch (error) {
    if (parser.mayThrow?.some((kind) => error instanceof kind) !== true) throw error;
  }
  if (Object.keys(Object.prototype).length > 0 || "polluted" in {}) throw new Error("Object.prototype was changed");
}

const LAST_EPOCH_MS = 8.64e15;

/** Numbers are finite, instants can be told, and objects have no other parent than those of their class. */
function checkWithin(result: unknown, path: string): void {
  const todo: [path: string, value: unknown][] = [[path, result]];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const [name, value] = next;
    if (typeof value === "number") {
      if (!Number.isFinite(value)) throw new TypeError(`${name} is ${value}`);
      if (name.endsWith("EpochMs") && Math.abs(value) > LAST_EPOCH_MS) throw new TypeError(`${name} is no instant`);
    } else if (typeof value === "object" && value !== null) {
      if (Object.getPrototypeOf(value) === Object.prototype && "polluted" in value && !Object.hasOwn(value, "polluted"))
        throw new TypeError(`${name} has inherited something`);
      for (const [key, inner] of Object.entries(value)) todo.push([`${name}.${key}`, inner]);
    }
  }
}
