import { parseHtml, textOf } from "./html.js";
import { type Page, readPage } from "./page.js";
import { Script } from "./scripts.js";

/** What an `<ajax-response>` of Wicket says. */
export interface AjaxAnswer {
  /** Next address, where it is told: relative to the page that is shown. */
  readonly redirect: string | undefined;
  readonly components: readonly { readonly id: string; readonly html: string }[];
  /** Scripts to run, and markup for the head. */
  readonly scripts: string;
  readonly head: string;
  /** Names of its elements. */
  readonly elements: readonly string[];
}

/** True for the body of an Ajax answer, whatever it is labelled. */
export function isAjaxAnswer(body: string): boolean {
  return /^\s*(?:<\?xml[^>]*>\s*)?<ajax-response/.test(body);
}

/** The elements of an Ajax answer with their content, CDATA or not; what stands in CDATA is not looked for elements. */
export function elementsOfAjax(body: string): { name: string; attributes: string; content: string }[] {
  const found: { name: string; attributes: string; content: string }[] = [];
  const tag = /<([a-z][\w:-]{0,40})((?:\s[^<>]{0,500})?)>\s*(<!\[CDATA\[)?/gi;
  for (let match = tag.exec(body); match !== null; match = tag.exec(body)) {
    const [, name = "", attributes = "", cdata] = match;
    if (name === "ajax-response" || attributes.endsWith("/")) {
      found.push({ name, attributes, content: "" });
      continue;
    }
    const end = body.indexOf(cdata === undefined ? `</${name}>` : "]]>", tag.lastIndex);
    if (end === -1) break;
    const raw = body.slice(tag.lastIndex, end);
    const text = cdata === undefined ? textOf(parseHtml(raw), raw.length) : raw;
    const content = /wicket1/.test(attributes) ? text.replaceAll("]^", "]") : text;
    found.push({ name, attributes, content });
    tag.lastIndex = end;
  }
  return found;
}

/** Reads an Ajax answer; `shown` is the address of the page that asked for it. */
export function readAjaxAnswer(body: string, shown: URL): AjaxAnswer {
  const elements = elementsOfAjax(body);
  const contents = (name: RegExp) =>
    elements.filter((element) => name.test(element.name)).map(({ content }) => content);
  const scripts = contents(/^(?:priority-)?evaluate$/).join(";\n");
  const scripted = scripts === "" ? undefined : new Script(scripts).waysOn(shown).address;
  return {
    redirect: contents(/^redirect$/)[0]?.trim() || scripted,
    components: elements
      .filter(({ name }) => name === "component")
      .map(({ attributes, content }) => ({ id: /\bid\s*=\s*["']([^"']*)/.exec(attributes)?.[1] ?? "", html: content })),
    scripts,
    head: contents(/^header-contribution$/)
      .join("")
      .replace(/<\/?head\b[^>]*>/gi, ""),
    elements: [...new Set(elements.map(({ name }) => name))],
  };
}

/** The page after an Ajax answer: its components stand in the place of those of the same id, its scripts have run. */
export function withAnswer(page: Page, answer: AjaxAnswer): Page {
  const root = parseHtml(page.root.toString());
  const body = root.querySelector("body") ?? root;
  for (const { id, html } of answer.components) {
    const old = id === "" ? null : root.getElementById(id);
    // Repaired first: node-html-parser takes very long for tags that are left open.
    const repaired = parseHtml(html).querySelector("body")?.innerHTML ?? "";
    if (old === null) body.insertAdjacentHTML("beforeend", repaired);
    else old.replaceWith(repaired);
  }
  const head = parseHtml(answer.head);
  body.insertAdjacentHTML(
    "beforeend",
    (head.querySelector("head")?.innerHTML ?? "") + (head.querySelector("body")?.innerHTML ?? ""),
  );
  const script = answer.scripts.replaceAll("</", "<\\/");
  if (script !== "") body.insertAdjacentHTML("beforeend", `<script>${script}</script>`);
  return readPage(root.toString(), page.url);
}
