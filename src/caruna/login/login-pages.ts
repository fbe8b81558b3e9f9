import { CarunaUnreachable, CredentialsRejected, LoginChanged, SecondFactorRequired } from "../errors.js";
import { failureOf, type HttpResponse } from "../http/transport.js";
import { maskedPath, maskedText } from "../masking.js";
import {
  autoSubmittedForm,
  credentialsForm,
  type Fields,
  fieldsOf,
  filledIn,
  GOES_ON,
  noticeForm,
  passwordsOf,
  submitControl,
  takesCodeAlone,
  textLeadsAway,
  theOneWay,
  userNameControl,
  userNameForm,
  wicketCallFor,
} from "./forms.js";
import { elementsOf, splitByCdata, textOf } from "./markup.js";
import { type Control, type Form, feedbackOf, type Page, readPage, resolve, type WicketCall } from "./page.js";

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
  /** True for a request that Wicket's script makes: the page stays the one that is shown. */
  readonly isAjax?: boolean;
}

/** Where the login stands when an answer has come. */
export interface Situation {
  readonly hop: Hop;
  readonly response: HttpResponse;
  /** The body read as a page. */
  readonly page: Page;
  /** What addresses in scripts are relative to: the base of the page that is shown, for an Ajax answer the one before. */
  readonly shownBase: URL;
  /** How often the password was posted in this attempt: never, or once. */
  readonly passwordPosts: number;
  readonly userNamePosts: number;
  readonly username: string;
  readonly password: string;
  readonly nowEpochMs: number;
}

/** The session was lost on the way (an `errorGenericPage`): nothing was judged, the login may begin anew. */
export class LostSession extends Error {}

/** One kind of page: `next` tells the way on, throws where the login ends here, or returns undefined: not this kind. */
export interface PageKind {
  readonly name: string;
  readonly next: (situation: Situation) => Hop | undefined;
  /** True for what shows nothing to a person. */
  readonly isOnlyAnAddress?: true;
}

/**
 * All kinds of page that a login may meet, in the order in which they are tried. Each decides by what the page says,
 * as a browser and the person before it would; addresses and names of today's portal only break ties.
 */
export const PAGE_KINDS: readonly PageKind[] = [
  { name: "redirect", next: redirect, isOnlyAnAddress: true },
  { name: "server trouble", next: serverTrouble },
  { name: "rejection", next: rejectionByStatus },
  { name: "Wicket Ajax answer", next: wicketAnswer, isOnlyAnAddress: true },
  { name: "error page", next: errorPage },
  { name: "second factor", next: secondFactor },
  { name: "meta refresh", next: metaRefresh },
  { name: "credentials form", next: credentials },
  { name: "user name form", next: userNameFirst },
  { name: "auto-submitted form", next: autoSubmit },
  { name: "notice", next: notice },
  { name: "scripted address", next: scriptedAddress },
  { name: "maintenance", next: maintenance },
];

const ASKS_FOR_CODE =
  /vahvistuskoodi|kertakäyttö|tekstiviestikood|tunnusluku|one[- ]time (?:code|pass)|verification code|engångskod|verifieringskod/i;
const SPEAKS_OF_LOGIN =
  /salasana|tunnus|kirjaut|lukit|lukkiutu|password|user ?name|log ?in|locked|blocked|lösenord|användar|inlogg|spärrat|låst|huolto|maintenance/i;
const LOCKED = /lukittu|lukkiutu|lukkoon|locked|blocked|låst|spärrat/i;
const OUT_OF_ORDER =
  /huoltokatko|huoltotyö|huollon|tilapäisesti|häiriö|ei (?:ole )?käytettävissä|maintenance|temporarily|unavailable|driftstopp|underhåll/i;

function redirect({ response, hop }: Situation): Hop | undefined {
  const location = response.headers.get("location");
  if (response.status < 300 || response.status >= 400 || location === undefined) return undefined;
  const url = resolve(location, hop.url);
  if (url === undefined) return undefined;
  // 307 and 308 repeat the request as it was, as RFC 9110 has it.
  if (response.status === 307 || response.status === 308) return { ...hop, url };
  return { method: "GET", url };
}

