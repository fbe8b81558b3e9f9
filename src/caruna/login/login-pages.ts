import { LoginChanged, PersonNeeded } from "../errors.js";
import { failureOf, type HttpResponse } from "../http/transport.js";
import { maskedPath, maskedText } from "../masking.js";
import { type AjaxAnswer, isAjaxAnswer, readAjaxAnswer, withAnswer } from "./ajax.js";
import { wayOn } from "./choices.js";
import {
  type Account,
  autoSubmittedForm,
  credentialsForm,
  type Fields,
  fieldsOf,
  filledByClick,
  hasCaptcha,
  refusalOf,
  type Submission,
  submitButton,
  userNameForm,
  wicketCallFor,
} from "./forms.js";
import { isJudgedDespiteStatus, judge, LostSession, refuseMaintenance } from "./judgement.js";
import { type Form, isWeb, type Page, readPage, resolve } from "./page.js";
import { masked } from "./vocabulary.js";
import type { WicketCall } from "./wicket-calls.js";

/** A request that a page leads to. */
export interface Hop {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly fields?: Fields;
  readonly enctype?: Form["enctype"];
  /** Headers beside those that every navigation has. */
  readonly headers?: Readonly<Record<string, string>>;
  /** True for the one request that carries the password. */
  readonly carriesPassword?: boolean;
  /** True for a request that carries the user name alone, where the password is asked for on the next page. */
  readonly carriesUserName?: boolean;
  /** True for a request that a script makes: the page stays the one that is shown. */
  readonly isAjax?: boolean;
  /** How long the page is shown before, in seconds. */
  readonly waitSeconds?: number;
  /** Tells whether a form comes back after it was sent. */
  readonly sentForm?: string;
}

/** Where the login stands when an answer has come. */
export interface Situation extends Account {
  readonly hop: Hop;
  readonly response: HttpResponse;
  /** The page that is shown now. */
  readonly page: Page;
  /** What an Ajax answer said; undefined for a page. */
  readonly answer: AjaxAnswer | undefined;
  /** The page that took the password; undefined before it was posted. */
  readonly passwordPage: Page | undefined;
  readonly isUserNamePosted: boolean;
  /** Forms that were sent, by `keyOf`. */
  readonly sentForms: ReadonlySet<string>;
  readonly nowEpochMs: number;
  /** Whether an address is one that may see the credentials. */
  readonly isAllowed: (url: URL) => boolean;
}

/** One kind of page: `next` says the way on, throws where the login ends here, or returns undefined: not this kind. */
export interface PageKind {
  readonly name: string;
  readonly next: (situation: Situation) => Hop | undefined;
}

/** A person could not read a page that goes on sooner, and would not wait for one that goes on later. In seconds. */
const AT_ONCE = 1;
const LONGEST_WAIT = 10;

/**
 * All kinds of page that a login may meet, in the order in which they are tried. Each decides by what the page says,
 * as a browser and the person before it would; addresses and names of today's portal only break ties.
 */
export const PAGE_KINDS: readonly PageKind[] = [
  { name: "redirect", next: redirect },
  { name: "server trouble", next: serverTrouble },
  { name: "Wicket Ajax answer", next: ajaxRedirect },
  { name: "JSON answer", next: jsonAnswer },
  { name: "meta refresh", next: (situation) => refresh(situation, AT_ONCE) },
  { name: "judgement", next: judge },
  { name: "credentials form", next: credentials },
  { name: "user name form", next: userNameFirst },
  { name: "error page", next: errorPage },
  { name: "auto-submitted form", next: autoSubmit },
  { name: "scripted address", next: ({ page }) => follow(scripted(page).address, page) },
  { name: "notice", next: notice },
  { name: "slow refresh", next: (situation) => refresh(situation, LONGEST_WAIT) },
  { name: "frame", next: frame },
  { name: "maintenance", next: ({ page }) => void refuseMaintenance(page) },
  { name: "reload", next: reload },
  { name: "conditional address", next: conditionalAddress },
];

