import {
  CarunaUnreachable,
  CredentialsRejected,
  PersonNeeded,
  type PersonTask,
  SecondFactorRequired,
} from "../errors.js";
import { maskedText } from "../masking.js";
import { type Account, credentialsForm, isTypedInto, roleOf, userNameForm } from "./forms.js";
import { isVisible } from "./html.js";
import { changed, type Situation } from "./login-pages.js";
import { messagesOf } from "./messages.js";
import type { Control, Page } from "./page.js";
import { GOES_ON } from "./words.js";

/** The session was lost on the way (an `errorGenericPage`): nothing was judged, the login may begin again. */
export class LostSession extends Error {}

const ASKS_FOR_CODE =
  /vahvistuskoodi|kertakäyttö|tekstiviestikood|tunnusluku|one[- ]time (?:code|pass)|verification code|(?:enter|type) (?:the|your|this|that) (?:\w+-digit )?code|(?:sent|mailed)[^.!?]{0,60}\b(?:your|a|the) (?:\w+-digit )?code\b|(?:syötä|anna|kirjoita) (?:saamasi )?koodi|lähet\w+[^.!?]{0,60}\bkoodi|skick\w+[^.!?]{0,60}\bkod\b|ange (?:koden|en kod)|mfa[_ ]required|\botp\b|engångskod|verifieringskod/i;
const ASKS_FOR_APPROVAL =
  /(?:approve|confirm|hyväksy|vahvista|godkänn|bekräfta)[^.!?]{0,80}(?:\bin (?:the|your) [^.!?]{0,30}app\b|on your (?:phone|device|mobile)|sovelluks|puhelimes|mobiilis|i appen|i din (?:telefon|mobil))|push notification|push-ilmoitu|push-?notis|open (?:the|your) [^.!?]{0,30}authenticator|check your phone/i;
const HAS_SENT_LINK =
  /(?:sent|mailed|lähet\w+|skicka\w*)[^.!?]{0,100}(?:\blink|linkk|linki|länk)|(?:\blink|linkki|länk)[^.!?]{0,60}(?:sent|lähetetty|skickats)|(?:sent|mailed|lähet\w+|skickat?)[^.!?]{0,60}(?:instructions|ohjeet|instruktioner)|(?:instructions|ohjeet|instruktioner)[^.!?]{0,80}(?:sent|lähetetty|skickats)|check your (?:inbox|e-?mail)(?! address)|magic link/i;
const WANTS_CAPTCHA = /captcha|requires_verification|not a robot|en ole robotti|inte en robot/i;
const WANTS_NEW_PASSWORD =
  /(?:password|salasana\w*|lösenord\w*)[^.!?]{0,40}(?:expired|vanhentu|umpeutu|gått ut|must be changed|has to be changed)|(?:change|update|set|choose|vaihda|aseta|valitse|byt|ange|välj)[^.!?]{0,30}(?:new password|your password|salasana(?:si)?\b|uusi salasana|(?:ditt|nytt) lösenord)|change_password|password_expired/i;
const SPEAKS_OF_LOGIN =
  /salasana|tunnus|kirjaut|lukit|lukkiutu|password|user ?name|credential|log ?in|locked|blocked|lösenord|användar|inlogg|spärrat|låst/i;
const LOCKED = /lukittu|lukkiutu|lukkoon|locked|blocked|låst|spärrat/i;
const OUT_OF_ORDER =
  /huoltokatko|huoltotyö|huollon|tilapäisesti|häiriö|ei (?:ole )?käytettävissä|maintenance|temporarily|unavailable|driftstopp|underhåll/i;
/** What says that nothing was judged: a field is empty as the portal sees it, or the form was too old. */
const NOT_JUDGED =
  /required|pakolli|obligatorisk|mandatory|missing|puuttu|saknas|\bempty\b|tyhjä|please (?:enter|fill)|^\s*(?:enter|anna|syötä|täytä|kirjoita|ange|fyll i)\b|session|istunto|istunnon|timed? ?out|aikakatk|csrf|\btoken\b|\bstate\b|invalid_request|server_error|parameter|unsupported|not found|unexpected/i;
