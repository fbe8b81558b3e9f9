import type { ServerResponse } from "node:http";
import { CarunaClient } from "../../src/caruna/index.js";
import type { Database } from "../../src/database/index.js";
import type { DatabaseLoginGuard } from "../../src/database/login-guard.js";
import { errorOf, type RawServer, rawServer, sendJson } from "../support/caruna.js";

/** What a portal says that nobody has recorded, in the shapes of Keycloak, WSO2 IS 7, Auth0 and Azure AD B2C. */
export interface Body {
  readonly name: string;
  readonly type: "text/html" | "application/json";
  readonly text: string;
  /** What it says of a password that was posted, with a status from 200 to 499 but 429. */
  readonly says: "rejected" | "person needed" | "not understood" | "no answer";
}

export const OLD_NOTICE = "Palvelussa on huoltokatko 1.12. klo 1-3.";

function form(action: string, inside = ""): string {
  return `<html lang="fi"><head><title>Kirjaudu</title></head><body><div class="alert" role="alert">${OLD_NOTICE}</div>
<form method="post" action="${action}">${inside}<label for="u">Sähköposti</label><input type="text" id="u" name="username" autocomplete="username">
<label for="p">Salasana</label><input type="password" id="p" name="password" autocomplete="current-password">
<input type="submit" name="login" value="Kirjaudu"></form></body></html>`;
}

const html = (name: string, says: Body["says"], text: string): Body => ({ name, type: "text/html", text, says });
const json = (name: string, says: Body["says"], value: unknown): Body => ({
  ...{ name, type: "application/json", says },
  text: JSON.stringify(value),
});
const page = (text: string) => `<html lang="fi"><head><title>Caruna</title></head><body>${text}</body></html>`;

export const BODIES: readonly Body[] = [
  html("form", "not understood", form("/judge").replace(/<div class="alert".*?<\/div>/, "")),
  html("form with old notice", "not understood", form("/judge")),
  html(
    "form with feedback (Keycloak)",
    "rejected",
    form("/judge", '<span class="pf-m-error" aria-live="polite">Virheellinen käyttäjätunnus tai salasana.</span>'),
  ),
  html(
    "form with feedback (WSO2 IS 7)",
    "rejected",
    form("/judge", '<div class="ui visible negative message">Kirjautuminen epäonnistui! Tarkista salasana.</div>'),
  ),
  html("form with feedback (role)", "rejected", form("/judge", '<p role="alert">Tunnus on lukittu tilapäisesti.</p>')),
  html(
    "form with feedback on an empty field",
    "not understood",
    form("/judge", '<span class="invalid-feedback">Salasana on pakollinen tieto.</span>'),
  ),
  json("JSON error (Auth0)", "rejected", {
    ...{ name: "Error", code: "invalid_user_password", description: "Wrong email or password.", statusCode: 403 },
  }),
  json("JSON error (Azure AD B2C)", "rejected", {
    ...{ status: "400", errorCode: "AADB2C90225", message: "The username or password provided is invalid." },
  }),
  json("JSON error of the request", "not understood", {
    error: "invalid_request",
    msg: "Authentication state not found.",
  }),
  json("JSON maintenance", "no answer", { error: "unavailable", message: "Palvelussa on huoltokatko." }),
  json("JSON without a token", "not understood", { user: "aku" }),
  html("empty", "not understood", ""),
  html("maintenance", "no answer", page("<h1>Huoltokatko</h1><p>Palvelussa on huoltokatko. Yritä myöhemmin.</p>")),
  html(
    "maintenance above the form",
    "no answer",
    form("/judge", '<div class="alert">Palvelussa on häiriö, eikä kirjautuminen onnistu.</div>'),
  ),
  html("captcha", "person needed", form("/judge", '<div class="g-recaptcha" data-sitekey="k">En ole robotti</div>')),
  html(
    "code field",
    "person needed",
    page(
      '<form method="post" action="/code"><label for="c">Syötä vahvistuskoodi</label><input id="c" name="otp" autocomplete="one-time-code"><button>Jatka</button></form>',
    ),
  ),
  html("approve in the app", "person needed", page("<p>Hyväksy kirjautuminen puhelimesi sovelluksessa.</p>")),
  html("a link was sent", "person needed", page("<p>Lähetimme sinulle kirjautumislinkin sähköpostiisi.</p>")),
  html(
    "set a new password (Keycloak)",
    "person needed",
    page(
      '<h1>Vaihda salasana</h1><form method="post" action="/new"><label for="n">Uusi salasana</label><input type="password" id="n" name="password-new" autocomplete="new-password"><label for="m">Vahvista</label><input type="password" id="m" name="password-confirm" autocomplete="new-password"><button>Tallenna</button></form>',
    ),
  ),
];