/** The page that is shown after an answer: an Ajax answer changes parts of the one before, anything else takes its place. */
export function pageAfter(
  response: HttpResponse,
  hop: Hop,
  shown: Page | undefined,
): Pick<Situation, "page" | "answer"> {
  const { body, headers } = response;
  if (shown === undefined || !isAjaxAnswer(body))
    return {
      page: readPage(body, hop.isAjax === true && shown !== undefined ? shown.url : hop.url, headers.get("refresh")),
      answer: undefined,
    };
  const answer = readAjaxAnswer(body, shown.url);
  return { page: answer.redirect === undefined ? withAnswer(shown, answer) : shown, answer };
}

function redirect({ response, hop }: Situation): Hop | undefined {
  const location = response.headers.get("location");
  if (response.status < 300 || response.status >= 400 || location === undefined) return undefined;
  const url = resolve(location, hop.url);
  if (url === undefined) return undefined;
  // 307 and 308 repeat the request as it was, as RFC 9110 has it.
  if (response.status === 307 || response.status === 308) return { ...hop, url };
  return { method: "GET", url };
}

/** Throws what an answer's status says by itself, but for a page that says more. */
export function serverTrouble(situation: Situation): undefined {
  const { response, hop, nowEpochMs } = situation;
  if (isJudgedDespiteStatus(situation)) return;
  const failure = failureOf(response, `${hop.method} ${maskedPath(hop.url)}`, nowEpochMs);
  if (failure !== undefined) throw failure;
}

/** The next address in a header or in the answer; relative to the page that the browser shows, not to the Ajax call's address. */
function ajaxRedirect({ response, hop, page, answer }: Situation): Hop | undefined {
  const header = hop.isAjax === true ? response.headers.get("ajax-location") : undefined;
  return follow(header || answer?.redirect, page);
}

const NAMES_ADDRESS = /^(?:.*redirect.*|location|.*url|.*uri|next|target|href|continue)$/i;

