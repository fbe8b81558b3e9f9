import { attribute, isVisible, textOf } from "./html.js";
import { type Control, type Form, isButton, isWeb, type Page } from "./page.js";
import type { WicketCall } from "./wicket-calls.js";
import * as words from "./words.js";

/** What a browser sends for a form: name and value, in the order of the document. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** A form as a person would send it. */
export interface Submission {
  readonly form: Form;
  /** The button to press; undefined where the form has none. */
  readonly button: Control | undefined;
  /** What is typed and which boxes are ticked; every other control is sent as it is. */
  readonly values: ReadonlyMap<Control, string>;
}

/** Both to be typed into the form of a login. */
export interface Account {
  readonly username: string;
  readonly password: string;
}

/** What belongs into a field; `unknown` where nothing says so, `other` where it is something that we do not have. */
export type Role = "user name" | "password" | "new password" | "code" | "captcha" | "other" | "unknown";

const ROLES: Readonly<Record<string, Role>> = {
  username: "user name",
  email: "user name",
  "current-password": "password",
  "new-password": "new password",
  "one-time-code": "code",
};
/** Tokens that say nothing of the content. */
const NO_ROLE = /^(?:on|off|webauthn|section-.*|shipping|billing|home|work|nope|false|true|no)$/;

/** `autocomplete` decides before the label, the label before the name, the name before the type. */
export function roleOf(control: Control): Role {
  for (const token of control.tokens) if (!NO_ROLE.test(token)) return ROLES[token] ?? "other";
  const role = roleByWords(control.label, control.type) ?? roleByName(control, control.type);
  return role ?? (control.type === "password" ? "password" : control.type === "email" ? "user name" : "unknown");
}

function roleByName({ name, id }: Control, type: string): Role | undefined {
  return roleByWords(`${name} ${id}`.replace(/([a-z])([A-Z])|_/g, "$1 $2"), type);
}

function roleByWords(text: string, type: string): Role | undefined {
  if (words.CAPTCHA.test(text)) return "captcha";
  if (type === "password") {
    if (words.NEW_PASSWORD.test(text)) return "new password";
    return words.PASSWORD.test(text) ? "password" : words.CODE.test(text) ? "code" : undefined;
  }
  if (words.MARKETING.test(text)) return "other";
  if (words.USER_NAME.test(text)) return "user name";
  if (words.CODE.test(text)) return "code";
  if (words.OTHER_FIELD.test(text)) return "other";
  return words.PERHAPS_USER_NAME.test(text) ? "user name" : undefined;
}

const NOT_TYPED = /^(?:hidden|checkbox|radio|submit|image|button|reset|file|range|color|select|textarea|search)$/;

/** True for a field into which a person can type a line: seen, and neither read-only nor left out of the tab order. */
export function isTypedInto(control: Control): boolean {
  return control.isVisible && control.isEditable && !NOT_TYPED.test(control.type);
}

function typedFields(form: Form, role?: Role): Control[] {
  return form.controls.filter((control) => isTypedInto(control) && (role === undefined || roleOf(control) === role));
}

