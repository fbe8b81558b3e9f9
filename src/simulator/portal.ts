import { randomInt } from "node:crypto";
import { type Federation, randomId } from "./federation.js";
import { type Answer, type Exchange, formFields, htmlAnswer, jsonAnswer, redirectAnswer } from "./http.js";
import {
  ajaxEmptyBody,
  ajaxFeedbackBody,
  ajaxRedirectBody,
  errorPage,
  loginPage,
  maintenancePage,
  noticePage,
  plainPage,
  refreshPage,
  relayFormPage,
  secondFactorPage,
  WICKET_SCRIPT,
  WICKET_SCRIPT_PATH,
} from "./pages.js";
import { Recent } from "./recent.js";
import { fieldsAsTyped, scriptedLoginPage, scriptedRedirectPage } from "./scripted-pages.js";
import type { Context, ForeignStep } from "./settings.js";
import { fillAddress, type Step, VARIANTS, type Variant } from "./variants.js";

/** One login on its way, from the authorize address to the code. */
interface Flow {
  readonly key: string;
  /** Value of the cookie that every page of this login must bring back. */
  readonly nonce: string;
  readonly state: string;
  readonly redirectUri: string;
  /** The right password was given. */
  passed: boolean;
  /** The relayed form came back complete. */
  authenticated: boolean;
  /** Fields of the form on the relay page, once that page was shown. */
  relayFields: Readonly<Record<string, string>> | null;
}

/** A login page that was shown: its addresses and hidden fields are good in its session only. */
interface ShownLogin {
  readonly flowKey: string;
  readonly formAddress: string;
  readonly ajaxAddress: string | null;
  readonly csrf: string;
}

/** The portal's own session, known by its cookie. */
interface PortalSession {
  flowKey: string | null;
  nextPage: number;
  readonly shown: Map<string, ShownLogin>;
  feedback: string | null;
  /** Path and query of the first page after the password. */
  afterPassword: { readonly address: string; readonly flowKey: string; readonly secondFactor: boolean } | null;
}

const PORTAL_COOKIE = "JSESSIONID";
const SIGNED_ON_COOKIE = "commonAuthId";
const ERROR_ADDRESS = "./wicket/bookmarkable/errorGenericPage";
const WRONG_PASSWORD = "Käyttäjätunnus tai salasana on virheellinen.";

/** The identity provider, `authentication2.caruna.fi`: an Apache Wicket portal in front of a WSO2 server. */
export class Portal {
  readonly #context: Context;
  readonly #federation: Federation;
  readonly #flows = new Recent<Flow>();
  readonly #sessions = new Recent<PortalSession>();
  readonly #signedOn = new Recent<string>();

  constructor(context: Context, federation: Federation) {
    this.#context = context;
    this.#federation = federation;
  }

  /** Forgets every session of the portal, as a restart of it would. */
  forgetSessions(): void {
    this.#sessions.clear();
    this.#signedOn.clear();
  }

