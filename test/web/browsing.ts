import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { expect } from "vitest";
import { atTheEnd } from "../support/caruna.js";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
// No sandbox: the tests may run as root, and the only pages are our own. The rest keeps it from asking the internet.
const OPTIONS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

export async function startBrowser(): Promise<Browser> {
  return await chromium.launch({ executablePath: CHROMIUM, args: OPTIONS });
}

/** A page in a browser, with everything that it should not do. */
export interface Visit {
  readonly page: Page;
  /** Errors and warnings of the console, refusals of the policy among them, and errors that nobody caught. */
  readonly complaints: string[];
  /** Addresses of other origins that were asked for. */
  readonly abroad: string[];
}

/** Opens the page as somebody with that browser sees it, and waits until it shows what there is. */
export async function visit(browser: Browser, address: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1280, height: 900 }, ...options });
  atTheEnd(() => context.close());
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const [complaints, abroad]: [string[], string[]] = [[], []];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== new URL(address).origin) abroad.push(request.url());
  });
  await page.goto(address);
  await page.locator("main:not([aria-busy])").waitFor();
  return { page, complaints, abroad };
}

/** What axe-core finds to be wrong, one line each. */
export async function violations(page: Page): Promise<string[]> {
  // Evaluated from outside the page, so that its policy need not allow it.
  await page.evaluate(await readFile(AXE, "utf8"));
  return await page.evaluate(async () => {
    const axe = Reflect.get(globalThis, "axe");
    const { violations: found } = await axe.run({ resultTypes: ["violations"] });
    const lines: string[] = [];
    for (const { id, nodes } of found) {
      for (const { html, failureSummary } of nodes) lines.push(`${id}: ${html} ${failureSummary}`);
    }
    return lines;
  });
}

/** Nothing was complained about, and nothing asked for elsewhere. */
export function expectQuiet({ complaints, abroad }: Visit): void {
  expect(complaints).toEqual([]);
  expect(abroad).toEqual([]);
}

/** A text without the spaces that do not break. */
export function plain(text: string | null): string {
  return (text ?? "").replace(/[\u00a0\u202f]/g, " ").trim();
}