/** Words of the form itself and of its buttons. */
function wordsOf(form: Form): { own: string; buttons: string } {
  const names = ["id", "name", "class", "role", "aria-label"].map((name) => attribute(form.element, name));
  const before = form.element.previousElementSibling;
  const heading =
    form.element.querySelector("legend, h1, h2, h3, h4") ?? (/^h[1-4]$/.test(before?.rawTagName ?? "") ? before : null);
  const own = [...names, textOf(heading), attribute(form.element, "action").replace(/[?#].*/, "")].join(" ");
  const buttons = form.controls.filter((control) => isButton(control) && control.isVisible);
  return { own, buttons: buttons.map((button) => button.label || button.name).join(" | ") };
}

/** True for a search, a newsletter, a registration, a forgotten password, a choice of language. */
export function isForSomethingElse(form: Form): boolean {
  const { own, buttons } = wordsOf(form);
  const all = buttons.split(" | ").filter(Boolean);
  if (all.length > 0 && all.every((label) => words.LEADS_AWAY.test(label))) return true;
  if (form.controls.some(({ type, isVisible: isShown }) => type === "search" && isShown)) return true;
  return words.LEADS_AWAY.test(own) && !words.LOG_IN.test(buttons) && !words.LOG_IN.test(own);
}

/**
 * The form that asks for the password, and the user name unless that is known already, filled in; undefined where none
 * does. A form that sets a new password, or needs something that we do not have, is none.
 */
export function credentialsForm(
  page: Page,
  account: Account,
): (Submission & { readonly password: Control; readonly userName: Control | undefined }) | undefined {
  const candidates = page.forms.flatMap((form) => {
    const [password, second] = typedFields(form, "password");
    if (password === undefined || second !== undefined || isForSomethingElse(form) || setsPassword(form)) return [];
    const userName = userNameField(form, password);
    if (needsMore(form, [userName, password])) return [];
    return [{ form, password, userName, button: submitButton(form, page) }];
  });
  const chosen = best(candidates, ({ form, userName, password }) => {
    const { own, buttons } = wordsOf(form);
    const others = typedFields(form).filter((control) => control !== userName && control !== password).length;
    return (
      (userName !== undefined && roleOf(userName) === "user name" ? 4 : 0) +
      (words.LOG_IN.test(buttons) || words.LOG_IN.test(own) ? 2 : 0) +
      (wicketCallFor(form, page) === undefined ? 0 : 2) -
      (words.OTHER_WAY_TO_LOG_IN.test(`${own} ${userName?.label ?? ""}`) ? 3 : 0) -
      2 * others
    );
  });
  if (chosen === undefined) return undefined;
  const typed = new Map([[chosen.password, account.password]]);
  if (chosen.userName !== undefined) typed.set(chosen.userName, account.username);
  return {
    ...chosen,
    values: new Map([
      ...typed,
      ...twinsOf(typed, chosen.form, page),
      ...requiredBoxes(chosen.form),
      ...chosenWay(chosen.form),
    ]),
  };
}

/** A form that asks for the user name first, and for the password on the next page. */
export function userNameForm(page: Page, account: Account): (Submission & { readonly userName: Control }) | undefined {
  const candidates = page.forms.flatMap((form) => {
    const typed = typedFields(form);
    const isLogin = words.LOG_IN.test(Object.values(wordsOf(form)).join(" "));
    const lone = typed.length === 1 && isLogin ? typedFields(form, "unknown") : [];
    const userName = [...typedFields(form, "user name"), ...lone][0];
    if (userName === undefined || isForSomethingElse(form) || needsMore(form, [userName])) return [];
    if (form.controls.some((control) => control.type === "password" && isTypedInto(control))) return [];
    if (typed.some((control) => roleOf(control) === "code") || isOtherWay(form)) return [];
    return [{ form, userName, button: submitButton(form, page) }];
  });
  const chosen = best(candidates, ({ form, userName }) => {
    const { own, buttons } = wordsOf(form);
    return (words.LOG_IN.test(`${own} ${buttons}`) ? 2 : 0) + (userName.tokens.includes("username") ? 2 : 0);
  });
  if (chosen === undefined) return undefined;
  const typed = new Map([[chosen.userName, account.username]]);
  return {
    ...chosen,
    values: new Map([
      ...typed,
      ...twinsOf(typed, chosen.form, page),
      ...requiredBoxes(chosen.form),
      ...chosenWay(chosen.form),
    ]),
  };
}

/** True where all that a form can be sent for is a login with something else than a password. */
function isOtherWay(form: Form): boolean {
  const buttons = form.controls.filter((control) => isButton(control) && control.isVisible);
  return buttons.length > 0 && buttons.every(({ label }) => words.OTHER_WAY_TO_LOG_IN.test(label));
}

/** Of ways to log in that are offered as radios or in a list, the one with e-mail or user name and password. */
export function chosenWay(form: Form): [Control, string][] {
  const options = form.controls.flatMap((control) => {
    if (control.type === "radio") return [{ control, label: control.label, value: control.value }];
    if (control.type !== "select" || !control.isVisible) return [];
    return control.element.querySelectorAll("option").map((option) => {
      const label = textOf(option);
      return { control, label, value: option.getAttribute("value") ?? label };
    });
  });
  const wanted = options.filter(
    ({ label }) => words.LOG_IN_WITH_PASSWORD.test(label) && !words.OTHER_WAY_TO_LOG_IN.test(label),
  );
  const chosen = best(wanted, ({ label }) => (words.PASSWORD.test(label) ? 1 : 0));
  return chosen === undefined ? [] : [[chosen.control, chosen.value]];
}

function setsPassword(form: Form): boolean {
  const fresh = typedFields(form, "new password");
  return fresh.length > 0 && (fresh.some(({ isRequired }) => isRequired) || !words.LOG_IN.test(wordsOf(form).buttons));
}

/** Where nothing says which it is, the last field before the password. */
function userNameField(form: Form, password: Control): Control | undefined {
  const named = typedFields(form, "user name");
  const exact =
    named.find(({ tokens }) => tokens.includes("username")) ??
    named.find(({ tokens, type }) => tokens.includes("email") || type === "email");
  const before = typedFields(form, "unknown").filter(
    (control) => form.controls.indexOf(control) < form.controls.indexOf(password),
  );
  return exact ?? named[0] ?? before.at(-1);
}

/** True where a field must be filled in and we have nothing for it. */
function needsMore(form: Form, ours: readonly (Control | undefined)[]): boolean {
  return typedFields(form).some(
    (control) => control.isRequired && control.value === "" && !ours.includes(control) && roleOf(control) !== "captcha",
  );
}

/**
 * Hidden fields that the page's script would fill with what was typed: a visible field without a name, or one called
 * like the hidden one and more (WSO2: `usernameUserInput` beside the hidden, empty `username`).
 */
function twinsOf(typed: ReadonlyMap<Control, string>, form: Form, page: Page): [Control, string][] {
  return [...typed].flatMap(([control, value]): [Control, string][] => {
    const shown = (control.name || control.id).toLowerCase();
    const isTwin = (hidden: Control) => {
      const name = hidden.name.toLowerCase();
      if (hidden.type !== "hidden" || hidden.value !== "" || name === "") return false;
      if (control.name === "" && roleByName(hidden, control.type) === roleOf(control)) return true;
      if (!shown.startsWith(name) || shown === name) return false;
      return (
        /^[-_]?(?:user)?[-_]?(?:input|field|display|visible|text|entry|shown)$/.test(shown.slice(name.length)) ||
        (page.script.mentions(hidden.id || hidden.name) && page.script.mentions(control.id || control.name))
      );
    };
    return form.controls.filter(isTwin).map((hidden) => [hidden, value]);
  });
}

/** True where a person must prove to be one before the form is sent. */
export function hasCaptcha(form: Form): boolean {
  const widget = form.element.querySelectorAll(
    "[data-sitekey], .g-recaptcha, .h-captcha, .cf-turnstile, [id*=captcha i]",
  );
  return (
    typedFields(form, "captcha").length > 0 ||
    widget.some((element) => isVisible(element) && element.rawTagName !== "script")
  );
}

/** Boxes without which the form is not sent; one for marketing is never ticked. */
export function requiredBoxes(form: Form): [Control, string][] {
  const boxes = form.controls.filter(
    ({ type, isSent, isRequired, isVisible: isShown }) => type === "checkbox" && !isSent && isRequired && isShown,
  );
  return boxes.filter((box) => !words.MARKETING.test(box.label)).map((box) => [box, box.value]);
}

/** The button to press: the one that the script names, or the one whose words say it; never one that leads away. */
export function submitButton(form: Form, page: Page): Control | undefined {
  const call = wicketCallFor(form, page);
  const buttons = form.controls.filter(
    (control) =>
      isButton(control) &&
      control.isVisible &&
      (control.type !== "button" || isNamedBy(call, control) || page.script.onClick(control.onClick).submits),
  );
  const chosen = best(buttons, (button) => {
    const { label } = button;
    return (
      (isNamedBy(call, button) ? 6 : 0) +
      (words.LOG_IN.test(label) ? 3 : 0) +
      (words.GOES_ON.test(label) ? 2 : 0) -
      (words.OTHER_WAY_TO_LOG_IN.test(label) ? 4 : 0) -
      (leadsAway(button) ? 12 : 0)
    );
  });
  return chosen !== undefined && leadsAway(chosen) ? undefined : chosen;
}

export function leadsAway(button: Control): boolean {
  return words.LEADS_AWAY.test(button.label || `${button.name} ${button.id}`);
}

function isNamedBy(call: WicketCall | undefined, control: Control): boolean {
  if (call === undefined) return false;
  return (
    (control.id !== "" && control.id === call.componentId) || (control.name !== "" && control.name === call.submitter)
  );
}

/**
 * The Ajax call with which the page's script sends a form, when a certain button is pressed or whichever it is; undefined for
 * a form that is sent plainly.
 *
 * Wicket names the button (`c`, `sc`) or the form (`f`); failing these, the component path in the call's address
 * continues the one in the form's action (`?{page}-{version}.-{path}` → `?{page}-{version}.0-{path}-{button}`).
 */
export function wicketCallFor(form: Form, page: Page, button?: Control): WicketCall | undefined {
  const path = /\.(?:[^-]*)-(.+)$/.exec(form.action?.search ?? "")?.[1];
  const score = (call: WicketCall) => {
    const named = form.controls.filter((control) => isNamedBy(call, control));
    const pressed = named.find(isButton);
    if (named.length > 0 && pressed === undefined) return 0;
    if (button !== undefined && pressed !== undefined && pressed !== button) return 0;
    if (pressed !== undefined) return leadsAway(pressed) && pressed !== button ? 1 : 8;
    if (form.id !== "" && (call.formId === form.id || call.componentId === form.id)) return 4;
    return path !== undefined && call.url.includes(`-${path}`) ? 2 : 0;
  };
  // Of two calls for the same component the newer one holds: an Ajax answer may have replaced it.
  return best(
    [...page.wicketCalls].reverse().filter((call) => score(call) > 0),
    score,
  );
}

/** What goes over the wire for a submission; the button is left to its sender. Boxes for marketing are not sent ticked. */
export function fieldsOf({ form, values }: Pick<Submission, "form" | "values">): Fields {
  const cleared = boxesToClear({ form, values });
  const isSent = (control: Control) => {
    if (control.name === "" || isButton(control) || control.type === "reset" || control.type === "file") return false;
    if (values.has(control)) return true;
    const isReplaced = [...values.keys()].some(({ type, name }) => type === "radio" && name === control.name);
    if (control.type === "radio" && isReplaced) return false;
    return control.isSent && !cleared.includes(control);
  };
  return form.controls
    .filter(isSent)
    .map((control) => [control.name, withLineEnds(values.get(control) ?? control.value)]);
}

/** Boxes for marketing that came ticked; where data is shown to be confirmed, they are part of it and stay. */
export function boxesToClear({ form, values }: Pick<Submission, "form" | "values">): Control[] {
  const isPrefilled = form.controls.some(
    (control) => isTypedInto(control) && control.value !== "" && !values.has(control),
  );
  if (isPrefilled) return [];
  return form.controls.filter(
    (control) =>
      control.type === "checkbox" &&
      control.isSent &&
      !values.has(control) &&
      words.MARKETING.test(`${control.label} ${control.name}`),
  );
}

/** Hidden fields to which the handler of the pressed button gives a value of its own. */
export function filledByClick(form: Form, button: Control | undefined, page: Page): [Control, string][] {
  if (button === undefined || button.onClick === "") return [];
  const { fills } = page.script.onClick(button.onClick);
  return form.controls
    .filter(({ type }) => type === "hidden")
    .flatMap((hidden): [Control, string][] => {
      const filled = fills.find(([field]) => field === hidden.id || field === hidden.name);
      return filled === undefined ? [] : [[hidden, filled[1]]];
    });
}

/** As HTML sends the ends of lines. */
function withLineEnds(value: string): string {
  return value.replace(/\r\n?|\n/g, "\r\n");
}

/** Why a password must not be sent by a form; undefined where it may: in the body of a POST over the web. */
export function refusalOf({ form, button }: Submission, page: Page, call: WicketCall | undefined): string | undefined {
  const isPosted = button?.action !== undefined || form.element.hasAttribute("action");
  if (call === undefined && !isPosted && page.script.sendsByItself())
    return "a form that only a script of the page sends";
  if (form.controls.some(({ name, id }) => page.script.fillsIn([name, id])))
    return "a form that only a script of the page fills in, by a computation of its own";
  const url = button?.action ?? form.action;
  const method = call?.method ?? button?.method ?? form.method;
  if (call === undefined && (url === undefined || !isWeb(url)))
    return `a form that is sent to ${url?.protocol === undefined ? "no address" : url.protocol}`;
  return method === "POST" ? undefined : `a form that would put the password into the address (${method})`;
}

/** The form that a script sends when the page is loaded: one that asks a person nothing. */
export function autoSubmittedForm(page: Page, submits: readonly string[]): Form | undefined {
  const asksNothing = page.forms.filter((form) =>
    form.controls.every((control) => !control.isVisible || isButton(control)),
  );
  const code = submits.join("\n");
  if (submits.length > 0) {
    const named = asksNothing.find((form) =>
      [form.id, form.name, ...form.controls.filter(isButton).map(({ id }) => id)].some(
        (name) => name !== "" && code.includes(name),
      ),
    );
    const numbered = page.forms[Number(/forms\[(\d+)\]/.exec(code)?.[1] ?? -1)];
    const most = best(asksNothing, (form) => form.controls.filter(({ type }) => type === "hidden").length);
    return named ?? (numbered !== undefined && asksNothing.includes(numbered) ? numbered : most);
  }
  // A script from elsewhere must send the only form of a page that leaves nothing to press.
  const [only, ...others] = page.forms;
  const hasButton = only?.controls.some((control) => isButton(control) && control.isVisible);
  const isAlone = others.length === 0 && page.hasScripts && !hasButton && page.links.length === 0;
  return only !== undefined && isAlone && asksNothing.includes(only) && only.controls.length > 0 ? only : undefined;
}

export function best<Item>(items: readonly Item[], score: (item: Item) => number): Item | undefined {
  let winner: { item: Item; points: number } | undefined;
  for (const item of items) {
    const points = score(item);
    if (winner === undefined || points > winner.points) winner = { item, points };
  }
  return winner?.item;
}