  async answer(exchange: Exchange): Promise<Answer> {
    const variant = this.#variant;
    const { path } = exchange;
    if (exchange.method === "POST") return this.#answerPost(exchange);
    if (path === WICKET_SCRIPT_PATH) return script();
    if (path.endsWith("/errorGenericPage")) return htmlAnswer(errorPage(), "error page");
    if (path === variant.authorizePath) return this.#authorize(exchange);
    const approach = variant.approach.findIndex((step) => step.path === path);
    if (approach >= 0) return this.#approach(exchange, approach);
    if (path === variant.loginPath) return this.#showLogin(exchange);
    if (path === variant.relayPath && variant.form.relayMethod === "GET") return this.#relay(exchange, exchange.query);
    if (path === "/portal/logout") return this.#logOut(exchange);
    const journey = this.#journeyIndex(exchange);
    if (journey >= 0) return this.#journey(exchange, journey);
    if (this.#isSecondFactor(exchange)) return secondFactorAnswer(exchange);
    if (path === "/portal" || path === "/portal/") return htmlAnswer(plainPage("Caruna", "Asiakasportaali"), "portal");
    return this.#lost(exchange);
  }

  get #variant(): Variant {
    return VARIANTS[this.#context.behaviour.variant];
  }

  async #answerPost(exchange: Exchange): Promise<Answer> {
    const variant = this.#variant;
    const fields = await formFields(exchange);
    if (exchange.path === variant.relayPath && variant.form.relayMethod === "POST")
      return this.#relay(exchange, fields);
    const session = this.#session(exchange);
    const address = exchange.path + exchange.search;
    for (const shown of session?.shown.values() ?? []) {
      if (session !== undefined && (address === shown.formAddress || address === shown.ajaxAddress))
        return this.#credentials(exchange, session, shown, fields);
    }
    const journey = this.#journeyIndex(exchange);
    if (journey >= 0 && variant.journey[journey]?.kind === "notice-button")
      return this.#acknowledge(exchange, journey, fields);
    if (this.#isSecondFactor(exchange)) return secondFactorAnswer(exchange);
    return this.#lost(exchange);
  }

  /** Both ends of a login: it begins here with a state, and ends here with a session data key. */
  #authorize(exchange: Exchange): Answer {
    const key = exchange.query.get("sessionDataKey");
    if (key !== null) return this.#finish(exchange, key);
    const { query } = exchange;
    const state = query.get("state");
    const redirectUri = query.get("redirect_uri");
    const known = redirectUri === this.#context.plusUrl + this.#variant.callbackPath;
    if (
      state === null ||
      redirectUri === null ||
      !known ||
      query.get("nonce") === null ||
      query.get("client_id") !== CLIENT_ID
    )
      return this.#lost(exchange);
    const flow: Flow = {
      key: randomId(),
      nonce: randomId(8),
      state,
      redirectUri,
      passed: false,
      authenticated: false,
      relayFields: null,
    };
    if (
      this.#context.behaviour.singleSignOn &&
      this.#signedOn.get(exchange.cookies.get(SIGNED_ON_COOKIE)) !== undefined
    )
      return this.#callback(flow);
    this.#flows.set(flow.key, flow);
    const first = this.#variant.approach[0];
    const next = first === undefined ? this.#variant.loginPath : withKey(first.path, flow.key);
    return redirectAnswer(this.#context.authUrl + next, "authorize", [
      this.#cookie(nonceCookie(flow.key), flow.nonce),
      this.#cookie("opbs", randomId(8)),
    ]);
  }

  #approach(exchange: Exchange, index: number): Answer {
    const { approach, loginPath } = this.#variant;
    const key = exchange.query.get("sessionDataKey");
    const flow = this.#flow(exchange, key);
    const step = approach[index];
    // On the other host there are none of our cookies.
    if (step?.kind === "bridge")
      return htmlAnswer(
        scriptedRedirectPage(this.#context.authUrl + withKey(approach[index + 1]?.path ?? "", key ?? "")),
        "bridge",
      );
    if (flow === undefined || step === undefined) return this.#lost(exchange);
    const following = approach[index + 1];
    if (following !== undefined) return this.#show(step, withKey(following.path, flow.key), "approach");
    const id = exchange.cookies.get(PORTAL_COOKIE);
    const session = this.#sessions.get(id) ?? this.#newSession();
    session.flowKey = flow.key;
    const sessionId = id !== undefined && this.#sessions.get(id) === session ? id : randomId();
    this.#sessions.set(sessionId, session);
    return redirectAnswer(this.#context.authUrl + loginPath, "to login page", [this.#cookie(PORTAL_COOKIE, sessionId)]);
  }

  #newSession(): PortalSession {
    const { firstPage } = this.#variant;
    // Two digits at least: the address that older clients cut out of the form assumes one.
    const nextPage = firstPage === "varies" ? randomInt(11, 90) : firstPage;
    return { flowKey: null, nextPage, shown: new Map(), feedback: null, afterPassword: null };
  }

  #showLogin(exchange: Exchange): Answer {
    const { maintenance } = this.#context.behaviour;
    if (maintenance !== false) return htmlAnswer(maintenancePage(), "maintenance", [], maintenance);
    const session = this.#session(exchange);
    if (session === undefined || session.flowKey === null) return this.#lost(exchange);
    const { feedback } = session;
    session.feedback = null;
    return htmlAnswer(this.#renderLogin(session, session.flowKey, feedback), "login page");
  }

  #renderLogin(session: PortalSession, flowKey: string, feedback: string | null): string {
    const variant = this.#variant;
    const page = session.nextPage;
    session.nextPage += 1;
    const csrf = randomId();
    const formAction = this.#foreignUrl("login-form") ?? fillAddress(variant.formAction, page, 1);
    const relativeAjax = variant.ajaxAddress === null ? null : fillAddress(variant.ajaxAddress, page, 1);
    const ajaxAddress = relativeAjax === null ? null : (this.#foreignUrl("login-form") ?? relativeAjax);
    // Wicket keeps a few pages of a session, not all.
    const oldest = session.shown.keys().next();
    if (session.shown.size >= 20 && oldest.done !== true) session.shown.delete(oldest.value);
    session.shown.set(String(page), {
      flowKey,
      formAddress: this.#resolve(fillAddress(variant.formAction, page, 1)),
      ajaxAddress: relativeAjax === null ? null : this.#resolve(relativeAjax),
      csrf,
    });
    const { loginScript, fields } = variant;
    if (loginScript !== null) return scriptedLoginPage(loginScript, { action: formAction, csrf, feedback, fields });
    return loginPage({ variant, formAction, ajaxAddress, csrf, feedback });
  }

  #credentials(exchange: Exchange, session: PortalSession, shown: ShownLogin, sent: URLSearchParams): Answer {
    const { behaviour, counters } = this.#context;
    const variant = this.#variant;
    const { cookies } = exchange;
    const fields = fieldsAsTyped(variant.loginScript, sent, { fields: variant.fields, csrf: shown.csrf, cookies });
    const ajax = variant.ajaxAddress !== null;
    // Wicket answers a call that is no Ajax call, and a plain post of an Ajax form, with the page again.
    if (ajax && (exchange.headers["wicket-ajax"] !== "true" || exchange.path + exchange.search !== shown.ajaxAddress))
      return redirectAnswer(this.#context.authUrl + variant.loginPath, "not an ajax call");
    if (fields.get(variant.fields.csrf) !== shown.csrf || fields.get(variant.fields.empty) !== "")
      return this.#lost(exchange);
    if (behaviour.loseSessions > 0) {
      behaviour.loseSessions -= 1;
      return this.#lost(exchange);
    }
    const flow = this.#flow(exchange, shown.flowKey);
    if (flow === undefined) return this.#lost(exchange);
    counters.passwordsJudged += 1;
    const right =
      fields.get(variant.fields.user)?.trim().toLowerCase() === behaviour.user.toLowerCase() &&
      fields.get(variant.fields.password) === behaviour.password;
    if (!right) return this.#wrongPassword(session, shown.flowKey, ajax);
    flow.passed = !behaviour.secondFactor;
    // Wicket's next page takes the next number but one.
    const page = session.nextPage + 1;
    session.nextPage += 2;
    const address = fillAddress(variant.journey[0]?.path ?? "", page, 1);
    session.afterPassword = {
      address: this.#resolve(address),
      flowKey: flow.key,
      secondFactor: behaviour.secondFactor,
    };
    return this.#tellRedirect(this.#foreignUrl("credentials") ?? address, ajax, "password accepted");
  }

  #wrongPassword(session: PortalSession, flowKey: string, ajax: boolean): Answer {
    const style = this.#context.behaviour.wrongPassword;
    if (this.#variant.loginScript === "fetch") return jsonAnswer(401, { error: WRONG_PASSWORD }, "password rejected");
    if (style === "redirect") {
      session.feedback = WRONG_PASSWORD;
      return this.#tellRedirect(`./${this.#loginFromBase()}`, ajax, "password rejected");
    }
    if (style === "401") return htmlAnswer(plainPage("401", WRONG_PASSWORD), "password rejected", [], 401);
    if (!ajax) return htmlAnswer(this.#renderLogin(session, flowKey, WRONG_PASSWORD), "password rejected");
    return xmlAnswer(ajaxFeedbackBody(WRONG_PASSWORD), "password rejected");
  }

  /** The login page's address as a Wicket redirect writes it, relative to the page's own base. */
  #loginFromBase(): string {
    const { loginPath } = this.#variant;
    const folder = this.#documentBase().slice(0, this.#documentBase().lastIndexOf("/") + 1);
    return loginPath.startsWith(folder) ? loginPath.slice(folder.length) : `..${loginPath}`;
  }

  #tellRedirect(address: string, ajax: boolean, kind: string): Answer {
    const { redirectTold, loginScript } = this.#variant;
    if (loginScript === "fetch") return jsonAnswer(200, { next: this.#absolute(address) }, kind);
    if (!ajax || redirectTold === "302") return redirectAnswer(this.#absolute(address), kind);
    const inHeader = redirectTold !== "body" ? { "Ajax-Location": address } : {};
    return xmlAnswer(redirectTold === "header" ? ajaxEmptyBody() : ajaxRedirectBody(address), kind, inHeader);
  }

  /** Index of the journey's step that an address belongs to, or -1. */
  #journeyIndex(exchange: Exchange): number {
    const after = this.#session(exchange)?.afterPassword;
    if (
      after !== undefined &&
      after !== null &&
      !after.secondFactor &&
      exchange.path + exchange.search === after.address
    )
      return 0;
    return this.#variant.journey.findIndex((step, index) => index > 0 && step.path === exchange.path);
  }

  #isSecondFactor(exchange: Exchange): boolean {
    const after = this.#session(exchange)?.afterPassword;
    return after?.secondFactor === true && exchange.path + exchange.search === after.address;
  }

  #journeyFlow(exchange: Exchange, index: number): Flow | undefined {
    const key = index === 0 ? this.#session(exchange)?.afterPassword?.flowKey : exchange.query.get("sessionDataKey");
    const flow = this.#flow(exchange, key);
    return flow?.passed === true ? flow : undefined;
  }

  #journey(exchange: Exchange, index: number): Answer {
    const { journey, fields, form, relayPath } = this.#variant;
    const flow = this.#journeyFlow(exchange, index);
    const step = journey[index];
    if (flow === undefined || step === undefined) return this.#lost(exchange);
    if (step.kind === "relay-form") {
      flow.relayFields = { [fields.relay]: randomId(48), sessionDataKey: flow.key, type: "oidc", relayState: "" };
      const action = this.#foreignUrl("relay-form") ?? this.#named(step, relayPath);
      return htmlAnswer(relayFormPage(action, flow.relayFields, form.relayMethod), "relay form");
    }
    const following = journey[index + 1];
    if (following === undefined) return this.#lost(exchange);
    return this.#show(step, withKey(following.path, flow.key), "journey", exchange);
  }

  /** The notice's button posts to the notice's own address. */
  #acknowledge(exchange: Exchange, index: number, fields: URLSearchParams): Answer {
    const flow = this.#journeyFlow(exchange, index);
    const following = this.#variant.journey[index + 1];
    if (flow === undefined || following === undefined || fields.get("luettu") !== flow.nonce)
      return this.#lost(exchange);
    return redirectAnswer(this.#context.authUrl + withKey(following.path, flow.key), "notice acknowledged");
  }

  /** A page or redirect whose only purpose is the next address. */
  #show(step: Step, nextAddress: string, foreign: ForeignStep, exchange?: Exchange): Answer {
    const next = this.#named(step, nextAddress);
    if (step.kind === "redirect") return redirectAnswer(next, "redirect");
    if (step.kind === "script") return htmlAnswer(scriptedRedirectPage(next), "scripted redirect");
    if (step.kind === "refresh")
      return htmlAnswer(refreshPage(this.#foreignUrl(foreign) ?? next, this.#variant.form), "refresh");
    if (step.kind === "notice-link") return htmlAnswer(noticePage(step.kind, next, {}), "notice");
    const flow = this.#flows.get(exchange?.query.get("sessionDataKey"));
    const own = exchange === undefined ? "" : exchange.path + exchange.search;
    return htmlAnswer(noticePage(step.kind, own, { luettu: flow?.nonce ?? "", tiedote_hf_0: "" }), "notice");
  }

  /** Takes the relayed form; every field of it must have come along. */
  #relay(exchange: Exchange, fields: URLSearchParams): Answer {
    const flow = this.#flow(exchange, fields.get("sessionDataKey"));
    const expected = flow?.relayFields;
    if (flow === undefined || expected === undefined || expected === null) return this.#lost(exchange);
    if (Object.entries(expected).some(([name, value]) => fields.get(name) !== value)) return this.#lost(exchange);
    flow.relayFields = null;
    flow.authenticated = true;
    const signedOn = randomId();
    this.#signedOn.set(signedOn, flow.key);
    const next = `${this.#context.authUrl}${this.#variant.authorizePath}?sessionDataKey=${flow.key}`;
    return redirectAnswer(this.#foreignUrl("relay") ?? next, "relayed", [this.#cookie(SIGNED_ON_COOKIE, signedOn)]);
  }

  #finish(exchange: Exchange, key: string): Answer {
    const flow = this.#flow(exchange, key);
    if (flow === undefined || !flow.authenticated) return this.#lost(exchange);
    this.#flows.delete(key);
    return this.#callback(flow);
  }

  #callback(flow: Flow): Answer {
    const { code, sessionState } = this.#federation.issue(flow.state);
    const query = new URLSearchParams({ code, state: flow.state, session_state: sessionState });
    return redirectAnswer(`${this.#foreignUrl("callback") ?? flow.redirectUri}?${query}`, "to callback");
  }

  #logOut(exchange: Exchange): Answer {
    const id = exchange.cookies.get(PORTAL_COOKIE);
    if (id !== undefined) this.#sessions.delete(id);
    const signedOn = exchange.cookies.get(SIGNED_ON_COOKIE);
    if (signedOn !== undefined) this.#signedOn.delete(signedOn);
    return htmlAnswer(plainPage("Olet kirjautunut ulos", "Voit sulkea selaimen."), "logged out");
  }

  /** What a lost session, a stale page or an unknown address leads to. */
  #lost(exchange: Exchange): Answer {
    if (exchange.headers["wicket-ajax"] === "true") return this.#tellRedirect(ERROR_ADDRESS, true, "lost");
    return redirectAnswer(`${this.#context.authUrl}/portal/wicket/bookmarkable/errorGenericPage`, "lost");
  }

  #session(exchange: Exchange): PortalSession | undefined {
    return this.#sessions.get(exchange.cookies.get(PORTAL_COOKIE));
  }

  /** A flow is known to the browser that began it and to no other. */
  #flow(exchange: Exchange, key: string | null | undefined): Flow | undefined {
    const flow = this.#flows.get(key);
    return flow !== undefined && exchange.cookies.get(nonceCookie(flow.key)) === flow.nonce ? flow : undefined;
  }

  #foreignUrl(step: ForeignStep): string | undefined {
    const { foreign } = this.#context.behaviour;
    return foreign?.step === step ? foreign.url : undefined;
  }

  #documentBase(): string {
    return this.#variant.form.baseHref ?? this.#variant.loginPath;
  }

  #absolute(address: string): string {
    return new URL(address, this.#context.authUrl + this.#documentBase()).href;
  }

  /** Path and query of an address as the login page's browser resolves it. */
  #resolve(address: string): string {
    const url = new URL(address, `http://portal${this.#documentBase()}`);
    return url.pathname + url.search;
  }

  #named(step: Step, address: string): string {
    if (step.names === "site-relative") return address;
    const absolute = this.#context.authUrl + address;
    // The same machine by another name, which has none of the cookies.
    if (step.names === "other-host") return absolute.replace("127.0.0.1", "localhost");
    return step.names === "scheme-less" ? absolute.replace(/^https?:/, "") : absolute;
  }

  #cookie(name: string, value: string): string {
    const secure = this.#context.authUrl.startsWith("https:") ? "; Secure" : "";
    return `${name}=${value}; Path=/; HttpOnly${secure}`;
  }
}

