import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Database } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import type { Series } from "../../src/web/api.js";
import { createDatabase } from "../support/postgres.js";
import { at, EngineWorld, HOUR_MS, type Program } from "../sync/engine-world.js";
import { expectQuiet, plain, startBrowser, violations, visit } from "./browsing.js";
import { type Serving, serve } from "./serving.js";

/** A house with a year and more and solar panels, a flat, and a cottage with a seasonal product that lacks hours. */
const HOUSE = { product: "nightly", startDate: "2025-10-20", solarKwp: 5, assetId: "HOUSE" } as const;
const FLAT = { product: "general", startDate: "2026-10-20", assetId: "FLAT" } as const;
const COTTAGE = { product: "seasonal", startDate: "2026-10-15", assetId: "COTTAGE" } as const;
const NOW = at("2026-11-20T10:00");
/** Of the cottage: the first twelve hours of a day, and all of another. */
const MISSING = [...hoursFrom("2026-11-10T00:00", 12), ...hoursFrom("2026-11-12T00:00", 24)];

let world: EngineWorld;
let program: Program;
let browser: Browser;
beforeAll(async () => {
  world = await EngineWorld.create("2026-11-20T10:00", { meters: [HOUSE, FLAT, COTTAGE] });
  world.simulator.household.withhold("COTTAGE", MISSING);
  program = await world.start({ meteringPoint: "HOUSE" });
  await program.cycle();
  browser = await startBrowser();
}, 300_000);
afterAll(async () => {
  await browser.close();
  await world.close();
});

function hoursFrom(start: string, count: number): number[] {
  return Array.from({ length: count }, (_, hour) => at(start) + hour * HOUR_MS);
}

/** The page of the three metering points. */
async function served(): Promise<Serving & { readonly address: string }> {
  const serving = await serve(program.database, { now: () => NOW });
  return Object.assign(serving, { address: `http://127.0.0.1:${serving.port}/` });
}

/** kWh of a day, told by the simulator alone. */
function trueKwh(assetId: string, day: string): number {
  return world.simulator.household.truthOfDay(assetId, day).reduce((sum, { kwhTotal }) => sum + kwhTotal, 0);
}

/** What the server would tell of ten years, each of them a little other than the one before. */
function tenYearsOfMonths(): Series {
  const start = Array.from({ length: 119 }, (_, month) => Date.UTC(2017, month, 1) / 1000);
  const none = start.map(() => null);
  const kwhTotal = start.map((_, month) => 1000 + 500 * Math.cos((month * Math.PI) / 6) + month);
  const hours = start.map(() => 744);
  return {
    ...{ start, kwhTotal, kwhDay: none, kwhNight: none, kwhNightWinter: none, kwhProduction: none },
    ...{ celsius: none, eurTotal: none, hours, hoursExpected: hours },
  };
}

/** The figure of that name above the chart. */
async function figure(page: Page, name: string): Promise<string> {
  return plain(await page.locator(".figure", { hasText: name }).locator("dd").textContent());
}

/** The rows of the table below the chart, as texts. */
async function rows(page: Page): Promise<string[][]> {
  const found = await page.locator("#chart-table tbody tr").all();
  return await Promise.all(found.map(async (row) => (await row.locator("th, td").allTextContents()).map(plain)));
}

/** Waits until that period is shown. */
async function shows(page: Page, range: string | RegExp): Promise<void> {
  await page.locator("#range", { hasText: range }).waitFor();
}

const tab = (page: Page, name: string) => page.getByRole("navigation", { name: "Show by" }).getByRole("link", { name });