function serverTrouble({ response, hop, nowEpochMs }: Situation): undefined {
  const failure = failureOf(response, `${hop.method} ${maskedPath(hop.url)}`, nowEpochMs);
  if (failure !== undefined) throw failure;
}

function rejectionByStatus({ response, hop, page }: Situation): undefined {
  if (response.status === 401 && hop.carriesPassword) {
    // Of a page's text only the sentence that gives the reason: the rest may be about the person.
    throw rejection(page.feedback ?? sentenceWith(SPEAKS_OF_LOGIN, page.text));
  }
}

/** `<ajax-response>`: a redirect in a header or in the body, or components that replace parts of the page. */
function wicketAnswer(situation: Situation): Hop | undefined {
  const { response, hop, shownBase, passwordPosts } = situation;
  const isAnswer = /^(?:<\?xml[^>]*>\s*)?<ajax-response/.test(response.body.trimStart());
  const header = hop.isAjax ? response.headers.get("ajax-location") : undefined;
  if (!isAnswer && header === undefined) return undefined;
  const address = header || section(response.body, "redirect") || locationIn(section(response.body, "evaluate"));
  // Wicket means: relative to the page that the browser shows, not to the address of the Ajax call.
  const url = address === undefined ? undefined : resolve(address.trim(), shownBase);
  if (url !== undefined) return { method: "GET", url };
  judge(section(response.body, "component") ?? "", passwordPosts > 0);
  const elements = splitByCdata(response.body).rest.matchAll(/<([a-z][\w:-]{0,30})/gi);
  const names = [...new Set([...elements].map(([, name = ""]) => maskedText(name)))].slice(0, 20);
  const found = `no reason, and an answer with ${names.join(", ") || "no elements"}; the page shown was at ${maskedPath(shownBase)}`;
  throw changed(situation, "a redirect in an Ajax-Location header or in <redirect>", found);
}

/** What components say that came in place of a redirect. */
function judge(markup: string, passwordWasPosted: boolean): void {
  const fragment = elementsOf(markup);
  const feedback = words(feedbackOf(fragment));
  const text = maskedText(fragment.all[0]?.text() ?? "", 10_000);
  if (ASKS_FOR_CODE.test(feedback ?? text))
    throw new SecondFactorRequired(feedback ?? sentenceWith(ASKS_FOR_CODE, text));
  const asksAgain = fragment.all.some(
    (element) => element.tag === "input" && element.attribute("type")?.toLowerCase() === "password",
  );
  if (passwordWasPosted && (feedback !== undefined || asksAgain)) throw rejection(feedback);
}

/**
 * What it means that the password is not taken, for the reason given. Trouble of the service is no rejection; an
 * account that is locked, if only for a while, is one: it would stay locked if we tried again soon.
 */
function rejection(reason: string | undefined): CredentialsRejected | CarunaUnreachable {
  const said = words(reason);
  if (said === undefined || LOCKED.test(said) || !OUT_OF_ORDER.test(said)) return new CredentialsRejected(said);
  return new CarunaUnreachable(`its login says "${said}"`);
}

function errorPage(situation: Situation): undefined {
  if (isErrorGenericPage(situation.page.url)) throw new LostSession();
  if (situation.response.status >= 400) throw changed(situation, "a page of the login");
}

/** Where a lost session or a stale page version leads (Wicket's own error page of the portal). */
export function isErrorGenericPage(url: URL): boolean {
  return /errorGenericPage/i.test(url.pathname + url.search);
}

