import {
  best,
  chosenWay,
  isForSomethingElse,
  isTypedInto,
  leadsAway,
  requiredBoxes,
  roleOf,
  type Submission,
  wicketCallFor,
} from "./forms.js";
import { type Control, type Form, isButton, type Link, type Page } from "./page.js";
import * as words from "./words.js";

/** What a person would press on a page that asks for neither user name nor password. */
export type Way =
  | { readonly kind: "form"; readonly submission: Submission }
  | { readonly kind: "link"; readonly link: Link };

interface RankedWay {
  readonly way: Way;
  readonly points: number;
}

/** Words of a button decide more than these points: a form's button before a link that says the same. */
const BUTTON_FIRST = 0.5;
/** From here on the words say that it leads on. */
const LEADS_ON = 2;

/**
 * The way on, by the words of buttons and links. Before the password: the login with e-mail or user name and password;
 * otherwise, and after the password, "not now" before "next" before "yes". What leads away is never chosen, nor what
 * does not say that it leads on, unless it is the only button.
 *
 * @param insists forms that were sent once and came back: what they ask for is needed.
 */
export function wayOn(page: Page, isAfterPassword: boolean, insists: (form: Form) => boolean): Way | undefined {
  const ways = [...buttonWays(page, isAfterPassword, insists), ...linkWays(page, isAfterPassword)];
  const chosen = best(ways, ({ points }) => points);
  if (chosen === undefined || chosen.points < 0) return undefined;
  if (chosen.points >= LEADS_ON) return chosen.way;
  const lone = ways.filter(({ way }) => way.kind === "form");
  return lone.length === 1 ? lone[0]?.way : undefined;
}

function buttonWays(page: Page, isAfterPassword: boolean, insists: (form: Form) => boolean): RankedWay[] {
  return page.forms
    .filter((form) => !isForSomethingElse(form) || isAfterPassword)
    .flatMap((form) =>
      form.controls
        .filter((control) => isPressable(control, form, page))
        .flatMap((button) => {
          const points = rank(button.label || button.value || button.name, page, isAfterPassword);
          const values = new Map([
            ...requiredBoxes(form),
            ...(insists(form) ? termsBoxes(form) : []),
            ...(isAfterPassword ? neededRadios(form) : chosenWay(form)),
          ]);
          if (points < 0 || (leadsAway(button) && !words.AGREES.test(button.label))) return [];
          const isSkip = words.SKIPS.test(button.label);
          if (!isSkip && !canBeSent(form, isAfterPassword, values)) return [];
          const inBanner = isInBanner(button) ? -1.5 : 0;
          return [
            {
              way: { kind: "form" as const, submission: { form, button, values } },
              points: points + BUTTON_FIRST + inBanner,
            },
          ];
        }),
    );
}

function linkWays(page: Page, isAfterPassword: boolean): RankedWay[] {
  return page.links.flatMap((link) => {
    const isAway =
      words.LEADS_AWAY.test(link.text) || words.ONLY_TO_READ.test(link.text) || link.url.href === page.url.href;
    const points = isAway ? -1 : rank(link.text, page, isAfterPassword);
    return points < LEADS_ON ? [] : [{ way: { kind: "link" as const, link }, points }];
  });
}

function isPressable(control: Control, form: Form, page: Page): boolean {
  if (!isButton(control) || !control.isVisible) return false;
  return (
    control.type !== "button" ||
    page.script.onClick(control.onClick).submits ||
    wicketCallFor(form, page, control) !== undefined
  );
}

