import { describe, expect, it } from "vitest";
import {
  CredentialsRejected,
  LoginChanged,
  type LoginGuard,
  type LoginOutcome,
  type LoginPause,
  LoginPaused,
} from "../../src/caruna/index.js";
import type { Behaviour, Simulator } from "../../src/simulator/index.js";
import {
  clientFor,
  clientOf,
  errorOf,
  LOGIN_FORM,
  portalOf,
  sendHtml,
  simulatorFor,
  until,
} from "../support/caruna.js";

const PAUSE: LoginPause = {
  kind: "rejected",
  rejections: 2,
  failedPosts: 2,
  lastPostEpochMs: Date.UTC(2026, 0, 1, 10),
  nextPostEpochMs: Date.UTC(2026, 0, 1, 16),
  words: "Väärä salasana.",
  found: undefined,
  transcriptFile: "/state/transcripts/one.json",
  tooManyPasswords: false,
};

/** A guard that writes down what it is asked and told, and how many requests and password posts came before. */
function listeningGuard(simulator: Simulator, pause: { check?: LoginPause; begin?: LoginPause } = {}) {
  const told: string[] = [];
  const outcomes: LoginOutcome[] = [];
  const tell = (what: string) => told.push(`${what}, after ${simulator.passwordPosts} posts`);
  const guard: LoginGuard = {
    check: async () => {
      tell(`check at request ${simulator.requests.length}`);
      return pause.check;
    },
    begin: async (_, force) => {
      tell(`begin${force ? " (forced)" : ""}`);
      if (pause.begin !== undefined) return { pause: pause.begin };
      const end = async (outcome: LoginOutcome) => {
        tell(outcome.kind);
        outcomes.push(outcome);
        return outcome.kind === "accepted" ? undefined : PAUSE;
      };
      return { pause: undefined, end };
    },
  };
  return { guard, told, outcomes };
}

