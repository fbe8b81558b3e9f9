import { answerApiCall } from "./api.js";
import { type Federation, randomId } from "./federation.js";
import { type Answer, type Exchange, formFields, htmlAnswer, jsonAnswer, jsonObject } from "./http.js";
import { frontPage, plainPage } from "./pages.js";
import { CLIENT_ID } from "./portal.js";
import type { Household } from "./readings.js";
import { Recent } from "./recent.js";
import type { Context } from "./settings.js";
import { VARIANTS } from "./variants.js";

/** A login that the plus site began, by its state. */
interface PendingLogin {
  readonly session: string;
  readonly redirectAfterLogin: string;
  usedUp: boolean;
}

const SESSION_COOKIE = "carunaPlusSession";

/** The portal's own site, `plus.caruna.fi`: the two ends of the login, and the API. */
export class PlusSite {
  readonly #context: Context;
  readonly #federation: Federation;
  readonly #household: Household;
  readonly #pending = new Recent<PendingLogin>();
  readonly #tokens = new Recent<number>();

  constructor(context: Context, federation: Federation, household: Household) {
    this.#context = context;
    this.#federation = federation;
    this.#household = household;
  }

  /** Every token so far is refused from now on. */
  expireTokens(): void {
    this.#tokens.clear();
  }

  async answer(exchange: Exchange): Promise<Answer> {
    const { method, path } = exchange;
    if (path === "/api/authorization/login" && method === "POST") return this.#startLogin(exchange);
    if (path === "/api/authorization/token" && method === "POST") return this.#token(exchange);
    if (path.startsWith("/api/customers/"))
      return answerApiCall(exchange, this.#context, this.#household, (token) => this.#isGood(token));
    if (path.startsWith("/api/")) return jsonAnswer(404, { msg: "Not found" }, "api");
    if (path === this.#variant.callbackPath && exchange.query.has("code")) return this.#callback(exchange);
    return htmlAnswer(frontPage(), "front page");
  }

  get #variant() {
    return VARIANTS[this.#context.behaviour.variant];
  }

  #startLogin(exchange: Exchange): Answer {
    const redirectAfterLogin = stringField(exchange.body.toString("utf8"), "redirectAfterLogin");
    if (redirectAfterLogin === null) return jsonAnswer(400, { msg: "Request data missing" }, "login start");
    const { behaviour, plusUrl, authUrl } = this.#context;
    const state = randomId();
    const session = exchange.cookies.get(SESSION_COOKIE) ?? randomId();
    this.#pending.set(state, { session, redirectAfterLogin, usedUp: false });
    const query = new URLSearchParams({
      response_type: "code",
      client_id: CLIENT_ID,
      redirect_uri: plusUrl + this.#variant.callbackPath,
      scope: "openid",
      state,
      nonce: randomId(8),
      ui_locales: "fi",
    });
    const { foreign } = behaviour;
    const loginRedirectUrl =
      foreign?.step === "start" ? foreign.url : `${authUrl}${this.#variant.authorizePath}?${query}`;
    return jsonAnswer(200, { loginRedirectUrl }, "login start", [this.#cookie(SESSION_COOKIE, session)]);
  }

  /** The page that a browser lands on; its script would ask for the token, and today the server has done so already. */
  #callback(exchange: Exchange): Answer {
    const pending = this.#pending.get(exchange.query.get("state"));
    if (pending !== undefined && this.#variant.callbackUsesUpState) pending.usedUp = true;
    return htmlAnswer(plainPage("Caruna+", "Kirjaudutaan sisään"), "callback");
  }

  async #token(exchange: Exchange): Promise<Answer> {
    // A body with no type is read as a form; JSON finds no state.
    const type = exchange.headers["content-type"] ?? "";
    const isForm = type === "" || type.startsWith("application/x-www-form-urlencoded");
    const fields = isForm ? await formFields(exchange) : new URLSearchParams();
    const state = fields.get("state");
    const pending = this.#pending.get(state);
    const sameBrowser = pending !== undefined && exchange.cookies.get(SESSION_COOKIE) === pending.session;
    if (state === null || pending === undefined || !sameBrowser || pending.usedUp) return stateNotFound();
    this.#pending.delete(state);
    const issued = this.#federation.redeem(fields.get("code") ?? "");
    if (issued === undefined || issued.state !== state || issued.sessionState !== fields.get("session_state"))
      return jsonAnswer(401, { msg: "Authentication failed." }, "token");
    return jsonAnswer(200, this.#issueToken(pending.redirectAfterLogin), "token");
  }

  #issueToken(redirectAfterLogin: string): unknown {
    const { behaviour, authUrl, counters } = this.#context;
    counters.tokensIssued += 1;
    const expiresAt = Math.floor(this.#context.now() / 1000) + behaviour.tokenLifetimeSeconds;
    const token = jwtLookAlike(expiresAt);
    this.#tokens.set(token, expiresAt * 1000);
    return { token, expiresAt, user: this.#user(authUrl), redirectAfterLogin };
  }

  #user(authUrl: string): unknown {
    const { behaviour } = this.#context;
    const numbers = (represented: boolean) => [
      ...new Set(
        this.#household.meters
          .filter((meter) => meter.represented === represented)
          .map((meter) => meter.customerNumber),
      ),
    ];
    return {
      userName: behaviour.user,
      userType: "individual",
      email: behaviour.user,
      firstName: "Äijö",
      lastName: "Säynäväinen",
      phoneNumber: "+358000000000",
      iamProfileUrl: `${authUrl}/portal/userProfile`,
      ownCustomerNumbers: numbers(false),
      representedCustomerNumbers: numbers(true),
      hashedUserId: "b6d81b360a5672d80c27430f39153e2c",
    };
  }

  #isGood(token: string): boolean {
    const expiresAtMs = this.#tokens.get(token);
    return !this.#context.behaviour.refuseTokens && expiresAtMs !== undefined && this.#context.now() < expiresAtMs;
  }

  #cookie(name: string, value: string): string {
    const secure = this.#context.plusUrl.startsWith("https:") ? "; Secure" : "";
    return `${name}=${value}; Path=/; HttpOnly${secure}`;
  }
}

function stateNotFound(): Answer {
  return jsonAnswer(400, { msg: "Authentication state not found." }, "token");
}

function jwtLookAlike(expiresAt: number): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ jti: randomId(), exp: expiresAt })}.${randomId(32)}`;
}

function stringField(json: string, name: string): string | null {
  const field: unknown = Reflect.get(jsonObject(json), name);
  return typeof field === "string" ? field : null;
}
