import { createServer, request } from "node:http";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { atTheEnd } from "../support/caruna.js";
import { at, EngineWorld, type Program } from "../sync/engine-world.js";
import { expectQuiet, startBrowser, visit } from "./browsing.js";
import { serve } from "./serving.js";

let world: EngineWorld;
let program: Program;
let browser: Browser;
beforeAll(async () => {
  world = await EngineWorld.create("2026-11-20T10:00", { meters: [{ startDate: "2026-11-10", assetId: "FLAT" }] });
  program = await world.start();
  await program.cycle();
  browser = await startBrowser();
}, 300_000);
afterAll(async () => {
  await browser.close();
  await world.close();
});

/** A reverse proxy that serves a port below a path, which it takes off; whatever is asked for elsewhere it has not. */
async function proxyBelow(
  prefix: string,
  port: number,
): Promise<{ readonly address: string; readonly astray: string[] }> {
  const astray: string[] = [];
  const server = createServer((incoming, response) => {
    const path = incoming.url ?? "";
    if (!path.startsWith(prefix)) {
      astray.push(path);
      response.writeHead(404).end();
      return;
    }
    const { method, headers } = incoming;
    const stripped = `/${path.slice(prefix.length)}`;
    const forwarded = request({ host: "127.0.0.1", port, method, path: stripped, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  atTheEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  const listening = server.address();
  if (typeof listening !== "object" || listening === null) throw new Error("the proxy does not listen");
  return { address: `http://127.0.0.1:${listening.port}${prefix}`, astray };
}

test.each([undefined, "a-token-of-32-characters-or-more!"])(
  "below a path everything works, with the token %s: page, data, language, download",
  async (token) => {
    const serving = await serve(program.database, { now: () => at("2026-11-20T10:00"), token });
    const { address, astray } = await proxyBelow("/home/energy/", serving.port);
    const visited = await visit(browser, token === undefined ? address : `${address}?token=${token}`);
    const { page } = visited;
    expect(page.url().split("#")[0]).toBe(address);
    await page.locator("#chart canvas").first().waitFor();
    await page.locator('a[lang="fi"]').first().click();
    await page.locator('html[lang="fi"] main:not([aria-busy])').waitFor();
    expect(page.url().split("#")[0]).toBe(address);
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#download-all").click()]);
    expect(download.url()).toContain(`${address}download.csv?`);
    expect(await download.failure()).toBeNull();
    const cookies = await page.context().cookies();
    expect(new Set(cookies.map(({ path }) => path))).toEqual(new Set(["/home/energy"]));
    expect(cookies).toHaveLength(token === undefined ? 1 : 2);
    expect(astray).toEqual([]);
    expectQuiet(visited);
  },
);

test("without the token, the way on leads to the page from any depth", async () => {
  const serving = await serve(program.database, { token: "a-token-of-32-characters-or-more!" });
  const { address } = await proxyBelow("/home/", serving.port);
  for (const below of ["", "assets/app.js", "download.csv"]) {
    const [, href = ""] = /<a href="([^"]+)">/.exec(await (await fetch(`${address}${below}`)).text()) ?? [];
    expect(new URL(href, `${address}${below}`).href).toBe(address);
  }
});