describe("what a person sees first", () => {
  test("is whether every hour is there, and the days of this month", async () => {
    const { address } = await served();
    const seen = await visit(browser, address);
    expect(plain(await seen.page.getByRole("status").textContent())).toContain(
      "Every hour is there, until 19 Nov 2026 at 24:00.",
    );
    await shows(seen.page, "November 2026");
    expect(await figure(seen.page, "Hours")).toBe("456 of 456");
    const days = await rows(seen.page);
    expect(days).toHaveLength(30);
    const hours = world.simulator.household.truthOfDay("HOUSE", "2026-11-01");
    const kwhOf = (part: string) => hours.reduce((sum, { parts }) => sum + (parts[part] ?? 0), 0);
    const kwh = [kwhOf("nighttime"), kwhOf("daytime"), trueKwh("HOUSE", "2026-11-01")];
    expect(days[0]?.slice(1, 4)).toEqual(kwh.map((sum) => `${sum.toFixed(1)} kWh`));
    expectQuiet(seen);
  });

  test.each([
    ["fi-FI", "fi", "Sähkönkulutus", "Kaikki tunnit ovat tallessa 19.11.2026 klo 24.00 saakka."],
    ["sv-FI", "sv", "Elförbrukning", "Alla timmar finns, fram till 19 nov. 2026 kl. 24.00."],
    ["de-DE", "en", "Electricity consumption", "Every hour is there, until 19 Nov 2026 at 24:00."],
  ])("is in the language of a browser of %s", async (locale, language, title, sentence) => {
    const { address } = await served();
    const { page } = await visit(browser, address, { locale });
    expect(await page.locator("html").getAttribute("lang")).toBe(language);
    expect(await page.title()).toBe(title);
    expect(plain(await page.locator("#state-sentence").textContent())).toBe(sentence);
  });

  test("is Finnish time wherever the browser is", async () => {
    const { address } = await served();
    const { page } = await visit(browser, `${address}#by=hour&day=2026-11-19`, { timezoneId: "Pacific/Auckland" });
    await shows(page, /^Thursday,? 19 November 2026$/);
    const hours = await rows(page);
    expect(hours).toHaveLength(24);
    expect(hours[0]?.[0]).toBe("00:00–01:00");
    const first = world.simulator.household.truthOfDay("HOUSE", "2026-11-19")[0]?.kwhTotal;
    expect(hours[0]?.[3]).toBe(`${first?.toFixed(2)} kWh`);
  });
});

