import { type HTMLElement, parse } from "node-html-parser";
import { locationOf, type RawAnswer, RawClient } from "./raw-http.js";

/**
 * A person with a browser, as far as the portal's pages need one: follows redirects and refreshes, fills in the form that has
 * a password, lets scripts run, presses the one button or link of a notice. Knows no address and no field name.
 */
export class Person {
  readonly client = new RawClient();

  /** Logs in from an address on; ends at the first redirect to the plus site, without loading it. */
  async logIn(start: string, plusUrl: string, account: { user: string; password: string }): Promise<URL> {
    let page = await this.client.get(start);
    for (let steps = 0; steps < 25; steps += 1) {
      if (page.status >= 300 && page.status < 400) {
        const next = new URL(locationOf(page), page.url);
        if (next.origin === plusUrl) return next;
        page = await this.client.get(next.href);
      } else {
        page = await this.#onward(page, account);
      }
    }
    throw new Error(`still not through after 25 steps, at ${page.url}`);
  }

  async #onward(page: RawAnswer, account: { user: string; password: string }): Promise<RawAnswer> {
    const html = parse(page.body, { comment: false });
    const base = new URL(html.querySelector("base")?.getAttribute("href") ?? "", page.url).href;
    const refresh = html
      .querySelectorAll("meta")
      .find((meta) => attribute(meta, "http-equiv").toLowerCase() === "refresh");
    if (refresh !== undefined) {
      const address = /url\s*=\s*['"]?([^'"]+)/i.exec(attribute(refresh, "content"))?.[1] ?? "";
      return this.client.get(new URL(address, base).href);
    }
    const password = html.querySelector("input[type=password]");
    if (password !== null) return this.#submitCredentials(page, base, password, account);
    const form = html.querySelector("form");
    if (form !== null) return this.#submit(form, base, new URLSearchParams(inputsOf(form)));
    const link = html.querySelector("a");
    if (link !== null) return this.client.get(new URL(attribute(link, "href"), base).href);
    throw new Error(`no way on from ${page.url}: ${html.querySelector("title")?.text ?? ""}`);
  }

  async #submitCredentials(
    page: RawAnswer,
    base: string,
    password: HTMLElement,
    account: { user: string; password: string },
  ): Promise<RawAnswer> {
    const form = password.closest("form");
    if (form === null) throw new Error("the password stands in no form");
    const fields = new URLSearchParams(inputsOf(form));
    const user = form.querySelectorAll("input").find((input) => ["text", "email"].includes(attribute(input, "type")));
    fields.set(attribute(user, "name"), account.user);
    fields.set(attribute(password, "name"), account.password);
    const call = /Wicket\.Ajax\.ajax\(\{"u":"([^"]+)"/.exec(page.body)?.[1];
    if (call === undefined) return this.#submit(form, base, fields);
    const answer = await this.client.request("POST", new URL(call, base).href, fields, { "Wicket-Ajax": "true" });
    if (answer.status === 302) return answer;
    const told = answer.headers.get("Ajax-Location") ?? /<redirect><!\[CDATA\[(.+?)\]\]>/.exec(answer.body)?.[1];
    if (told === undefined) throw new Error(`no redirect: ${answer.body}`);
    return this.client.get(new URL(told, base).href);
  }

  #submit(form: HTMLElement, base: string, fields: URLSearchParams): Promise<RawAnswer> {
    const action = new URL(attribute(form, "action"), base);
    if (attribute(form, "method").toLowerCase() === "get") {
      action.search = fields.toString();
      return this.client.get(action.href);
    }
    if (attribute(form, "enctype") !== "multipart/form-data") return this.client.request("POST", action.href, fields);
    const parts = new FormData();
    for (const [name, value] of fields) parts.append(name, value);
    return this.client.request("POST", action.href, parts);
  }
}

function attribute(element: HTMLElement | undefined, name: string): string {
  const found = Object.entries(element?.attributes ?? {}).find(([key]) => key.toLowerCase() === name);
  return found?.[1] ?? "";
}

/** Name and value of what a browser would submit. */
function inputsOf(form: HTMLElement): [string, string][] {
  return form
    .querySelectorAll("input, button")
    .filter((input) => attribute(input, "name") !== "")
    .map((input) => [attribute(input, "name"), attribute(input, "value")]);
}
