import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, expect } from "vitest";
import { CarunaClient, type LoginPause, pauseInWords } from "../../src/caruna/index.js";
import { Database } from "../../src/database/index.js";
import type { DatabaseLoginGuard } from "../../src/database/login-guard.js";
import { silentLogger } from "../../src/shared/logger.js";
import { errorOf, type RawServer, rawServer, sendJson } from "./caruna.js";
import { createDatabase } from "./postgres.js";

/** What a portal says that nobody has recorded, in the shapes of Keycloak, WSO2 IS 7, Auth0 and Azure AD B2C. */
interface Body {
  readonly name: string;
  readonly type: "text/html" | "application/json";
  readonly text: string;
  /** What it says of a password that was posted, with a status from 200 to 499 but 429. */
  readonly says: "rejected" | "person needed" | "not understood" | "no answer";
}

const OLD_NOTICE = "Palvelussa on huoltokatko 1.12. klo 1-3.";

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

const FORM = html("form", "not understood", form("/judge").replace(/<div class="alert".*?<\/div>/, ""));
const BODIES: readonly Body[] = [
  FORM,
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

const STATUSES = [200, "3xx loop", 400, 401, 403, 422, 429, 500, 503, "dropped", "hung"] as const;
type Status = (typeof STATUSES)[number];

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
const RETRY_AFTER_HOURS = 30;
const HOUR_MS = 60 * 60_000;
const START = Date.UTC(2026, 0, 1);
const MONTH_HOURS = 30 * 24;
const CYCLES_WITHOUT_POST = 3;

/** What came of a month of hourly cycles. */
interface Month {
  /** Whole hours since the start at which a password was posted. */
  readonly posts: readonly number[];
  /** What the first login said. */
  readonly first: Error;
  /** What the guard says at the end; undefined where nothing was posted. */
  readonly pause: LoginPause | undefined;
}

/** The guards of one account with the right and a wrong password, on one clock; their hashes are computed once. */
interface CaseGuards {
  nowEpochMs: number;
  readonly of: Readonly<Record<"right" | "wrong", DatabaseLoginGuard>>;
  readonly forget: () => Promise<unknown>;
}

/** A database for the cases of a test file, and how a case is played on it. */
export function loginCases(): { readonly play: (one: Case, hours?: number) => Promise<void> } {
  let guards: CaseGuards | undefined;
  const endings: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    const testDatabase = await createDatabase();
    endings.push(() => testDatabase.drop());
    const database = new Database(testDatabase.settings, silentLogger);
    endings.push(() => database.stop());
    await database.start();
    const guardOf = (password: string) =>
      database.loginGuard(["https://plus.example.com", USER, password], () => made.nowEpochMs, { cycleMs: HOUR_MS });
    const made: CaseGuards = {
      nowEpochMs: START,
      of: { right: guardOf(PASSWORDS.right), wrong: guardOf(PASSWORDS.wrong) },
      forget: () => testDatabase.query("DELETE FROM public.login_guard"),
    };
    guards = made;
  });
  afterAll(async () => {
    for (const end of endings.reverse()) await end();
  });
  return {
    play: async (one, hours = MONTH_HOURS) => {
      if (guards === undefined) throw new Error("the database of the cases is not there yet");
      await expectCase(await CaseWorld.open(guards), one, hours);
    },
  };
}

/** Posts when the timetable says, goes on unless it says otherwise, and tells what to do, at once and at the end. */
async function expectCase(world: CaseWorld, one: Case, hours: number): Promise<void> {
  const { posts, first, pause } = await world.month(one, hours);
  if (one.place === "before" && (posts.length === 0 || !takesPassword(one))) {
    expect([posts, pause]).toEqual([[], undefined]);
    expect(first.message).toMatch(
      /See whether a browser can log in|next cycle tries again|Log in with a browser once and solve it/,
    );
    return;
  }
  const outcome = expected(one);
  const kind = outcome.replace(/,.*/, "");
  expect([pause?.kind, posts]).toEqual([kind, HOURS[outcome].filter((hour) => hour < hours)]);
  const stops = outcome === "rejected" || outcome === "person needed";
  expect(pause?.nextPostEpochMs === undefined).toBe(stops && posts.length === HOURS[outcome].length);
  expect(first.message).toMatch(outcome === "person needed" ? taskOf(one) : FIRST_WORDS[outcome]);
  expect(pause && pauseInWords(pause)).toMatch(WORDS_OF_PAUSE[outcome]);
}