describe("looking around", () => {
  test("leads from years to hours and back, with the address and the back button", async () => {
    const { address } = await served();
    const seen = await visit(browser, address);
    const { page } = seen;
    await tab(page, "Years").click();
    await shows(page, "2025–2026");
    expect((await rows(page)).map(([year]) => year)).toEqual(["2025", "2026"]);
    await tab(page, "Months").click();
    await shows(page, /^2026$/);
    expect(await rows(page)).toHaveLength(12);
    await page.getByRole("button", { name: "Previous year" }).first().click();
    await shows(page, /^2025$/);
    await tab(page, "Hours").click();
    await shows(page, "19 November 2025");
    await page.goBack();
    await shows(page, /^2025$/);
    await page.reload();
    await shows(page, /^2025$/);
    expectQuiet(seen);
  });

  test("goes from day to day, and no further than what is stored", async () => {
    const { address } = await served();
    const { page } = await visit(browser, `${address}#by=hour`);
    await shows(page, "19 November 2026");
    const next = page.getByRole("button", { name: "Next day" });
    expect(await next.getAttribute("aria-disabled")).toBe("true");
    await next.click({ force: true });
    await page.getByRole("button", { name: "Previous day" }).click();
    await shows(page, "18 November 2026");
    expect(await figure(page, "Consumption")).toBe(`${trueKwh("HOUSE", "2026-11-18").toFixed(1)} kWh`);
    await page.getByRole("link", { name: "Newest" }).click();
    await shows(page, "19 November 2026");
    await page.getByLabel("Go to").fill("2026-01-07");
    await shows(page, "7 January 2026");
  });

  test("shows the 25 hours of the October day and the 23 of the March day", async () => {
    const { address } = await served();
    const { page } = await visit(browser, `${address}#by=hour&day=2025-10-26`);
    await shows(page, "26 October 2025");
    expect(await figure(page, "Hours")).toBe("25 of 25");
    await page.getByLabel("Go to").fill("2026-03-29");
    await shows(page, "29 March 2026");
    expect(await figure(page, "Hours")).toBe("23 of 23");
  });

  test("tells what the bar under the pointer is, and looks closer at a click", async () => {
    const { address } = await served();
    const { page } = await visit(browser, `${address}#by=month`);
    await page.locator("#chart .u-over").hover();
    const readout = page.locator("#chart .readout");
    await readout.getByText("Total").waitFor();
    const month = plain(await readout.locator("strong").textContent());
    expect(month).toMatch(/^\w+ 2026$/);
    await page.locator("#chart .u-over").click();
    await shows(page, month);
    expect((await rows(page)).length).toBeGreaterThan(27);
  });

  test("shows the cost, the production, and year against year where there is any", async () => {
    const { address } = await served();
    const { page } = await visit(browser, `${address}#by=hour&day=2026-07-01`);
    const truth = world.simulator.household.truthOfDay("HOUSE", "2026-07-01");
    const eur = truth.reduce((sum, { fees }) => sum + fees.totalFee, 0);
    expect(await figure(page, "Distribution with taxes")).toBe(`€${eur.toFixed(2)}`);
    expect(await figure(page, "Production")).toMatch(/ kWh$/);
    await page.getByRole("link", { name: "Cost" }).click();
    await page.locator("#legend", { hasText: "Distribution with taxes" }).waitFor();
    const years = page.getByRole("region", { name: "Year against year" }).first();
    expect(plain(await years.locator("#years-legend").textContent())).toBe("20262025");
    await page.getByRole("combobox", { name: "Metering point" }).selectOption("FLAT");
    await page.locator("#years").waitFor({ state: "hidden" });
    expect(await page.locator(".figure", { hasText: "Production" }).count()).toBe(0);
  });

  test("tells ten years apart, and makes the one stand out that is picked", async () => {
    const { address } = await served();
    const seen = await visit(browser, address);
    const { page } = seen;
    await page.route("**/api/series?*by=month*", async (route) => {
      if (new URL(route.request().url()).searchParams.has("from")) return await route.continue();
      await route.fulfill({ json: tenYearsOfMonths() });
    });
    await page.reload();
    const buttons = page.locator("#years-legend button");
    await buttons.nth(9).waitFor();
    expect((await buttons.allTextContents()).map(plain)).toEqual(
      Array.from({ length: 10 }, (_, age) => String(2026 - age)),
    );
    const looks = await page.locator("#years-legend .line").evaluateAll((lines) => lines.map((line) => line.className));
    expect(new Set(looks).size).toBe(10);
    const drawn = async () => (await page.locator("#years-chart canvas").screenshot()).toString("base64");
    const before = await drawn();
    await page.getByRole("button", { name: "2018" }).click();
    expect(await page.getByRole("button", { pressed: true }).allTextContents()).toEqual(["2018"]);
    await page.mouse.move(0, 0);
    expect(await drawn()).not.toBe(before);
    await page.getByRole("button", { name: "2018" }).click();
    await page.mouse.move(0, 0);
    expect(await page.getByRole("button", { pressed: true }).count()).toBe(0);
    expect(await drawn()).toBe(before);
    expect(await violations(page)).toEqual([]);
    expectQuiet(seen);
  });

  test("by touch: the first shows what is there beside the chart, the second looks closer, one elsewhere ends it", async () => {
    const { address } = await served();
    const phone = { hasTouch: true, isMobile: true, viewport: { width: 360, height: 780 } };
    const { page } = await visit(browser, `${address}#by=month`, phone);
    const chart = page.locator("#chart .u-over");
    const readout = page.locator("#chart .readout");
    await chart.tap();
    await readout.getByText("Total").waitFor();
    const month = plain(await readout.locator("strong").textContent());
    const [shown, drawn] = [await readout.boundingBox(), await page.locator("#chart").boundingBox()];
    const isBeside = (shown?.y ?? 0) >= (drawn?.y ?? 0) + (drawn?.height ?? 0) || (shown?.y ?? 0) < (drawn?.y ?? 0);
    expect(isBeside).toBe(true);
    await page.locator("#range").tap();
    await readout.waitFor({ state: "hidden" });
    await chart.tap();
    await readout.getByText("Total").waitFor();
    await shows(page, /^2026$/);
    await chart.tap();
    await shows(page, month);
  });

  test("is in the language that one chooses, from then on, and goes on where one was", async () => {
    const { address } = await served();
    const seen = await visit(browser, `${address}#by=hour&day=2026-11-18`, { locale: "sv-FI" });
    const { page } = seen;
    await page.getByRole("navigation", { name: "Språk" }).getByRole("link", { name: "Suomi" }).click();
    await shows(page, /^Keskiviikko(?:na)? 18\. marraskuuta 2026$/);
    expect(new URL(page.url()).search).toBe("");
    await page.goto(address);
    await page.locator("main:not([aria-busy])").waitFor();
    expect(await page.title()).toBe("Sähkönkulutus");
    expect(await page.locator('#languages [aria-current="true"]').textContent()).toBe("Suomi");
    expectQuiet(seen);
  });

  test("changes the metering point, with the parts of its own product", async () => {
    const { address } = await served();
    const { page } = await visit(browser, address);
    const legend = async () => (await page.locator("#legend li").allTextContents()).map(plain);
    expect(await legend()).toEqual(["NightkWh", "DaykWh", "ProductionkWh", "Temperature°C"]);
    await page.getByRole("combobox", { name: "Metering point" }).selectOption("FLAT");
    await page.locator("#legend", { hasText: "Consumption" }).waitFor();
    expect(await legend()).toEqual(["ConsumptionkWh", "Temperature°C"]);
    await page.getByRole("combobox", { name: "Metering point" }).selectOption("COTTAGE");
    await page.locator("#legend", { hasText: "Winter day" }).waitFor();
    expect(await legend()).toEqual(["Other timekWh", "Winter daykWh", "Temperature°C"]);
    expect(plain(await page.locator("#facts").textContent())).toContain("COTTAGE");
  });
});