export const STATUSES = [200, "3xx loop", 400, 401, 403, 422, 429, 500, 503, "dropped", "hung"] as const;
export type Status = (typeof STATUSES)[number];

export interface Case {
  readonly status: Status;
  readonly body: Body;
  readonly place: "before" | "after";
  readonly isRight: boolean;
}

/** Every case: status, body, before or after the post, right or wrong password. */
export function allCases(): Case[] {
  return STATUSES.flatMap((status) =>
    // Nothing of a body arrives where there is none.
    BODIES.filter((_, place) => typeof status === "number" || place === 0).flatMap((body) =>
      (["before", "after"] as const).flatMap((place) =>
        [true, false].map((isRight) => ({ status, body, place, isRight })),
      ),
    ),
  );
}

export function nameOf({ status, body, place, isRight }: Case): string {
  return `${status} ${body.name}, ${place} the post, ${isRight ? "right" : "wrong"} password`;
}

const PASSWORDS = { right: "Ankkalinna-313", wrong: "wrong-but-long" };
export const RETRY_AFTER_HOURS = 30;
const HOUR_MS = 60 * 60_000;
const START = Date.UTC(2026, 0, 1);
const MONTH_HOURS = 30 * 24;

/** What came of a month of hourly cycles. */
export interface Month {
  /** Whole hours since the start at which a password was posted. */
  readonly posts: readonly number[];
  readonly error: Error;
  /** What the guard says at the end. */
  readonly kind: string | undefined;
  /** Whether another post comes by itself. */
  readonly goesOn: boolean;
}

/** The guards of one account with the right and a wrong password, on one clock; their hashes are computed once. */
export class CaseGuards {
  nowEpochMs = START;
  readonly of: Readonly<Record<"right" | "wrong", DatabaseLoginGuard>>;
  readonly forget: () => Promise<unknown>;

  constructor(database: Database, forget: () => Promise<unknown>) {
    const guardOf = (password: string) =>
      database.loginGuard(["https://plus.example.com", USER, password], () => this.nowEpochMs, { cycleMs: HOUR_MS });
    this.of = { right: guardOf(PASSWORDS.right), wrong: guardOf(PASSWORDS.wrong) };
    this.forget = forget;
  }
}

/** A portal that answers as a case says. */
export class CaseWorld {
  #case: Case | undefined;
  readonly #portal: RawServer;
  readonly #guards: CaseGuards;

  private constructor(guards: CaseGuards, portal: RawServer) {
    this.#portal = portal;
    this.#guards = guards;
    guards.nowEpochMs = START;
  }

  static async open(guards: CaseGuards): Promise<CaseWorld> {
    let world: CaseWorld | undefined;
    const portal = await rawServer((request, response) => {
      world?.answer(request.address.replace(/\?.*/, ""), response);
    });
    world = new CaseWorld(guards, portal);
    return world;
  }