const SAYS_WRONG =
  /väär|virheelli|incorrect|wrong|invalid (?:user|e-?mail|login|log ?in|password|credential|name)|invalid[_ ](?:user|credential|grant|password)|do(?:es)? ?n[o']t match|not (?:match|recogni|correct)|täsmää|kelpaa|felaktig|stämmer inte|\bfel\b/i;

/**
 * What came after the password: throws where it was rejected, where only a person can go on, where the service is out of
 * order, and where nobody can tell; returns undefined where the page may lead on.
 */
export function judge(situation: Situation): undefined {
  const { response, hop, page, passwordPage } = situation;
  if (passwordPage === undefined) return undefined;
  const json = jsonOf(response.body);
  const said = json === undefined ? newMessages(page, passwordPage) : wordsOfJson(json);
  const text = json === undefined ? newText(page, passwordPage) : (said ?? "");
  const asksAgain = json === undefined && asksForLogin(page, situation, said !== undefined);
  const isAnswered = asksAgain || json !== undefined || situation.answer !== undefined;
  if ((isAnswered || response.status >= 400) && OUT_OF_ORDER.test(said ?? text) && !LOCKED.test(said ?? text))
    throw new CarunaUnreachable(`its login says "${sentenceWith(OUT_OF_ORDER, said ?? text)}"`);
  refuseTasks({ page, text, said, asksAgain, isJson: json !== undefined, account: situation });
  if (json !== undefined) {
    if (said === undefined || !isErrorIn(json, response.status)) return undefined;
    throw refusal(situation, said);
  }
  if (said !== undefined && isAnswered) throw refusal(situation, said);
  if (response.status === 401 && hop.carriesPassword === true && !asksAgain) {
    // Of a page's text only the sentence that gives the reason: the rest may be about the person.
    const reason = said ?? sentenceWith(SPEAKS_OF_LOGIN, text);
    if (reason !== undefined) throw refusal(situation, reason);
  }
  if (asksAgain) throw changed(situation, "a way on, or a reason");
  return undefined;
}

/**
 * True for a server error that carries the login form again, with a message of its own that speaks of the password: the
 * form says more than the status does.
 */
export function isJudgedDespiteStatus({ response, page, passwordPage, ...situation }: Situation): boolean {
  if (passwordPage === undefined || response.status < 500) return false;
  const said = newMessages(page, passwordPage);
  const isAboutPassword = said !== undefined && SPEAKS_OF_LOGIN.test(said) && !OUT_OF_ORDER.test(said);
  return isAboutPassword && asksForLogin(page, situation, true);
}

/** The form of the login again: for the password, or for the user name that comes before it. */
function asksForLogin(page: Page, account: Account, hasMessage: boolean): boolean {
  const userName = userNameForm(page, account)?.userName;
  const takesPassword = (control: Control) => isTypedInto(control) && roleOf(control) === "password";
  return (
    credentialsForm(page, account) !== undefined ||
    page.forms.some(({ controls }) => controls.some(takesPassword)) ||
    // What is filled in already, without a message, is shown to be confirmed.
    (userName !== undefined && (userName.value === "" || hasMessage))
  );
}

interface Answered {
  readonly page: Page;
  /** What a person reads that was not there before the post. */
  readonly text: string;
  /** New messages. */
  readonly said: string | undefined;
  readonly asksAgain: boolean;
  readonly isJson: boolean;
  readonly account: Account;
}

/** Throws `PersonNeeded` for what only a person can do. */
function refuseTasks({ page, text, said, asksAgain, isJson }: Answered): void {
  const needed = (task: PersonTask, pattern: RegExp) => {
    const words = wordsOf(said) ?? sentenceWith(pattern, text);
    return task === "one-time code" ? new SecondFactorRequired(words) : new PersonNeeded(task, words);
  };
  const fields = isJson ? [] : page.forms.flatMap(({ controls }) => controls.filter(isTypedInto));
  // A message of its own about the password is the answer to it, whatever else the page asks for the next time.
  const isAboutPassword = said !== undefined && SAYS_WRONG.test(said) && !WANTS_CAPTCHA.test(said);
  if (!isAboutPassword && (WANTS_CAPTCHA.test(said ?? "") || (!isJson && hasCaptcha(page, asksAgain, text))))
    throw needed("captcha", WANTS_CAPTCHA);
  const setsPassword = fields.some((control) => roleOf(control) === "new password");
  if (setsPassword || (!asksAgain && WANTS_NEW_PASSWORD.test(text))) throw needed("new password", WANTS_NEW_PASSWORD);
  if (asksAgain && !isJson) return;
  const takesCode =
    isJson ||
    fields.some((control) => roleOf(control) === "code" || control.tokens.includes("one-time-code")) ||
    (fields.length > 0 && ASKS_FOR_CODE.test(text));
  const asksForCode = ASKS_FOR_CODE.test(text) || fields.some((control) => control.tokens.includes("one-time-code"));
  if (takesCode && asksForCode) throw needed("one-time code", ASKS_FOR_CODE);
  if (ASKS_FOR_APPROVAL.test(text)) throw needed("app approval", ASKS_FOR_APPROVAL);
  if (HAS_SENT_LINK.test(text)) throw needed("e-mailed link", HAS_SENT_LINK);
}

/** A captcha that a person sees, where the login is asked for again or nothing else is. */
function hasCaptcha(page: Page, asksAgain: boolean, text: string): boolean {
  const elements = page.root.querySelectorAll(
    '[class*="captcha" i], [id*="captcha" i], iframe[src*="captcha" i], [data-sitekey]',
  );
  const isSeen = elements.some(isVisible) || page.forms.some(({ controls }) => controls.some(isCaptchaField));
  return (isSeen && (asksAgain || WANTS_CAPTCHA.test(text))) || (!asksAgain && WANTS_CAPTCHA.test(text));
}

function isCaptchaField(control: Control): boolean {
  return isTypedInto(control) && roleOf(control) === "captcha";
}

/**
 * What it means that the password is not taken, for the reason given. What speaks of an empty field or an old form, and
 * a form that we left partly empty, has judged nothing; an account that is locked, if only for a while, has: it would
 * stay locked if we tried again soon.
 */
function refusal(situation: Situation, reason: string | undefined): Error {
  const said = wordsOf(reason);
  const text = reason ?? "";
  const isJudged = LOCKED.test(text) || SAYS_WRONG.test(text) || !NOT_JUDGED.test(text);
  if (isJudged && !leftFieldEmpty(situation)) return new CredentialsRejected(said);
  return changed(situation, "a way on", `the login again${said === undefined ? "" : `, which says "${said}"`}`);
}

/** True where the posted form had a field for a password, or a required one, that went out empty: a mistake of ours. */
function leftFieldEmpty({ hop, passwordPage }: Situation): boolean {
  if (hop.carriesPassword !== true || passwordPage === undefined) return false;
  const empty = new Set((hop.fields ?? []).flatMap(([name, value]) => (value === "" ? [name] : [])));
  const controls = passwordPage.forms.flatMap((form) => form.controls);
  return controls.some(
    (control) => empty.has(control.name) && isTypedInto(control) && (control.type === "password" || control.isRequired),
  );
}

/** Messages that did not stand on the page before the post; a clock or a counter in them makes no new ones. */
function newMessages(page: Page, before: Page): string | undefined {
  const old = new Set(messagesOf(before.root).map(withoutDigits));
  return (
    messagesOf(page.root)
      .filter((message) => !old.has(withoutDigits(message)))
      .join(" ") || undefined
  );
}

/** Sentences that did not stand on the page before the post. */
function newText(page: Page, before: Page): string {
  const old = new Set(sentencesOf(`${before.text}. ${before.title}`).map(withoutDigits));
  return sentencesOf(`${page.text}. ${page.title}`)
    .filter((sentence) => !old.has(withoutDigits(sentence)))
    .join(" ");
}

function sentencesOf(text: string): string[] {
  return text.split(/(?<=[.!?])\s/);
}

function withoutDigits(text: string): string {
  return text.replace(/\d+/g, "0");
}

function jsonOf(body: string): unknown {
  if (!/^\s*[[{]/.test(body)) return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

const ERROR_KEY = /error|fail|reason|problem|message|^msg$|description|detail|title|^code$/i;

/** The texts of an answer in JSON that speak to a person, or name an error. */
function wordsOfJson(value: unknown, depth = 0): string | undefined {
  if (typeof value !== "object" || value === null || depth > 3) return undefined;
  const found = Object.entries(value)
    .slice(0, 100)
    .flatMap(([key, inner]) => {
      if (typeof inner === "string") return ERROR_KEY.test(key) ? [inner] : [];
      return wordsOfJson(inner, depth + 1) ?? [];
    });
  return [...new Set(found)].join(" ") || undefined;
}

/** Whether it says that something is wrong, as Auth0's and Azure's answers and OAuth's do; the status alone says it, too. */
function isErrorIn(value: unknown, status: number): boolean {
  if (status >= 400) return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(
    ([key, inner]) =>
      (/^(?:error.*|errors|fail.*)$/i.test(key) && inner !== null && inner !== false && inner !== "") ||
      (/^(?:status|statusCode)$/i.test(key) && Number(inner) >= 400) ||
      (/^(?:success|ok|authenticated)$/i.test(key) && inner === false) ||
      (/^status$/i.test(key) && typeof inner === "string" && /error|fail|denied|reject/i.test(inner)),
  );
}

/** Throws `CarunaUnreachable` where a page says that the service is out of order, and does not lead on. */
export function refuseMaintenance(page: Page, mayLeadOn = false): void {
  const text = `${page.title}. ${page.text}`;
  const buttons = page.forms.flatMap(({ controls }) => controls.map(({ label }) => label));
  if (mayLeadOn && [...page.links.map((link) => link.text), ...buttons].some((label) => GOES_ON.test(label))) return;
  if (OUT_OF_ORDER.test(text)) throw new CarunaUnreachable(`its login says "${sentenceWith(OUT_OF_ORDER, text)}"`);
}

/** The same of an answer in JSON. */
export function refuseMaintenanceInJson(value: unknown): void {
  const said = wordsOfJson(value) ?? "";
  if (OUT_OF_ORDER.test(said)) throw new CarunaUnreachable(`its login says "${sentenceWith(OUT_OF_ORDER, said)}"`);
}

function wordsOf(text: string | undefined): string | undefined {
  const masked = text === undefined ? "" : maskedText(text);
  return masked === "" ? undefined : masked;
}

function sentenceWith(pattern: RegExp, text: string): string | undefined {
  return wordsOf(sentencesOf(text).find((sentence) => pattern.test(sentence)));
}