describe("a client with a guard", () => {
  it("asks it before the first request, notes the post before it, and tells that it was accepted", async () => {
    const simulator = await simulatorFor();
    const { guard, told } = listeningGuard(simulator);
    const { client } = clientFor(simulator, { guard });
    await client.contracts({ customer: "50123456" });
    await client.contracts({ customer: "50123456" });
    expect(told).toEqual(["check at request 0, after 0 posts", "begin, after 0 posts", "accepted, after 1 posts"]);
  });

  it("makes not one request while the login is paused, and says why, until when and what to do", async () => {
    const simulator = await simulatorFor();
    const { guard } = listeningGuard(simulator, { check: PAUSE });
    const error = await errorOf(clientFor(simulator, { guard }).client.customerNumbers());
    expect(error).toBeInstanceOf(LoginPaused);
    expect(error).toMatchObject({ pause: PAUSE, duringLogin: true });
    for (const words of [
      "2 times",
      "2026-01-01 12:00",
      "2026-01-01 18:00 (Helsinki)",
      "Väärä salasana.",
      "login --force",
      "CARUNA_PASSWORD",
      "/state/transcripts/one.json",
    ])
      expect(error.message).toContain(words);
    expect(error.message).not.toContain("\n");
    expect(simulator.requests).toEqual([]);
  });

  it("says that it will not try by itself again", async () => {
    const simulator = await simulatorFor();
    const { guard } = listeningGuard(simulator, { check: { ...PAUSE, nextPostEpochMs: undefined } });
    const error = await errorOf(clientFor(simulator, { guard }).client.customerNumbers());
    expect(error.message).toContain("paused until the password changes or you ask for a login");
  });

  it("does not post where the guard holds back at the last moment, or cannot note the post", async () => {
    const simulator = await simulatorFor();
    const held = listeningGuard(simulator, { begin: PAUSE });
    expect(await errorOf(clientFor(simulator, held).client.customerNumbers())).toBeInstanceOf(LoginPaused);
    const broken = listeningGuard(simulator);
    const begin = () => Promise.reject(new RangeError("the database is gone"));
    const { client } = clientFor(simulator, { guard: { ...broken.guard, begin } });
    expect((await errorOf(client.customerNumbers())).message).toBe("the database is gone");
    expect(simulator.passwordPosts).toBe(0);
    expect([held.told.length, broken.told.length]).toEqual([2, 1]);
  });

  it.each(["feedback", "redirect", "401"] as const)("tells a rejection (%s)", async (wrongPassword) => {
    const simulator = await simulatorFor({ wrongPassword });
    const { guard, told } = listeningGuard(simulator);
    const error = await errorOf(clientFor(simulator, { guard, password: "wrong" }).client.customerNumbers());
    expect(error).toBeInstanceOf(CredentialsRejected);
    expect(told.at(-1)).toBe("rejected, after 1 posts");
  });

  it("tells that a second factor needs a person: each try would send another code", async () => {
    const simulator = await simulatorFor({ secondFactor: true });
    const { guard, told } = listeningGuard(simulator);
    await errorOf(clientFor(simulator, { guard }).client.customerNumbers());
    expect(told.at(-1)).toBe("person needed, after 1 posts");
  });

  const notJudged: [string, string, Partial<Behaviour>, (simulator: Simulator) => void][] = [
    [
      "not understood",
      "a foreign host behind the password",
      { foreign: { step: "journey", url: "https://example.com/" } },
      () => {},
    ],
    [
      "no answer",
      "a token call that fails",
      {},
      (simulator) => simulator.answerNext({ pathIncludes: "/token", times: 9, answer: { status: 503 } }),
    ],
    [
      "no answer",
      "a password post that is cut by the network",
      {},
      (simulator) => simulator.answerNext({ site: "auth", method: "POST", answer: "disconnect" }),
    ],
    [
      "not understood",
      "an unknown page in answer to the password",
      {},
      (simulator) =>
        simulator.answerNext({ site: "auth", method: "POST", answer: { status: 200, headers: {}, body: "<p>?</p>" } }),
    ],
  ];

  it.each(notJudged)("tells %s: %s", async (outcome, _, behaviour, prepare) => {
    const simulator = await simulatorFor(behaviour);
    prepare(simulator);
    const { guard, told } = listeningGuard(simulator);
    await errorOf(clientFor(simulator, { guard }).client.customerNumbers());
    expect(told.map((line) => line.replace(/,.*/, ""))).toEqual(["check at request 0", "begin", outcome]);
  });

  it.each([
    ["maintenance", { maintenance: 200 }],
    ["a foreign host that the password would go to", { foreign: { step: "login-form", url: "https://example.com/" } }],
  ] as const)("notes nothing where no password is posted: %s", async (_, behaviour) => {
    const simulator = await simulatorFor(behaviour);
    const { guard, told } = listeningGuard(simulator);
    await errorOf(clientFor(simulator, { guard }).client.customerNumbers());
    expect(told).toEqual(["check at request 0, after 0 posts"]);
  });

  it("records one post where the session was lost after it, and makes no other", async () => {
    const simulator = await simulatorFor({ loseSessions: 1 });
    const { guard, told } = listeningGuard(simulator);
    await errorOf(clientFor(simulator, { guard }).client.customerNumbers());
    expect(told.slice(1)).toEqual(["begin, after 0 posts", "not understood, after 1 posts"]);
  });

  it("tells that a try was cut off when its caller goes before the answer", async () => {
    const outcomes: string[] = [];
    const guard: LoginGuard = {
      check: async () => undefined,
      begin: async () => ({
        pause: undefined,
        end: async ({ kind }) => {
          outcomes.push(kind);
          return undefined;
        },
      }),
    };
    const portal = await portalOf({ "/first": (_, response) => sendHtml(response, LOGIN_FORM), "/judge": () => {} });
    const going = new AbortController();
    const gone = errorOf(clientOf(portal.url, portal.url, { guard }).client.customerNumbers({ signal: going.signal }));
    await until(() => portal.passwordPosts === 1);
    going.abort(new Error("no longer wanted"));
    await gone;
    await until(() => outcomes.length > 0);
    expect(outcomes).toEqual(["no answer"]);
  });

  it("keeps the session although its acceptance could not be noted, with a warning", async () => {
    const simulator = await simulatorFor();
    const end = () => Promise.reject(new Error("the database is gone"));
    const guard: LoginGuard = { check: async () => undefined, begin: async () => ({ pause: undefined, end }) };
    const { client, log } = clientFor(simulator, { guard });
    expect(await client.customerNumbers()).toEqual(["50123456"]);
    expect(log.entries.filter(({ level }) => level === "warn")).toMatchObject([
      { fields: { outcome: "accepted", problem: "the database is gone" } },
    ]);
  });

  it("logs in with the password for a person who asks, unless the login is paused", async () => {
    const simulator = await simulatorFor({ singleSignOn: true });
    const free = clientFor(simulator, listeningGuard(simulator));
    await free.client.logIn();
    await free.client.logIn();
    expect(simulator.passwordPosts).toBe(2);
    const paused = clientFor(simulator, listeningGuard(simulator, { check: PAUSE }));
    expect(await errorOf(paused.client.logIn())).toBeInstanceOf(LoginPaused);
    expect(simulator.passwordPosts).toBe(2);
  });

  it("logs in although it is paused for a person who forces it", async () => {
    const simulator = await simulatorFor();
    const { guard, told } = listeningGuard(simulator, { check: PAUSE });
    const { client } = clientFor(simulator, { guard });
    await client.logIn({ force: true });
    expect(told).toEqual(["begin (forced), after 0 posts", "accepted, after 1 posts"]);
    expect(await client.customerNumbers()).toEqual(["50123456"]);
  });

  it("says in the error of a failed login when the password is posted again", async () => {
    const simulator = await simulatorFor();
    const { guard } = listeningGuard(simulator);
    const error = await errorOf(clientFor(simulator, { guard, password: "wrong" }).client.customerNumbers());
    expect(error).toMatchObject({ pause: PAUSE });
    expect(error.message).toContain("not posted again before 2026-01-01 18:00 (Helsinki)");
  });

  it.each<[LoginPause["kind"], boolean]>([
    ["rejected", true],
    ["no answer", false],
  ])("names a password in decomposed letters as a possible cause of a rejection (last: %s)", async (kind, isNamed) => {
    const simulator = await simulatorFor({ password: "Päivää" });
    const words = "decomposed letters (Unicode NFD";
    const composed = await errorOf(
      clientFor(simulator, { password: "Yötä".normalize("NFC") }).client.customerNumbers(),
    );
    expect(composed).toBeInstanceOf(CredentialsRejected);
    expect(composed.message).not.toContain(words);
    const password = "Päivää".normalize("NFD");
    const { message } = await errorOf(clientFor(simulator, { password }).client.customerNumbers());
    expect(message.split(words)).toHaveLength(2);
    expect(message).not.toContain(password);
    const { guard } = listeningGuard(simulator, { check: { ...PAUSE, kind } });
    const paused = await errorOf(clientFor(simulator, { password, guard }).client.customerNumbers());
    expect(paused).toBeInstanceOf(LoginPaused);
    expect(paused.message.includes(words)).toBe(isNamed);
  });

  it("hands the transcript's file on with the outcome", async () => {
    const simulator = await simulatorFor();
    const { guard, outcomes } = listeningGuard(simulator);
    let kept = 0;
    const onLoginFailed = async () => {
      kept += 1;
      return "/state/transcripts/one.json";
    };
    const { client } = clientFor(simulator, { guard, password: "wrong", onLoginFailed });
    await errorOf(client.customerNumbers());
    expect(outcomes).toMatchObject([{ kind: "rejected", transcriptFile: "/state/transcripts/one.json" }]);
    expect(kept).toBe(1);
  });

  it("finds a page that nobody foresaw before the password without noting anything", async () => {
    const simulator = await simulatorFor();
    const { guard, told } = listeningGuard(simulator);
    simulator.answerNext({ pathIncludes: "/portal/login", answer: { status: 200, headers: {}, body: "<p>?</p>" } });
    expect(await errorOf(clientFor(simulator, { guard }).client.customerNumbers())).toBeInstanceOf(LoginChanged);
    expect(told).toHaveLength(1);
  });
});