function secondFactor({ page, passwordPosts }: Situation): undefined {
  const form = credentialsForm(page);
  // A code may be typed into a password field: then it stands alone, and is not called a password.
  if (passwordPosts === 0 || (form !== undefined && !takesCodeAlone(form))) return;
  const controls = page.forms.flatMap((candidate) => candidate.controls);
  const takesCode = controls.some((control) => /one-time-code/.test(control.hint));
  const takesText = controls.some((control) => ["text", "tel", "number", "password"].includes(control.type));
  if (takesCode || (takesText && ASKS_FOR_CODE.test(page.text))) {
    throw new SecondFactorRequired(
      page.feedback === undefined ? sentenceWith(ASKS_FOR_CODE, page.text) : words(page.feedback),
    );
  }
}

/** A refresh within seconds leaves before a person could read; a slower one is a session's time-out, and no way on. */
function metaRefresh({ page }: Situation): Hop | undefined {
  if (page.refresh === undefined || page.refresh.delaySeconds > 10) return undefined;
  const url = resolve(page.refresh.address, page.base);
  return url === undefined ? undefined : { method: "GET", url };
}

function credentials(situation: Situation): Hop | undefined {
  const { page, passwordPosts, username, password, userNamePosts } = situation;
  const form = credentialsForm(page);
  if (form === undefined) return undefined;
  if (passwordPosts > 0) throw rejection(page.feedback);
  const userName = userNameControl(form);
  const namesMissing = [userName, ...passwordsOf(form)].some((control) => control?.name === "");
  if (form.action === undefined || namesMissing || (userName === undefined && userNamePosts === 0)) {
    throw changed(situation, "a form with named fields for user name and password");
  }
  const fields = filledIn(filledIn(fieldsOf(form), userName, username), passwordsOf(form)[0], password);
  return { ...sent(form, page, fields), carriesPassword: true };
}

function userNameFirst({ page, passwordPosts, userNamePosts, username }: Situation): Hop | undefined {
  if (passwordPosts > 0 || userNamePosts > 0) return undefined;
  const found = userNameForm(page);
  if (found === undefined) return undefined;
  return { ...sent(found.form, page, filledIn(fieldsOf(found.form), found.userName, username)), carriesUserName: true };
}

/** Sends a form as its page would: by Wicket's Ajax where the script says so, plainly otherwise. */
function sent(form: Form, page: Page, fields: Fields): Hop {
  const call = wicketCallFor(form, page);
  const button = submitControl(form, call);
  if (call !== undefined) return byAjax(call, page, fields, button?.name ?? "");
  return submitted(form, page, fields, button);
}