describe("the calendar", () => {
  test("tells every day's state in words, and what to expect of those that lack hours", async () => {
    const { address } = await served();
    const { page } = await visit(browser, `${address}#point=COTTAGE`);
    expect(plain(await page.getByRole("status").textContent())).toMatch(/^36 hours are missing\./);
    const day = async (name: string) => plain(await page.locator(`[title^="${name}:"]`).getAttribute("title"));
    expect(await day("Tue, 10 Nov 2026")).toBe("Tue, 10 Nov 2026: Some hours missing (12 of 24)");
    expect(await day("Thu, 12 Nov 2026")).toBe("Thu, 12 Nov 2026: All hours missing (0 of 24)");
    expect(await day("Fri, 13 Nov 2026")).toMatch(/(?:Complete|Verified).*\(24 of 24\)$/);
    expect(await day("Sat, 21 Nov 2026")).toMatch(/Still to come$/);
    expect(await day("Thu, 1 Oct 2026")).toMatch(/Before the first hour$/);
    await page.locator("#gaps summary").click();
    expect((await page.locator("#gap-table tbody tr").allTextContents()).map(plain)).toEqual([
      "12 Nov 2026 at 00:0013 Nov 2026 at 00:0024",
      "10 Nov 2026 at 00:0010 Nov 2026 at 12:0012",
    ]);
  });

  test("opens a day, by the mouse and by the keyboard, in one stop of the tab key", async () => {
    const { address } = await served();
    const seen = await visit(browser, address);
    const { page } = seen;
    await page.locator('[data-day="2026-02-10"]').click();
    await shows(page, "10 February 2026");
    expect(await page.locator(":focus").getAttribute("id")).toBe("consumption-heading");
    expect(await page.locator('#calendar a[tabindex="0"]').count()).toBe(1);
    await page.locator('#calendar a[tabindex="0"]').focus();
    for (const key of ["ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown"]) await page.keyboard.press(key);
    await page.keyboard.press("Enter");
    await shows(page, "17 February 2026");
    expectQuiet(seen);
  });

  test("turns its years", async () => {
    const { address } = await served();
    const { page } = await visit(browser, address);
    await page.locator("#previous-year").click();
    await page.locator("#calendar-year", { hasText: "2025" }).waitFor();
    await page.locator('[data-day="2025-12-31"]').waitFor();
    expect(await page.locator("#previous-year").getAttribute("aria-disabled")).toBe("true");
  });
});

test("the download has the hours of the shown period, as that language writes them", async () => {
  const { address } = await served();
  const { page } = await visit(browser, `${address}#by=hour&day=2026-11-18`, { locale: "fi-FI" });
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByText("Lataa tämä aika (CSV)").click(),
  ]);
  expect(download.suggestedFilename()).toBe("energy_HOUSE_2026-11-18_2026-11-18.csv");
  const lines = (await readFile(await download.path(), "utf8")).trim().split("\r\n");
  expect(lines).toHaveLength(25);
  const truth = world.simulator.household.truthOfDay("HOUSE", "2026-11-18");
  const place = lines[0]?.split(";").indexOf("kwh_total") ?? -1;
  expect(lines.slice(1).map((line) => line.split(";")[place])).toEqual(
    truth.map(({ kwhTotal }) => String(kwhTotal).replace(".", ",")),
  );
});

