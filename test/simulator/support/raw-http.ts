import { expect } from "vitest";
import type { Simulator } from "../../../src/simulator/index.js";

export interface RawAnswer {
  readonly status: number;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

/** Sends requests one by one, following nothing; keeps cookies as a browser does, whatever the port. */
export class RawClient {
  readonly cookies = new Map<string, string>();

  async request(
    method: "GET" | "POST",
    url: string,
    body?: string | URLSearchParams | FormData,
    headers: Record<string, string> = {},
  ): Promise<RawAnswer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, {
      method,
      redirect: "manual",
      headers: { ...headers, ...(cookie === "" ? {} : { Cookie: cookie }) },
      ...(body === undefined ? {} : { body }),
    });
    for (const line of response.headers.getSetCookie()) {
      const pair = line.split(";")[0] ?? "";
      this.cookies.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
    }
    return { status: response.status, url, headers: response.headers, body: await response.text() };
  }

  get(url: string, headers?: Record<string, string>): Promise<RawAnswer> {
    return this.request("GET", url, undefined, headers);
  }

  /** Follows 302s only. */
  async getFollowing(url: string): Promise<RawAnswer> {
    let answer = await this.get(url);
    for (let hops = 0; answer.status === 302 && hops < 10; hops += 1)
      answer = await this.get(new URL(locationOf(answer), answer.url).href);
    return answer;
  }
}

export function locationOf(answer: RawAnswer): string {
  const location = answer.headers.get("Location");
  if (location === null) throw new Error(`${answer.url} answered ${answer.status} without a Location`);
  return location;
}

/** The first group of a pattern that must be there. */
export function pick(text: string, pattern: RegExp): string {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`nothing matches ${pattern} in:\n${text}`);
  return found.replaceAll("&amp;", "&");
}

export function hiddenFields(html: string): URLSearchParams {
  const fields = new URLSearchParams();
  for (const [, name = "", value = ""] of html.matchAll(/<input type="hidden" name="([^"]+)"[^>]*value="([^"]*)"/g))
    fields.append(name, value);
  return fields;
}

export const AJAX_HEADERS = {
  "Wicket-Ajax": "true",
  "Wicket-Ajax-BaseURL": "login",
  "Wicket-FocusedElementId": "loginWithUserID5",
  "X-Requested-With": "XMLHttpRequest",
  "Content-Type": "application/x-www-form-urlencoded",
};

/** Steps 1 to 3: the login page, as its clients have always reached it. */
export async function openLoginPage(client: RawClient, simulator: Simulator): Promise<RawAnswer> {
  const start = await client.request(
    "POST",
    `${simulator.plusUrl}/api/authorization/login`,
    JSON.stringify({ redirectAfterLogin: "https://plus.caruna.fi/", language: "fi" }),
    { "Content-Type": "application/json" },
  );
  const landing = await client.getFollowing(pick(start.body, /"loginRedirectUrl":"([^"]+)"/));
  const refresh = pick(landing.body, /<meta http-equiv="refresh" content="0;URL=([^"]+)"/);
  expect(refresh).toMatch(/^\/[^/]/);
  return client.getFollowing(simulator.authUrl + refresh);
}

export function ajaxAddressOf(loginPage: RawAnswer): string {
  return new URL(pick(loginPage.body, /Wicket\.Ajax\.ajax\(\{"u":"([^"]+)"/), loginPage.url).href;
}

/** Step 4 with the fields of today. */
export function postCredentials(
  client: RawClient,
  loginPage: RawAnswer,
  address: string,
  { user = "demo@example.com", password = "demo" } = {},
  headers: Record<string, string> = AJAX_HEADERS,
): Promise<RawAnswer> {
  const fields = hiddenFields(loginPage.body);
  fields.append("ttqusername", user);
  fields.append("userPassword", password);
  fields.append("loginWithUserID", "1");
  return client.request("POST", address, fields, headers);
}

/** Steps 5 to 8: from the page after the password to the callback's query. */
export async function walkToCallback(client: RawClient, afterPassword: string): Promise<URL> {
  const refresh = await client.get(afterPassword);
  const responder = await client.get(pick(refresh.body, /<meta http-equiv="refresh" content="0;URL=(http[^"]+)"/));
  const action = pick(responder.body, /<form method="post" action="(http[^"]+)"/);
  const relayed = await client.request("POST", action, hiddenFields(responder.body));
  expect(relayed.status).toBe(302);
  const authorized = await client.get(locationOf(relayed));
  expect(authorized.status).toBe(302);
  return new URL(locationOf(authorized));
}

/** Step 9. */
export function askForToken(
  client: RawClient,
  simulator: Simulator,
  callback: URL,
  headers: Record<string, string> = { "Content-Type": "application/x-www-form-urlencoded" },
): Promise<RawAnswer> {
  return client.request("POST", `${simulator.plusUrl}/api/authorization/token`, callback.search.slice(1), headers);
}

/** The whole login by what the pages say; the token. */
export async function logIn(simulator: Simulator, client = new RawClient()): Promise<string> {
  const page = await openLoginPage(client, simulator);
  const posted = await postCredentials(client, page, ajaxAddressOf(page));
  const next = posted.headers.get("Ajax-Location") ?? pick(posted.body, /<redirect><!\[CDATA\[(.+?)\]\]>/);
  const callback = await walkToCallback(client, new URL(next, page.url).href);
  return pick((await askForToken(client, simulator, callback)).body, /"token":"([^"]+)"/);
}