/** Wicket's own script sends the name of the pressed button with the value 1, and says where it stands. */
function byAjax(call: WicketCall, page: Page, fields: Fields, buttonName: string): Hop {
  const submitter = call.submitter || buttonName;
  return {
    method: "POST",
    url: resolve(call.url, page.base) ?? page.url,
    fields: submitter === "" ? fields : [...fields, [submitter, "1"]],
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
function submitted(form: Form, page: Page, fieldsOfForm: Fields, button?: Control): Hop {
  const fields: Fields =
    button === undefined || button.name === "" ? fieldsOfForm : [...fieldsOfForm, [button.name, button.value]];
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

/** `ngpostResponder` and its like: hidden fields, and a script that sends them at once. */
function autoSubmit({ page }: Situation): Hop | undefined {
  const form = autoSubmittedForm(page);
  return form?.action === undefined ? undefined : submitted(form, page, fieldsOf(form));
}

/** A notice or a consent with one way on: one button, or else one link. */
function notice({ page, passwordPosts }: Situation): Hop | undefined {
  // A page of maintenance may have a way home or to try again; one that announces maintenance has a way on.
  const leadsOn = (text: string) => GOES_ON.test(text) || !OUT_OF_ORDER.test(`${page.title} ${page.text}`);
  const found = noticeForm(page);
  if (found?.form.action !== undefined && leadsOn(`${found.button.hint} ${found.button.value}`)) {
    const ticked = found.form.controls.filter(
      (control) => control.type === "checkbox" && !control.sent && control.name !== "",
    );
    const boxes = ticked.map((control) => [control.name, control.value] as const);
    return submitted(found.form, page, [...fieldsOf(found.form), ...boxes], found.button);
  }
  // Before the password a lone link may lead anywhere; behind it, a page with one link that leads on is a step of the login.
  const links = page.links.filter(
    (link) =>
      !textLeadsAway(link.text) && leadsOn(link.text) && !/^(?:#|javascript:|mailto:|tel:)/i.test(link.address.trim()),
  );
  const byAddress = [...new Map(links.map((link) => [link.address, link] as const)).values()];
  const only = theOneWay(byAddress, (link) => link.text);
  if (only === undefined || (passwordPosts === 0 && page.forms.length > 0)) return undefined;
  const url = resolve(only.address, page.base);
  return url === undefined ? undefined : { method: "GET", url };
}

/** The last resort: an address that a script goes to, or that a browser without scripts would go to. */
function scriptedAddress({ page }: Situation): Hop | undefined {
  const address = page.scriptedAddress ?? page.refreshWithoutScript;
  const url = address === undefined ? undefined : resolve(address, page.base);
  return url === undefined ? undefined : { method: "GET", url };
}

function maintenance({ page }: Situation): undefined {
  refuseMaintenance(page);
}

/** Throws `CarunaUnreachable` where a page says that the service is out of order. */
export function refuseMaintenance(page: Page): void {
  const text = `${page.title}. ${page.text}`;
  if (OUT_OF_ORDER.test(text)) throw new CarunaUnreachable(`its login says "${sentenceWith(OUT_OF_ORDER, text)}"`);
}

/** The content of all elements of one name in an Ajax answer, CDATA or not; undefined where there is none. */
function section(body: string, element: string): string | undefined {
  const found: string[] = [];
  const begin = new RegExp(`<${element}\\b`, "g");
  for (let match = begin.exec(body); match !== null; match = begin.exec(body)) {
    const start = body.indexOf(">", match.index);
    const end = start === -1 ? -1 : body.indexOf(`</${element}>`, start);
    if (end === -1) break;
    const content = body.slice(start + 1, end);
    const { sections } = splitByCdata(content);
    found.push(sections.length > 0 ? sections.join("") : textOf(content));
    begin.lastIndex = end;
  }
  return found.length === 0 ? undefined : found.join("\n");
}

function locationIn(script: string | undefined): string | undefined {
  return script === undefined
    ? undefined
    : readPage(`<script>${script}</script>`, new URL("about:blank")).scriptedAddress;
}

function words(text: string | undefined): string | undefined {
  const masked = text === undefined ? "" : maskedText(text);
  return masked === "" ? undefined : masked;
}

function sentenceWith(pattern: RegExp, text: string): string | undefined {
  return words(text.split(/(?<=[.!?])\s/).find((sentence) => pattern.test(sentence)));
}

/** The error of a page that has no way on for us, or not the one looked for. */
export function changed(situation: Situation, expected: string, found = describe(situation.page)): LoginChanged {
  const { hop, response, passwordPosts } = situation;
  const step = hop.carriesPassword
    ? "answer to the password"
    : `page ${passwordPosts > 0 ? "after" : "before"} the password`;
  const address = `${hop.method} ${maskedPath(hop.url)}`;
  return new LoginChanged({ step, address, expected, found: `HTTP ${response.status}, ${found}` });
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
    page.title === "" ? "a page without a title" : `a page "${maskedText(page.title, 80)}"`,
    `at ${maskedPath(page.url)}`,
    page.refresh === undefined ? "no meta refresh" : `a meta refresh to ${refreshTarget(page)}`,
    ...(forms.length === 0 ? ["no form"] : forms),
    `${page.wicketCalls.length} Wicket calls`,
  ];
  return parts.join(", ");
}

function refreshTarget({ refresh, base }: Page): string {
  const url = refresh === undefined ? undefined : resolve(refresh.address, base);
  return url === undefined ? "no address" : maskedPath(url);
}