describe("what is wrong", () => {
  test("is said first, with what the program says to do", async () => {
    const serving = await served();
    serving.cycles = {
      ...serving.cycles,
      last: { endedEpochMs: NOW - 5 * 60_000, problem: { message: "Caruna+ is out of reach.", nextStep: "Wait." } },
    };
    const { page } = await visit(browser, serving.address, { locale: "fi-FI" });
    expect(plain(await page.getByRole("status").textContent())).toBe("Viimeisin haku epäonnistui 5 minuuttia sitten.");
    const [said, ...more] = await page.locator("#state-said li").all();
    expect(more).toEqual([]);
    expect((await said?.locator("p").allTextContents())?.map(plain)).toEqual([
      "Caruna+ is out of reach.",
      "Mitä tehdä: Wait.",
    ]);
    expect(await said?.locator("[lang=en]").allTextContents()).toEqual(["Caruna+ is out of reach.", "Wait."]);
    expect(await violations(page)).toEqual([]);
  });

  test("is said when the program is gone, and what was shown stays", async () => {
    const { address, server } = await served();
    const { page } = await visit(browser, address);
    await server.stop();
    await tab(page, "Years").click();
    expect(plain(await page.getByRole("alert").textContent())).toContain("The program does not answer.");
    await shows(page, "November 2026");
  });

  test("is nothing where there are no hours yet: it says what comes", async () => {
    const testDatabase = await createDatabase();
    const database = new Database(testDatabase.settings, silentLogger);
    try {
      await database.start();
      const { port } = await serve(database, { now: () => NOW });
      const seen = await visit(browser, `http://127.0.0.1:${port}/`);
      expect(plain(await seen.page.getByRole("status").textContent())).toContain("No metering point is known yet.");
      expect(await seen.page.locator("#consumption").isVisible()).toBe(false);
      expect(await violations(seen.page)).toEqual([]);
      expectQuiet(seen);
    } finally {
      await database.stop();
      await testDatabase.drop();
    }
  });
});

describe.each(["light", "dark"] as const)("in a %s scheme", (colorScheme) => {
  test.each([
    [360, "fi-FI"],
    [768, "en-GB"],
    [1440, "sv-FI"],
    [1920, "fi-FI"],
  ] as const)("at a width of %i, in %s, nothing is cut off, and axe-core finds nothing", async (width, locale) => {
    const { address } = await served();
    const seen = await visit(browser, `${address}#point=COTTAGE`, {
      ...{ locale, colorScheme, viewport: { width, height: 900 } },
    });
    const { page } = seen;
    for (const summary of await page.locator("summary").all()) if (await summary.isVisible()) await summary.click();
    expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    expect(await violations(page)).toEqual([]);
    expectQuiet(seen);
  });
});

/** Relative luminance of "#1f5c99", as WCAG defines it. */
function luminanceOf(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((place) => {
    const share = Number.parseInt(color.trim().slice(place, place + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test("its colours stand out from the background by three to one, and from each other for colour-blind eyes", async () => {
  const { address } = await served();
  for (const colorScheme of ["light", "dark"] as const) {
    const { page } = await visit(browser, address, { colorScheme });
    const names = [
      "night",
      "day",
      "winter",
      "whole",
      "production",
      "temperature",
      "cost",
      ...Array.from({ length: 6 }, (_, age) => `year-${age}`),
    ];
    const colors = await page.evaluate<string[]>(
      `${JSON.stringify(["surface", ...names])}.map((name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name))`,
    );
    const luminances = colors.map(luminanceOf);
    const [surface = 0, ...others] = luminances;
    const contrast = (one: number, other: number) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    for (const [place, luminance] of others.entries()) {
      expect(contrast(luminance, surface), `${names[place]}, ${colorScheme}`).toBeGreaterThanOrEqual(3);
    }
    const [night = 0, day = 0] = others;
    expect(contrast(night, day), colorScheme).toBeGreaterThanOrEqual(1.5);
  }
});
