import type { Control, Form, Page, WicketCall } from "./page.js";

/** What a browser would send for a form: name and value, in the order of the document. */
export type Fields = readonly (readonly [name: string, value: string])[];

const BUTTONS = ["submit", "image", "button"];
const NEVER_SENT = [...BUTTONS, "reset", "file"];
const TYPED_BY_A_PERSON = ["text", "email", "tel"];

/** Words of controls that lead away from the login; Finnish, Swedish, English. */
const LEADS_AWAY =
  /cancel|peruuta|avbryt|forgot|unoh|glöm|regist|rekister|luo |sign ?up|logout|kirjaudu ulos|log ?out|back|takaisin|search|haku|hae\b|language|kieli|språk/;
const NEW_PASSWORD = /new-?password|uusi|uuden|\bnew\b|nytt|confirm|repeat|toista|upprepa/;
const CALLED_PASSWORD = /passw|salasana|lösenord|pwd/;
const LOOKS_LIKE_USER_NAME = /user|e-?mail|sähköposti|e-post|tunnus|login|kirjaudu|ttqusername/;

/** All fields that a form sends without a button: hidden ones, empty ones, ticked boxes. */
export function fieldsOf(form: Form): Fields {
  return form.controls
    .filter((control) => control.name !== "" && control.sent && !NEVER_SENT.includes(control.type))
    .map((control) => [control.name, control.value] as const);
}

/** Replaces the value of one control. */
export function filledIn(fields: Fields, control: Control | undefined, value: string): Fields {
  if (control === undefined) return fields;
  return fields.map(([name, old]) => [name, name === control.name ? value : old] as const);
}

export function passwordsOf(form: Form): readonly Control[] {
  return form.controls.filter((control) => control.type === "password");
}

/**
 * The form that asks for user name and password: not one that wants a new password chosen; best with one password field
 * (a registration has two), and where several have, the one whose fields or script the known portal used.
 */
export function credentialsForm(page: Page): Form | undefined {
  const forms = page.forms.filter((form) => {
    const passwords = passwordsOf(form);
    return passwords.length > 0 && !passwords.some((control) => NEW_PASSWORD.test(control.hint));
  });
  const score = (form: Form) =>
    (passwordsOf(form).length === 1 ? 4 : 0) +
    (wicketCallFor(form, page) === undefined ? 0 : 2) +
    (form.controls.some((control) => control.name === "ttqusername") ? 1 : 0) -
    (LEADS_AWAY.test(`${form.id} ${form.name} ${form.action?.pathname ?? ""}`.toLowerCase()) ? 3 : 0);
  return best(forms, score);
}

/** True for a form whose one field to fill in is of type password, but is not called one: it may take a one-time code. */
export function takesCodeAlone(form: Form): boolean {
  const [only, ...others] = passwordsOf(form);
  if (only === undefined || others.length > 0 || userNameControl(form) !== undefined) return false;
  return !CALLED_PASSWORD.test(only.hint);
}

/** A form that asks for the user name first, the password on the next page. Only one that says so. */
export function userNameForm(page: Page): { form: Form; userName: Control } | undefined {
  const candidates = page.forms
    .map((form) => ({ form, userName: userNameControl(form) }))
    .filter(
      ({ form }) =>
        passwordsOf(form).length === 0 &&
        !LEADS_AWAY.test(`${form.id} ${form.name} ${form.controls.map((control) => control.hint).join(" ")}`),
    );
  const [only, ...others] = candidates.filter(
    ({ userName }) => userName !== undefined && LOOKS_LIKE_USER_NAME.test(`${userName.hint} ${userName.type}`),
  );
  return only?.userName === undefined || others.length > 0 ? undefined : { form: only.form, userName: only.userName };
}

/** The text or e-mail field of a form that takes the user name. */
export function userNameControl(form: Form): Control | undefined {
  const password = form.controls.findIndex((control) => control.type === "password");
  const before = form.controls.filter(
    (control, index) => TYPED_BY_A_PERSON.includes(control.type) && (password === -1 || index < password),
  );
  const anywhere = form.controls.filter((control) => TYPED_BY_A_PERSON.includes(control.type));
  const likely = (control: Control) =>
    (LOOKS_LIKE_USER_NAME.test(control.hint) ? 2 : 0) + (control.type === "email" ? 1 : 0);
  return best(before, likely) ?? best(anywhere, likely);
}