/** Higher is better; negative: not to be pressed. */
function rank(label: string, page: Page, isAfterPassword: boolean): number {
  if (!isAfterPassword) {
    const isOther = words.OTHER_WAY_TO_LOG_IN.test(label);
    if (words.LOG_IN_WITH_PASSWORD.test(label)) return isOther ? 1 : 8;
    if (isOther) return -1;
    if (words.LOG_IN.test(label)) return 7;
  } else if (words.LOG_IN.test(label) && !words.GOES_ON.test(label) && !words.SKIPS.test(label)) return -1;
  if (words.SKIPS.test(label)) return 6;
  if (words.DECLINES.test(label)) return mayBeDeclined(page) ? 5 : -1;
  if (words.GOES_ON.test(label)) return 4;
  if (words.AGREES.test(label)) return 3;
  return 0;
}

/** A question of which nothing depends: to stay signed in, marketing, cookies, a survey. */
function mayBeDeclined(page: Page): boolean {
  if (words.OPTIONAL_QUESTION.test(page.headings)) return true;
  return (
    !words.NEEDS_AGREEMENT.test(page.headings) &&
    words.OPTIONAL_QUESTION.test(page.text) &&
    !words.NEEDS_AGREEMENT.test(page.text)
  );
}

/** True where a person may send a form as it is: nothing is asked, or what is asked is filled in already, or optional. */
function canBeSent(form: Form, isAfterPassword: boolean, values: ReadonlyMap<Control, string>): boolean {
  const fields = form.controls.filter((control) => control.isVisible && !isButton(control));
  const typed = fields.filter(isTypedInto);
  if (fields.some((control) => ["password", "code", "captcha"].includes(roleOf(control)) && isTypedInto(control)))
    return false;
  if (!isAfterPassword) return typed.length === 0;
  if (fields.some((control) => control.isRequired && isUnanswered(control, form, values))) return false;
  const isPrefilled = typed.some(({ value }) => value !== "");
  return isPrefilled || typed.every(({ value, type }) => value !== "" || type === "textarea");
}

function isUnanswered(control: Control, form: Form, values: ReadonlyMap<Control, string>): boolean {
  if (control.type === "checkbox") return !control.isSent && !values.has(control);
  if (control.type !== "radio") return control.value === "";
  const group = form.controls.filter(({ type, name }) => type === "radio" && name === control.name);
  return !group.some((radio) => radio.isSent || values.has(radio));
}

/** Boxes for the terms of a form that came back without them. */
function termsBoxes(form: Form): [Control, string][] {
  const boxes = form.controls.filter(
    ({ type, isSent, isVisible: isShown }) => type === "checkbox" && isShown && !isSent,
  );
  return boxes
    .filter(({ label }) => words.TERMS.test(label) && !words.MARKETING.test(label))
    .map((box) => [box, box.value]);
}

/** Of a consent that wants one of several answers, the one that grants the least. */
function neededRadios(form: Form): [Control, string][] {
  const radios = form.controls.filter(({ type, isVisible: isShown }) => type === "radio" && isShown);
  const open = radios.filter(({ name }) => !radios.some((radio) => radio.name === name && radio.isSent));
  const names = [
    ...new Set(
      open
        .filter(({ name, label, isRequired }) => isRequired || words.AGREES.test(`${label} ${name}`))
        .map(({ name }) => name),
    ),
  ];
  return names.flatMap((name): [Control, string][] => {
    const group = open.filter((radio) => radio.name === name);
    const answers = group.filter(
      ({ label, value }) => words.AGREES.test(`${label} ${value}`) && !words.DECLINES.test(label),
    );
    const chosen = best(
      answers,
      ({ label, value }) =>
        (/once|kerran|en gång|only this/i.test(label) ? 2 : 0) -
        (/always|aina|alltid/i.test(`${label} ${value}`) ? 1 : 0),
    );
    return chosen === undefined ? [] : [[chosen, chosen.value]];
  });
}

/** A notice of cookies lies over a page, and does not lead on. */
function isInBanner(control: Control): boolean {
  return (
    control.element.closest(
      '[id*="cookie" i], [class*="cookie" i], [id*="consent-banner" i], [id*="onetrust" i], [class*="gdpr" i]',
    ) !== null
  );
}
