/**
 * What the portal looks like at a date, as data. The first four are as clients met them; the `future-…` ones are changes
 * that may come, each passable by a person with a browser; the `script-…` ones by nobody who does not run their scripts.
 *
 * `{page}` and `{version}` stand for Wicket's page number and version.
 */
export interface Variant {
  readonly description: string;
  /** Pages between the authorize address and the login page. */
  readonly approach: readonly Step[];
  /** Path of the login page. */
  readonly loginPath: string;
  /** Number of the session's first login page: fixed in the older portals, different in each session now. */
  readonly firstPage: number | "varies";
  /** The login form's `action`, relative to the page. */
  readonly formAction: string;
  /** Where the page's script posts the form; `null`: there is no script, the form posts itself. */
  readonly ajaxAddress: string | null;
  /** How the answer to the credentials tells the next page. */
  readonly redirectTold: "header" | "body" | "both" | "302";
  /** Pages after the credentials; the first is addressed relative to the login page, the last leads to `relayPath`. */
  readonly journey: readonly Step[];
  /** Path that takes the relayed form. */
  readonly relayPath: string;
  readonly authorizePath: string;
  /** Path on the plus site that the login returns to. */
  readonly callbackPath: string;
  /** Loading the callback uses up the state, so that the token call then fails. */
  readonly callbackUsesUpState: boolean;
  readonly fields: FieldNames;
  readonly form: FormStyle;
  /** What only a script of the login page does; `null` where it can be read without. */
  readonly loginScript: LoginScript | null;
}

/**
 * Fills the fields that are sent; posts them and goes where the answer says; makes the token that goes along; builds the
 * page; keeps the form in a shadow tree.
 */
export type LoginScript = "fields" | "fetch" | "token" | "page" | "shadow";

/** One page (or redirect) on the way; `path` may hold `{page}` where the page number is part of the address. */
export interface Step {
  readonly kind: "redirect" | "refresh" | "script" | "bridge" | "notice-button" | "notice-link" | "relay-form";
  readonly path: string;
  /** How the page names the next one. */
  readonly names: "absolute" | "site-relative" | "scheme-less" | "other-host";
}

export interface FieldNames {
  readonly user: string;
  readonly password: string;
  readonly submit: string;
  readonly csrf: string;
  readonly empty: string;
  readonly relay: string;
}

export interface FormStyle {
  /** A search form, a language form and a registration form with its own e-mail field stand before the login form. */
  readonly otherFormsFirst: boolean;
  /** `<base href>` of the login page, a path; all its relative addresses start from there. */
  readonly baseHref: string | null;
  readonly submit: "input" | "button";
  readonly userFieldType: "text" | "email";
  readonly enctype: "application/x-www-form-urlencoded" | "multipart/form-data";
  readonly relayMethod: "POST" | "GET";
  /** Meta refreshes with the attributes the other way round, in capitals, with quotes and spaces. */
  readonly oddMeta: boolean;
}

const PLAIN_STYLE: FormStyle = {
  otherFormsFirst: false,
  baseHref: null,
  submit: "input",
  userFieldType: "text",
  enctype: "application/x-www-form-urlencoded",
  relayMethod: "POST",
  oddMeta: false,
};

const TODAY: Variant = {
  description:
    "as seen in August 2026: the page number varies, the redirect is told in the body, the callback uses up the state",
  approach: [
    { kind: "redirect", path: "/authenticationendpoint/login.do", names: "absolute" },
    { kind: "refresh", path: "/authenticationendpoint/ng2responder.do", names: "site-relative" },
    { kind: "redirect", path: "/portal/ng2postresponder", names: "absolute" },
  ],
  loginPath: "/portal/login",
  firstPage: "varies",
  formAction: "./login?{page}-{version}.-userIDPanel-usernameLogin",
  ajaxAddress: "./login?{page}-{version}.0-userIDPanel-usernameLogin-loginWithUserID",
  redirectTold: "body",
  journey: [
    { kind: "refresh", path: "./wicket/page?{page}", names: "absolute" },
    { kind: "relay-form", path: "/portal/ngpostResponder", names: "absolute" },
  ],
  relayPath: "/commonauth",
  authorizePath: "/oauth2/authorize",
  callbackPath: "/openid-login-return",
  callbackUsesUpState: true,
  fields: {
    user: "ttqusername",
    password: "userPassword",
    submit: "loginWithUserID",
    csrf: "anti_csrf",
    empty: "userIDPanel-usernameLogin_hf_0",
    relay: "resp",
  },
  form: PLAIN_STYLE,
  loginScript: null,
};