/** Whether a request posts a password, wherever to. */
export async function carriesPassword(exchange: Exchange, variant: Variant): Promise<boolean> {
  if (exchange.method !== "POST") return false;
  const sent = await formFields(exchange);
  const fields = fieldsAsTyped(variant.loginScript === "fields" ? "fields" : null, sent, {
    fields: variant.fields,
    csrf: "",
    cookies: exchange.cookies,
  });
  // Clients of another date post today's name even where the field is called otherwise.
  return [variant.fields.password, "userPassword"].some((name) => (fields.get(name) ?? "") !== "");
}

function secondFactorAnswer(exchange: Exchange): Answer {
  return htmlAnswer(secondFactorPage(exchange.path + exchange.search), "second factor");
}

export const CLIENT_ID = "caruna-plus";

function withKey(path: string, key: string): string {
  return `${path}?sessionDataKey=${key}`;
}

function nonceCookie(flowKey: string): string {
  return `sessionNonceCookie-${flowKey}`;
}

function script(): Answer {
  return {
    status: 200,
    headers: { "Content-Type": "text/javascript;charset=UTF-8" },
    body: WICKET_SCRIPT,
    kind: "script",
  };
}

function xmlAnswer(body: string, kind: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 200, headers: { "Content-Type": "text/xml;charset=UTF-8", ...headers }, body, kind };
}