  answer(path: string, response: ServerResponse): void {
    if (path === "/api/authorization/login") {
      sendJson(response, { loginRedirectUrl: "/first" });
      return;
    }
    const place = this.#case?.place === "before" ? "/first" : "/judge";
    if (this.#case !== undefined && (path === place || path === "/loop")) {
      answerAs(this.#case, response);
      return;
    }
    response.writeHead(path === "/first" || path === "/judge" ? 200 : 404, {
      "Content-Type": "text/html;charset=UTF-8",
    });
    response.end(form("/judge"));
  }

  /** The clock is put forward to the first hourly cycle that may post; just before it, none may. */
  async month(one: Case, hours = MONTH_HOURS): Promise<Month> {
    await this.#guards.forget();
    this.#case = one;
    const which = one.isRight ? "right" : "wrong";
    const guard = this.#guards.of[which];
    const posts: number[] = [];
    let error = new Error("nothing happened");
    let hour = 0;
    for (;;) {
      this.#guards.nowEpochMs = START + hour * HOUR_MS;
      const before = this.#postsSoFar();
      error = await this.#logIn(which);
      for (let count = before; count < this.#postsSoFar(); count += 1) posts.push(hour);
      const pause = await guard.lastFailure(NEVER);
      const next = pause?.nextPostEpochMs;
      if (pause === undefined || next === undefined)
        return { posts, error, kind: pause?.kind, goesOn: pause === undefined };
      hour = Math.max(hour + 1, Math.ceil((next - START) / HOUR_MS));
      if (hour >= hours) return { posts, error, kind: pause.kind, goesOn: true };
      this.#guards.nowEpochMs = next - 1;
      if ((await guard.check(NEVER)) === undefined) throw new Error(`${nameOf(one)}: may be posted before its time`);
    }
  }

  async #logIn(which: "right" | "wrong"): Promise<Error> {
    const client = new CarunaClient({
      ...{
        username: USER,
        password: PASSWORDS[which],
        baseUrl: this.#portal.url,
        guard: this.#guards.of[which],
        retries: 0,
      },
      ...{ now: () => this.#guards.nowEpochMs, sleep: async () => {}, limits: { requestTimeoutMs: HUNG_MS } },
    });
    try {
      return await errorOf(client.customerNumbers());
    } finally {
      client.close();
    }
  }

  #postsSoFar(): number {
    const passwords = Object.values(PASSWORDS).map(encodeURIComponent);
    return this.#portal.received.filter(({ body }) => passwords.some((password) => body.includes(password))).length;
  }
}

const USER = "aku@example.com";
const NEVER = new AbortController().signal;
/** No answer within this time is none, in milliseconds; a busy machine answers sooner. */
const HUNG_MS = 1000;

function answerAs({ status, body }: Case, response: ServerResponse): void {
  if (status === "hung") return;
  if (status === "dropped") response.destroy();
  else if (status === "3xx loop") response.writeHead(302, { Location: "/loop" }).end();
  else {
    const retryAfter = status === 429 ? { "Retry-After": String(RETRY_AFTER_HOURS * 3600) } : {};
    response.writeHead(status, { "Content-Type": `${body.type};charset=UTF-8`, ...retryAfter }).end(body.text);
  }
}

/** The hours of a month at which the timetable lets a password be posted that always ends so. */
export const HOURS = {
  rejected: [0, 1, 7, 31],
  "person needed": [0],
  "not understood": [0, 1, 7, 31, 199, 367, 535, 703],
  "no answer": [0, 1, 2, 8, 32, 104, 176, 248, 320, 392, 464, 536, 608, 680],
  "no answer, and a Retry-After": [0, 30, 60, 90, 120, 192, 264, 336, 408, 480, 552, 624, 696],
} as const;

/** What the timetable calls an answer; undefined where the password is not posted at all. */
export function expected({ status, body, place }: Case): keyof typeof HOURS | undefined {
  // The login form is a page to be passed; what comes after it is the form again, without a word.
  if (place === "before") return undefined;
  if (status === "3xx loop") return "not understood";
  if (status === "dropped" || status === "hung") return "no answer";
  if (status === 429) return "no answer, and a Retry-After";
  const isAboutPassword = /^form with feedback \((?:Keycloak|WSO2)/.test(body.name);
  if (status >= 500 && !isAboutPassword) return "no answer";
  return body.says;
}

/** Where the login begins with a form, the password is posted to it. */
export function takesPassword({ status, body }: Case): boolean {
  return status === 200 && body.text.includes('name="password"');
}