/** The button a person would press to go on: the one the script names, and never one that leads away. */
export function submitControl(form: Form, call?: WicketCall): Control | undefined {
  const buttons = form.controls.filter(
    (control) => BUTTONS.includes(control.type) && (control.type !== "button" || isNamedBy(call, control)),
  );
  return best(
    buttons,
    (control) =>
      (isNamedBy(call, control) ? 4 : 0) + (control.name === "loginWithUserID" ? 1 : 0) - (leadsAway(control) ? 8 : 0),
  );
}

/** True for a control that cancels, logs out, registers, searches or changes the language. */
export function leadsAway(control: Control): boolean {
  return LEADS_AWAY.test(`${control.hint} ${control.type === "hidden" ? "" : control.value}`.toLowerCase());
}

export function textLeadsAway(text: string): boolean {
  return LEADS_AWAY.test(text.toLowerCase());
}

function isNamedBy(call: WicketCall | undefined, control: Control): boolean {
  if (call === undefined) return false;
  return (
    (control.id !== "" && control.id === call.componentId) || (control.name !== "" && control.name === call.submitter)
  );
}

/**
 * The Ajax call with which the page's script sends a form; undefined for a form that is posted plainly.
 *
 * Wicket names the button (`c`, `sc`) or the form (`f`); failing these, the component path in the call's address
 * continues the one in the form's action (`?{page}-{version}.-{path}` → `?{page}-{version}.0-{path}-{button}`).
 */
export function wicketCallFor(form: Form, page: Page): WicketCall | undefined {
  const isTypedInto = (call: WicketCall) =>
    form.controls.some(
      (control) => control.id !== "" && control.id === call.componentId && !BUTTONS.includes(control.type),
    );
  const path = /\.(?:[^-]*)-(.+)$/.exec(form.action?.search ?? "")?.[1];
  const score = (call: WicketCall) => {
    const button = form.controls.find((control) => BUTTONS.includes(control.type) && isNamedBy(call, control));
    if (button !== undefined) return leadsAway(button) ? 1 : 8;
    if (form.id !== "" && (call.formId === form.id || call.componentId === form.id)) return 4;
    return path !== undefined && call.url.includes(`-${path}`) ? 2 : 0;
  };
  return best(
    page.wicketCalls.filter((call) => !isTypedInto(call) && score(call) > 0),
    score,
  );
}

/** A form that the page's script sends by itself: one that asks a person nothing. */
export function autoSubmittedForm(page: Page): Form | undefined {
  if (!/\bsubmit\s*\(\s*\)|\bsubmit\.call\s*\(|\.click\s*\(\s*\)|requestSubmit/.test(page.script)) return undefined;
  const asksNothing = page.forms.filter((form) =>
    form.controls.every((control) => ["hidden", ...BUTTONS].includes(control.type)),
  );
  const named = asksNothing.find(
    (form) =>
      (form.id !== "" && page.script.includes(form.id)) || (form.name !== "" && page.script.includes(form.name)),
  );
  const index = Number(/forms\s*\[\s*(\d+)\s*\]/.exec(page.script)?.[1] ?? Number.NaN);
  const numbered = page.forms[index];
  if (named !== undefined) return named;
  if (numbered !== undefined && asksNothing.includes(numbered)) return numbered;
  return best(asksNothing, (form) => form.controls.filter((control) => control.type === "hidden").length);
}

/** A form with a button and nothing to fill in: a notice. Undefined unless it is the only such form of the page. */
export function noticeForm(page: Page): { form: Form; button: Control } | undefined {
  const forms = page.forms.filter((form) =>
    form.controls.every((control) => ["hidden", "checkbox", ...BUTTONS].includes(control.type)),
  );
  const ways = forms.flatMap((form) => {
    const buttons = form.controls.filter((control) => BUTTONS.includes(control.type) && !leadsAway(control));
    return buttons.map((button) => ({ form, button }));
  });
  return theOneWay(ways, ({ button }) => `${button.hint} ${button.value}`);
}

/** Words of a button or link that leads on; Finnish, Swedish, English. */
export const GOES_ON = /jatka|eteenpäin|siirry|hyväksy|selvä|\bok\b|continue|proceed|accept|fortsätt|godkänn/i;

/** The only way on, or the only one whose words say that it leads on. */
export function theOneWay<Way>(ways: readonly Way[], wordsOf: (way: Way) => string): Way | undefined {
  if (ways.length <= 1) return ways[0];
  const on = ways.filter((way) => GOES_ON.test(wordsOf(way)));
  return on.length === 1 ? on[0] : undefined;
}

function best<Item>(items: readonly Item[], score: (item: Item) => number): Item | undefined {
  let winner: Item | undefined;
  for (const item of items) if (winner === undefined || score(item) > score(winner)) winner = item;
  return winner;
}