const OLDER = { firstPage: 3, redirectTold: "both", callbackUsesUpState: false } as const;

/** No Ajax of Wicket's own: the scripts are others. */
const SCRIPTED = { ...TODAY, ajaxAddress: null } as const;

const HOP: Step = { kind: "redirect", path: "/portal/siirto", names: "absolute" };
const AFTER_LOGIN: Step = { kind: "refresh", path: "./wicket/page?{page}", names: "absolute" };
const RELAY: Step = { kind: "relay-form", path: "/portal/ngpostResponder", names: "absolute" };

export const VARIANTS = {
  "2023-01": {
    ...TODAY,
    ...OLDER,
    description: "as seen in January 2023",
    formAction: "./wicket/page?{page}-{version}.IFormSubmitListener-userIDPanel-usernameLogin",
    ajaxAddress: "./wicket/page?{page}-{version}.IBehaviorListener.0-userIDPanel-usernameLogin-loginWithUserID",
  },
  "2023-11": {
    ...TODAY,
    ...OLDER,
    description: "as seen in November 2023",
    formAction: "./wicket/page?{page}-{version}.-userIDPanel-usernameLogin",
    ajaxAddress: "./wicket/page?{page}-{version}.0-userIDPanel-usernameLogin-loginWithUserID",
  },
  "2024-10": {
    ...TODAY,
    ...OLDER,
    description: "as seen in October 2024: fixed page number, the redirect in header and body",
    firstPage: 2,
  },
  "2026-08": TODAY,
  "future-renamed-fields": {
    ...TODAY,
    description: "every form field has another name",
    fields: {
      user: "tunniste",
      password: "salainenTunnus",
      submit: "jatka",
      csrf: "_turva",
      empty: "varalla",
      relay: "viesti",
    },
  },
  "future-renamed-paths": {
    ...TODAY,
    description: "every page has another address",
    approach: [
      { kind: "redirect", path: "/idp/alku", names: "absolute" },
      { kind: "refresh", path: "/idp/valinta", names: "site-relative" },
      { kind: "redirect", path: "/tunnistus/portti", names: "absolute" },
    ],
    loginPath: "/tunnistus/kirjaudu",
    formAction: "./kirjaudu?{page}-{version}.-sisalto-lomake",
    ajaxAddress: "./kirjaudu?{page}-{version}.1-sisalto-lomake-kirjauduNappi",
    journey: [
      { kind: "refresh", path: "./w/sivu?{page}", names: "absolute" },
      { kind: "relay-form", path: "/tunnistus/vastaus", names: "absolute" },
    ],
    relayPath: "/idp/paluu",
    authorizePath: "/idp/valtuutus",
  },
  "future-extra-hop": {
    ...TODAY,
    description: "two more pages and a redirect after the credentials",
    journey: [AFTER_LOGIN, HOP, { kind: "refresh", path: "/portal/tarkistus", names: "site-relative" }, RELAY],
  },
  "future-plain-form": {
    ...TODAY,
    description: "no Ajax: the form posts itself and the answer is a redirect",
    ajaxAddress: null,
  },
  "future-notice": {
    ...TODAY,
    description: "a notice with one button stands between the login and the way back",
    journey: [AFTER_LOGIN, { kind: "notice-button", path: "/portal/tiedote", names: "absolute" }, RELAY],
  },
  "future-notice-link": {
    ...TODAY,
    description: "a notice with one link stands between the login and the way back",
    journey: [AFTER_LOGIN, { kind: "notice-link", path: "/portal/tiedote", names: "site-relative" }, RELAY],
  },
  "future-header-only": { ...TODAY, description: "the redirect is told in the header alone", redirectTold: "header" },
  "future-body-only": {
    ...TODAY,
    ...OLDER,
    description: "as in October 2024, but the redirect is told in the body alone",
    redirectTold: "body",
  },
  "future-302": { ...TODAY, description: "the Ajax call is answered with a 302", redirectTold: "302" },
  "future-other-forms-first": {
    ...TODAY,
    description: "a search form, a language form and a registration form stand before the login form",
    form: { ...PLAIN_STYLE, otherFormsFirst: true, userFieldType: "email" },
  },
  "future-callback-path": {
    ...TODAY,
    description: "the login returns to another path of the plus site",
    callbackPath: "/kirjautuminen/paluu",
  },
  "future-get-autoform": {
    ...TODAY,
    description: "the form that submits itself is a GET form",
    form: { ...PLAIN_STYLE, relayMethod: "GET" },
  },
  "future-base-href": {
    ...TODAY,
    description: "the login page has a base address",
    loginPath: "/kirjautuminen/fi/alku",
    form: { ...PLAIN_STYLE, baseHref: "/portal/" },
  },
  "future-button-submit": {
    ...TODAY,
    description: "the form is submitted by a button with a value, as multipart, with no Ajax",
    ajaxAddress: null,
    form: { ...PLAIN_STYLE, submit: "button", enctype: "multipart/form-data" },
  },
  "future-odd-html": {
    ...TODAY,
    description: "meta refreshes in capitals with quotes, addresses without a scheme, an e-mail field",
    journey: [
      { kind: "refresh", path: "./wicket/page?{page}", names: "scheme-less" },
      { kind: "relay-form", path: "/portal/ngpostResponder", names: "scheme-less" },
    ],
    form: { ...PLAIN_STYLE, oddMeta: true, userFieldType: "email" },
  },
  "script-fields": {
    ...SCRIPTED,
    description: "what is typed is put, encoded, into other fields by a script",
    loginScript: "fields",
  },
  "script-fetch": { ...SCRIPTED, description: "a script posts the login and reads the answer", loginScript: "fetch" },
  "script-token": { ...SCRIPTED, description: "a script computes a token and a cookie", loginScript: "token" },
  "script-page": { ...SCRIPTED, description: "a script builds the login page", loginScript: "page" },
  "script-shadow": { ...SCRIPTED, description: "the login form is in a shadow tree", loginScript: "shadow" },
  "script-redirect": {
    ...SCRIPTED,
    description: "scripts lead to the login page, through another host",
    approach: [
      { kind: "redirect", path: "/authenticationendpoint/login.do", names: "absolute" },
      { kind: "script", path: "/authenticationendpoint/ng2responder.do", names: "other-host" },
      { kind: "bridge", path: "/portal/silta", names: "absolute" },
      { kind: "redirect", path: "/portal/ng2postresponder", names: "absolute" },
    ],
  },
} as const satisfies Record<string, Variant>;

export type VariantName = keyof typeof VARIANTS;

export function isVariantName(name: string): name is VariantName {
  return Object.hasOwn(VARIANTS, name);
}

/** The portals that can be passed by reading their pages. */
export function variantNames(): VariantName[] {
  return allVariantNames().filter((name) => !name.startsWith("script-"));
}

/** Those that only a browser passes. */
export function scriptedVariantNames(): VariantName[] {
  return allVariantNames().filter((name) => name.startsWith("script-"));
}

function allVariantNames(): VariantName[] {
  return Object.keys(VARIANTS).filter(isVariantName);
}

/** Fills in Wicket's page number and version. */
export function fillAddress(template: string, page: number, version: number): string {
  return template.replaceAll("{page}", String(page)).replaceAll("{version}", String(version));
}