/** What the first login tells a person to do; the clock begins at 02:00 in Finland. */
const FIRST_WORDS = {
  rejected: /^Caruna\+ rejected .* Check CARUNA_USER and CARUNA_PASSWORD .* before 2026-01-01 03:00/,
  "not understood": /See whether a browser can log in; if it can, .* needs an update\. .* before 2026-01-01 03:00/,
  "no answer": /out of reach: .* Nothing is lost\. The password is not posted again before 2026-01-01 02:58/,
  "no answer, and a Retry-After": /come back in 30 hours .* The password is not posted again before 2026-01-02 08:00/,
} as const;

/** What only a person can do, in our words. */
function taskOf({ body }: Case): RegExp {
  const [, step] = Object.entries(TASKS).find(([name]) => body.name.startsWith(name)) ?? ["", "no such task"];
  return new RegExp(`${step}.*run: caruna-integration login --force.* until it changes or you ask for a login`);
}

const TASKS = {
  captcha: "Log in with a browser once and solve it",
  "code field": "see whether the code can be turned off",
  "approve in the app": "see whether the approval can be turned off",
  "a link was sent": "Open the link from the message",
  "set a new password": "set a new password, put it into CARUNA_PASSWORD",
} as const;

/** What is said while the login is paused. */
const WORDS_OF_PAUSE = {
  rejected: /correct CARUNA_PASSWORD .*login --force$/,
  "person needed": /until the password changes or you ask .* do what it asks for\. Then run: .*login --force$/,
  "not understood": /update this program: a newer version tries at once\. .*login --force$/,
  "no answer": /Nothing needs to be done, if it passes\. .*login --force$/,
  "no answer, and a Retry-After": /Nothing needs to be done, if it passes\. .*login --force$/,
} as const;

/** A portal that answers as a case says. */
class CaseWorld {
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
    response.end(this.#case?.place === "before" ? FORM.text : form("/judge"));
  }

  /** The clock is put forward to the first hourly cycle that may post; just before it, none may. */
  async month(one: Case, hours: number): Promise<Month> {
    await this.#guards.forget();
    this.#case = one;
    const which = one.isRight ? "right" : "wrong";
    const guard = this.#guards.of[which];
    const posts: number[] = [];
    let first: Error | undefined;
    let hour = 0;
    for (;;) {
      this.#guards.nowEpochMs = START + hour * HOUR_MS;
      const before = this.#postsSoFar();
      const error = await this.#logIn(which);
      first ??= error;
      for (let count = before; count < this.#postsSoFar(); count += 1) posts.push(hour);
      const pause = await guard.lastFailure(NEVER);
      const next = pause?.nextPostEpochMs;
      // Some more cycles show that nothing is posted where nothing was, or nothing more.
      if (next === undefined && hour - (posts.at(-1) ?? 0) >= CYCLES_WITHOUT_POST) return { posts, first, pause };
      hour = next === undefined ? hour + 1 : Math.max(hour + 1, Math.ceil((next - START) / HOUR_MS));
      if (hour >= hours) return { posts, first, pause };
      if (next === undefined) continue;
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
const HOURS = {
  rejected: [0, 1, 7, 31],
  "person needed": [0],
  "not understood": [0, 1, 7, 31, 199, 367, 535, 703],
  "no answer": [0, 1, 2, 8, 32, 104, 176, 248, 320, 392, 464, 536, 608, 680],
  "no answer, and a Retry-After": [0, 30, 60, 90, 120, 192, 264, 336, 408, 480, 552, 624, 696],
} as const;

/** What the timetable calls an answer to the password. */
function expected({ status, body, place }: Case): keyof typeof HOURS {
  // What comes after a form that was passed is the form again, without a word.
  if (place === "before" || status === "3xx loop") return "not understood";
  if (status === "dropped" || status === "hung") return "no answer";
  if (status === 429) return "no answer, and a Retry-After";
  const isAboutPassword = /^form with feedback (?:\((?:Keycloak|WSO2)|on an empty field)/.test(body.name);
  if (status >= 500 && !isAboutPassword) return "no answer";
  return body.says;
}

/** Where the login begins with a form, the password may be posted to it. */
function takesPassword({ status, body }: Case): boolean {
  return typeof status === "number" && status < 500 && status !== 429 && body.text.includes('name="password"');
}