/** An answer for a script: it names the next address, or only the script knows what to do. */
function jsonAnswer(situation: Situation): Hop | undefined {
  const { response, page } = situation;
  if (!/^\s*[[{]/.test(response.body)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(response.body);
  } catch {
    return undefined;
  }
  const address = addressIn(value);
  if (address !== undefined && response.status < 400) return follow(address, page);
  if (situation.passwordPage !== undefined) judge(situation);
  throw changed(
    situation,
    "a page, or an answer with an address",
    "an answer in JSON that only a script of the page understands",
  );
}

function addressIn(value: unknown, depth = 0): string | undefined {
  if (typeof value !== "object" || value === null || depth > 3) return undefined;
  const entries = Object.entries(value).slice(0, 100);
  const isAddress = (text: unknown): text is string =>
    typeof text === "string" && /^(?:https?:\/\/|\.{0,2}\/|\?)/.test(text);
  const own = entries.find(([key, text]) => NAMES_ADDRESS.test(key) && isAddress(text))?.[1];
  if (isAddress(own)) return own;
  return entries.map(([, inner]) => addressIn(inner, depth + 1)).find((address) => address !== undefined);
}

function follow(address: string | undefined, page: Page): Hop | undefined {
  const url = address === undefined ? undefined : resolve(address, page.base);
  return url === undefined || !isWeb(url) ? undefined : { method: "GET", url };
}

function refresh({ page }: Situation, longestSeconds: number): Hop | undefined {
  if (page.refresh === undefined || page.refresh.isReload || page.refresh.delaySeconds > longestSeconds)
    return undefined;
  return { method: "GET", url: page.refresh.url, waitSeconds: page.refresh.delaySeconds };
}

/** A frame of others is part of a page that its own script makes; of a page without a script it is all that there is. */
function frame({ page, isAllowed }: Situation): Hop | undefined {
  const url = page.frames.find((address) => isAllowed(address) || !page.hasScripts);
  return url === undefined ? undefined : { method: "GET", url };
}

/** A page that waits for something: it is loaded again by itself. */
function reload({ page }: Situation): Hop | undefined {
  if (page.refresh?.isReload !== true || page.refresh.delaySeconds > LONGEST_WAIT) return undefined;
  return { method: "GET", url: page.refresh.url, waitSeconds: page.refresh.delaySeconds };
}

/**
 * The form that takes the password, filled in; undefined where there is none, or the password was posted. Throws where the
 * page must not get it: nothing names the user, or a captcha stands before it.
 */
export function passwordForm(situation: Situation): ReturnType<typeof credentialsForm> {
  const { page, passwordPage, username, isUserNamePosted } = situation;
  const found = passwordPage === undefined ? credentialsForm(page, situation) : undefined;
  if (found === undefined) return undefined;
  const { form, userName } = found;
  const isKnown = isUserNamePosted || form.controls.some(({ value }) => value.toLowerCase() === username.toLowerCase());
  if (userName === undefined && !isKnown) throw changed(situation, "a form with fields for user name and password");
  if (hasCaptcha(form)) throw new PersonNeeded("captcha", undefined);
  return found;
}

function credentials(situation: Situation): Hop | undefined {
  const { page } = situation;
  const found = passwordForm(situation);
  if (found === undefined) return undefined;
  const { form, userName, password, values } = found;
  const isNamed = (control: typeof userName) =>
    control === undefined ||
    control.name !== "" ||
    [...values].some(([twin, value]) => twin !== control && value === values.get(control));
  if (!isNamed(userName) || !isNamed(password))
    throw changed(situation, "a form with named fields for user name and password");
  const refusal = refusalOf(found, page, wicketCallFor(form, page, found.button));
  if (refusal !== undefined) throw changed(situation, "a form that sends the password in the body of a POST", refusal);
  return { ...sent(found, page), carriesPassword: true };
}

function userNameFirst(situation: Situation): Hop | undefined {
  const found = formForUserName(situation);
  return found === undefined ? undefined : { ...sent(found, situation.page), carriesUserName: true };
}

/** The form that takes the user name alone, filled in; undefined where there is none, or it was sent. */
export function formForUserName(situation: Situation): ReturnType<typeof userNameForm> {
  const { page, passwordPage, isUserNamePosted } = situation;
  return passwordPage !== undefined || isUserNamePosted ? undefined : userNameForm(page, situation);
}

export function errorPage(situation: Situation): undefined {
  if (isErrorGenericPage(situation.page.url)) throw new LostSession();
  if (situation.response.status >= 400) throw changed(situation, "a page of the login");
}

/** Where a lost session or a stale page version leads (Wicket's own error page of the portal). */
export function isErrorGenericPage(url: URL): boolean {
  return /errorGenericPage/i.test(url.pathname + url.search);
}

const NO_VALUES: Submission["values"] = new Map();

/** `ngpostResponder` and its like: hidden fields, and a script that sends them at once; or a script presses a link. */
function autoSubmit({ page }: Situation): Hop | undefined {
  const { submits } = scripted(page);
  const form = autoSubmittedForm(page, submits);
  if (form !== undefined) return sent({ form, button: undefined, values: NO_VALUES }, page);
  const pressed = page.links.find(
    ({ id }) => id !== "" && submits.some((code) => code.includes(`"${id}"`) || code.includes(`'${id}'`)),
  );
  return pressed === undefined ? undefined : { method: "GET", url: pressed.url };
}

function scripted(page: Page) {
  return page.script.waysOn(page.url);
}

/** A notice, a question or a choice: the button or link that a person would press. */
function notice(situation: Situation): Hop | undefined {
  const { page, passwordPage, sentForms } = situation;
  refuseMaintenance(page, true);
  const way = wayOn(page, passwordPage !== undefined, (form) => sentForms.has(keyOf(form)));
  if (way === undefined) return undefined;
  return way.kind === "link" ? { method: "GET", url: way.link.url } : sent(way.submission, page);
}

/** The last resort: where a script may go, or what browsers without scripts are told. */
function conditionalAddress({ page }: Situation): Hop | undefined {
  const { conditionalAddress: address } = scripted(page);
  if (address !== undefined) return follow(address, page);
  return page.refreshWithoutScript === undefined ? undefined : { method: "GET", url: page.refreshWithoutScript.url };
}

/** Sends a form as its page would: by Wicket's Ajax where the script says so, plainly otherwise. */
function sent({ form, button, values }: Submission, page: Page): Hop {
  const pressed = button ?? submitButton(form, page);
  const submission = { form, button, values: new Map([...filledByClick(form, pressed, page), ...values]) };
  const call = wicketCallFor(form, page, pressed);
  const hop =
    call === undefined
      ? submitted({ ...submission, button: pressed }, page)
      : byAjax(call, { ...submission, button: pressed }, page);
  if (hop.method !== "POST") return hop;
  const csrf =
    page.csrf === undefined || hop.url.origin !== page.url.origin ? {} : { [page.csrf.header]: page.csrf.token };
  return { ...hop, headers: { ...csrf, ...hop.headers }, sentForm: keyOf(form) };
}

/** Wicket's own script sends the name of the pressed button with the value 1, and says where it stands. */
function byAjax(call: WicketCall, submission: Submission, page: Page): Hop {
  const submitter = call.submitter || (submission.button?.name ?? "");
  const fields: Fields = [
    ...fieldsOf(submission),
    ...call.extra,
    ...(submitter === "" ? [] : [[submitter, "1"] as const]),
  ];
  const url = new URL(resolve(call.url, page.base) ?? page.url);
  if (call.method === "GET") for (const [name, value] of fields) url.searchParams.append(name, value);
  return {
    method: call.method,
    url,
    ...(call.method === "POST" ? { fields, enctype: call.isMultipart ? "multipart" : submission.form.enctype } : {}),
    isAjax: true,
    headers: {
      Accept: "application/xml, text/xml, */*; q=0.01",
      "Wicket-Ajax": "true",
      "Wicket-Ajax-BaseURL": page.wicketBaseUrl ?? (page.url.pathname.split("/").at(-1) || "."),
      "Wicket-FocusedElementId": call.componentId,
      "X-Requested-With": "XMLHttpRequest",
    },
  };
}

/** A form sent without a script; the button pressed goes along, and may name another address or method. */
function submitted(submission: Submission, page: Page): Hop {
  const { form, button } = submission;
  const pressed: Fields = button === undefined || button.name === "" ? [] : [[button.name, button.value]];
  const fields = [...fieldsOf(submission), ...pressed];
  const url = new URL(button?.action ?? form.action ?? page.url);
  if ((button?.method ?? form.method) === "POST") return { method: "POST", url, fields, enctype: form.enctype };
  url.search = urlEncoded(fields);
  return { method: "GET", url };
}

/** `application/x-www-form-urlencoded`, as HTML defines it. */
export function urlEncoded(fields: Fields): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of fields) parameters.append(name, value);
  return parameters.toString();
}

