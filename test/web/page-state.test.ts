import { describe, expect, test } from "vitest";
import type { Overview, OverviewPoint } from "../../src/web/api.js";
import { Format } from "../../src/web/page/browser/format.js";
import { stateOf } from "../../src/web/page/browser/state.js";
import { type Language, wordsOf } from "../../src/web/page/browser/words.js";

const HOUR_MS = 3_600_000;
const NOW = Date.parse("2026-11-23T09:30:00+02:00");
const LAST_HOUR = Date.parse("2026-11-22T23:00:00+02:00");

const WELL: OverviewPoint = {
  ...{ id: "FSK1", address: "Mäntykuja 7", product: "Yösiirto 25 A", fuse: "3x25", gsrn: null, isFollowed: true },
  ...{
    firstHour: LAST_HOUR - 99 * HOUR_MS,
    lastHour: LAST_HOUR,
    hours: 100,
    hoursExpected: 100,
    gaps: [],
    gapHours: 0,
  },
  ...{ verified: NOW - HOUR_MS, nextAsk: NOW + 2 * HOUR_MS, lookBack: { days: 0, months: 0, years: 0 } },
};

interface Changes {
  readonly point?: Partial<OverviewPoint>;
  readonly overview?: Partial<Overview>;
  readonly language?: Language;
}

const FREE = { heldUntil: null, rejected: null, kind: null, posted: null, words: null, transcript: null };

function state({ point = {}, overview = {}, language = "en" }: Changes = {}) {
  const seen = { ...WELL, ...point };
  const whole: Overview = {
    ...{ now: NOW, version: "1.2.3", points: [seen], lastCycle: { ended: NOW - 60_000, problem: null } },
    ...{ nextCycle: NOW + HOUR_MS, guard: FREE, problems: [], ...overview },
  };
  const words = wordsOf(language);
  return stateOf(whole, whole.points[0], words, new Format(words));
}

/** Spaces that do not break, as `Intl` uses them, read as plain ones. */
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, " ");

describe("how things are, in one sentence", () => {
  test.each([
    ["en", "Every hour is there, until 22 Nov 2026 at 24:00.", "Compared with Caruna+ today."],
    ["fi", "Kaikki tunnit ovat tallessa 22.11.2026 klo 24.00 saakka.", "Verrattu Caruna+:n lukemiin tänään."],
    ["sv", "Alla timmar finns, fram till 22 nov. 2026 kl. 24.00.", "Jämfört med Caruna+ i dag."],
  ] as const)("all is well in %s", (language, sentence, next) => {
    const { level, ...said } = state({ language });
    expect(level).toBe("good");
    expect(plain(said.sentence)).toBe(sentence);
    expect(said.next.map(plain)).toEqual([next]);
  });

  test("hours that are missing are counted, with when they are asked for again", () => {
    const { level, sentence, next } = state({ point: { gapHours: 12, hours: 88 } });
    expect([level, sentence, next.at(-1)]).toEqual([
      "attention",
      "12 hours are missing.",
      "Caruna+ is asked again in 2 hours.",
    ]);
    expect(state({ point: { gapHours: 1 } }).sentence).toBe("One hour is missing.");
  });

  test("the end of yesterday, not published yet, is no reason to worry; days without a newer hour are", () => {
    expect(state({ point: { hoursExpected: 124 } }).level).toBe("good");
    const late = state({ point: { hoursExpected: 148 } });
    expect([late.level, late.sentence]).toEqual(["attention", "There are no hours since 22 Nov 2026 at 24:00."]);
  });

  test("a history that is still being loaded is no gap", () => {
    const { level, next } = state({ point: { gapHours: 500, lookBack: { days: 840, months: 30, years: 2 } } });
    expect([level, next]).toEqual(["working", ["Your history is being loaded: 872 requests to Caruna+ to go."]]);
  });

  test("a sync that failed comes before everything about hours, with what the program says to do", () => {
    const problems = [{ message: "Caruna+ is out of reach.", nextStep: "Nothing, if it passes." }];
    const overview = { lastCycle: { ended: NOW - 5 * 60_000, problem: "Caruna+ is out of reach." }, problems };
    const { level, sentence, said } = state({ overview, point: { gapHours: 12 } });
    expect([level, sentence, said]).toEqual(["problem", "The last sync failed 5 minutes ago.", problems]);
  });

  test("a rejected password comes first, and says until when it is held back", () => {
    const paused = { rejected: NOW - HOUR_MS, posted: NOW - HOUR_MS, heldUntil: NOW + 5 * HOUR_MS };
    const guard = { ...FREE, ...paused, kind: "rejected" } as const;
    const overview = { guard, lastCycle: { ended: NOW, problem: "held back" } };
    const { level, sentence, next } = state({ overview });
    expect([level, sentence]).toEqual(["problem", "Caruna+ rejected the password 1 hour ago."]);
    expect(next.map(plain)).toEqual([
      "It is not tried again before 23 Nov 2026 at 14:30, so that the account is not locked.",
    ]);
    const forGood = state({ overview: { guard: { ...guard, heldUntil: 8_640_000_000_000_000 } } });
    expect(forGood.next).toEqual([wordsOf("en").heldForGood]);
  });

  test.each([
    ["person needed", "The login needs you: Caruna+ asked for something only a person can do, 1 hour ago."],
    ["not understood", "What Caruna+ answered to the login 1 hour ago was not understood."],
    ["no answer", "Caruna+ did not answer the login 1 hour ago."],
  ] as const)("a login that is paused is a problem, whatever came of it: %s", (kind, sentence) => {
    const guard = { ...FREE, kind, posted: NOW - HOUR_MS, heldUntil: NOW + HOUR_MS };
    expect(state({ overview: { guard } })).toMatchObject({ level: "problem", sentence });
  });

  test("a problem that is no failed sync is told, too", () => {
    const problems = [{ message: "The next cycle is overdue.", nextStep: "See the log." }];
    expect(state({ overview: { problems } })).toMatchObject({ level: "problem", said: problems });
  });

  test("nothing yet: says what comes and when", () => {
    expect(state({ point: { firstHour: null, lastHour: null, hours: 0 } })).toMatchObject({ level: "working" });
    expect(state({ overview: { points: [], lastCycle: null } })).toMatchObject({ sentence: wordsOf("en").noPointsYet });
  });
});

describe("a moment is told", () => {
  test.each([
    ["en", -10_000, "just now"],
    ["fi", -10_000, "juuri äsken"],
    ["sv", -10_000, "alldeles nyss"],
    ["en", 0, "now"],
    ["fi", 10_000, "nyt"],
    ["sv", 10_000, "nu"],
    ["en", -60_000, "1 minute ago"],
    ["en", 45_000, "in 1 minute"],
    ["fi", 2 * HOUR_MS, "2 tunnin päästä"],
    ["sv", -24 * HOUR_MS, "i går"],
  ] as const)("in %s, %i ms from now, as %s", (language, distanceMs, text) => {
    expect(plain(new Format(wordsOf(language)).relative(NOW + distanceMs, NOW))).toBe(text);
  });
});