/** Tells a form from others, whatever is filled in. */
export function keyOf({ action, controls }: Form): string {
  return JSON.stringify([action?.pathname, controls.map(({ name }) => name)]);
}

/** The error of a page that has no way on for us, or not the one looked for. */
export function changed(situation: Situation, expected: string, found = describe(situation.page)): LoginChanged {
  const { hop, response, passwordPage, page, answer } = situation;
  const ajax =
    answer === undefined
      ? ""
      : `, after an Ajax answer with ${answer.elements
          .map((name) => maskedText(name))
          .slice(0, 20)
          .join(", ")}`;
  const step =
    hop.carriesPassword === true
      ? "answer to the password"
      : `page ${passwordPage === undefined ? "before" : "after"} the password`;
  const address = `${hop.method} ${maskedPath(hop.url)}`;
  const needsScript = page.hasScripts || passwordPage?.hasScripts === true || /JSON/.test(found);
  const script =
    page.hasScripts || /JSON/.test(found) ? "; if anything can go on from there, it is a script of the page" : "";
  const all = `HTTP ${response.status}, ${found}${ajax}${script}`;
  return new LoginChanged({ step, address, expected, found: all, needsScript });
}

/** What a maintainer needs to know of a page: names and types, no values. */
export function describe(page: Page): string {
  const forms = page.forms.map((form) => {
    const controls = form.controls
      .map((control) => `${maskedText(control.name) || "(no name)"}:${control.type}`)
      .join(", ");
    return `a form (${form.method} ${form.action === undefined ? "nowhere" : maskedPath(form.action)}) with ${controls || "no fields"}`;
  });
  const parts = [
    page.title === "" ? "a page without a title" : `a page "${masked(page.title)}"`,
    `at ${maskedPath(page.url)}`,
    page.refresh === undefined ? "no meta refresh" : `a meta refresh to ${maskedPath(page.refresh.url)}`,
    ...(forms.length === 0 ? ["no form"] : forms),
    ...(page.fieldsWithoutForm.length === 0 ? [] : [`${page.fieldsWithoutForm.length} fields in no form`]),
    `${page.wicketCalls.length} Wicket calls`,
  ];
  return parts.join(", ");
}
