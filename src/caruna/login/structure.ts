import type { HTMLElement } from "node-html-parser";
import type { HttpRequest } from "../http/transport.js";
import { maskedAddress, maskedName } from "../masking.js";
import { elementsOfAjax } from "./ajax.js";
import { attribute, textOf } from "./html.js";
import { type Page, readPage, resolve } from "./page.js";
import { parseJson } from "./portal.js";
import { masked } from "./vocabulary.js";

/** What stays of a body when every text and value is taken out of it: enough to see how a page has changed. */
export type BodyStructure =
  | { readonly kind: "empty" }
  | ({ readonly kind: "html"; readonly length: number } & MarkupStructure)
  | {
      readonly kind: "xml";
      readonly length: number;
      /** Element names with the names of their attributes, in order. */
      readonly elements: readonly string[];
      /** Markup that stands in the elements' CDATA. */
      readonly sections: readonly MarkupStructure[];
    }
  | { readonly kind: "json"; readonly length: number; readonly shape: JsonShape }
  | { readonly kind: "form"; readonly fields: readonly string[] }
  | { readonly kind: "text" | "unreadable"; readonly length: number };

/** HTML without its texts and values. */
export interface MarkupStructure {
  /** One line an element, indented as it is nested: `form[action id method]`; what repeats is counted. */
  readonly outline: readonly string[];
  readonly forms: readonly FormStructure[];
  /** Calls in scripts, with the keys of the object they are handed. */
  readonly scriptCalls: readonly string[];
  /** Host and path that a meta refresh leads to, and after how many seconds; null where there is none. */
  readonly metaRefresh: { readonly to: string; readonly delaySeconds: number } | null;
}

export interface FormStructure {
  readonly method: string;
  readonly enctype: string;
  /** Host and path. */
  readonly action: string;
  /** `name:type` of every control. */
  readonly fields: readonly string[];
}

/** `"string"`, `"number"`, …; the shapes that an array's items have; an object's keys and their shapes. */
export type JsonShape = string | readonly JsonShape[] | { readonly [key: string]: JsonShape };

const MAX_LINES = 500;
const MAX_ITEMS = 60;
const MAX_DEPTH = 8;

/** Reduces the body of an answer, whatever it is labelled. `url` is the address of the page. */
export function structureOfAnswer(body: string, url: URL): BodyStructure {
  const { length } = body;
  const start = body.trimStart();
  if (start === "") return { kind: "empty" };
  const json = parseJson(start);
  if (json !== undefined) return { kind: "json", length, shape: shapeOf(json) };
  if (!start.startsWith("<")) return { kind: "text", length };
  const isXml = /^<(?:\?xml|ajax-response)\b/.test(start) && !/<html\b/i.test(start);
  return isXml ? { kind: "xml", length, ...ajaxStructure(body, url) } : { kind: "html", length, ...markup(body, url) };
}

/** Reduces what a request carries: the names of its fields, or the keys of its JSON. */
export function structureOfRequest({ body, headers }: HttpRequest): BodyStructure {
  if (body === undefined || body === "") return { kind: "empty" };
  if (typeof body !== "string") return { kind: "form", fields: [...body.keys()].map(maskedName) };
  const json = parseJson(body);
  if (json !== undefined) return { kind: "json", length: body.length, shape: shapeOf(json) };
  const isForm = headers?.["Content-Type"]?.startsWith("application/x-www-form-urlencoded") === true;
  if (!isForm) return { kind: "text", length: body.length };
  return { kind: "form", fields: [...new URLSearchParams(body).keys()].map(maskedName) };
}

function shapeOf(value: unknown, depth = 0): JsonShape {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  if (depth === MAX_DEPTH) return "…";
  if (!Array.isArray(value)) {
    const entries = Object.entries(value).slice(0, MAX_ITEMS);
    return Object.fromEntries(entries.map(([key, inner]) => [maskedName(key), shapeOf(inner, depth + 1)]));
  }
  const shapes = value.slice(0, MAX_ITEMS).map((item: unknown) => JSON.stringify(shapeOf(item, depth + 1)));
  return [...new Set(shapes)].map((shape): JsonShape => JSON.parse(shape));
}

function ajaxStructure(body: string, url: URL): { elements: string[]; sections: MarkupStructure[] } {
  const elements = elementsOfAjax(body).slice(0, MAX_LINES);
  return {
    elements: elements.map(({ name, attributes }) =>
      line(
        name,
        [...attributes.matchAll(/([\w:.-]+)\s*=/g)].map(([, attribute = ""]) => attribute),
      ),
    ),
    sections: elements
      .filter(({ content }) => content.trimStart().startsWith("<"))
      .slice(0, MAX_ITEMS)
      .map(({ content }) => markup(content, url)),
  };
}

function markup(html: string, url: URL): MarkupStructure {
  const page = readPage(html, url);
  const { refresh } = page;
  return {
    outline: counted(outlineOf(page)).slice(0, MAX_LINES),
    forms: page.forms.map(({ method, enctype, action, controls }) => ({
      method,
      enctype,
      action: action === undefined ? "nowhere" : maskedAddress(action),
      fields: controls.map(({ name, type }) => `${maskedName(name)}:${maskedName(type)}`),
    })),
    scriptCalls: counted(
      page.script
        .calls()
        .slice(0, MAX_CALLS)
        .map(({ name, keys }) => {
          const names = keys.slice(0, MAX_ITEMS).map(maskedName).join(",");
          return `${name.split(".").map(maskedName).join(".")}(${keys.length === 0 ? "" : `{${names}}`})`;
        }),
    ).slice(0, MAX_LINES),
    metaRefresh: refresh === undefined ? null : { to: maskedAddress(refresh.url), delaySeconds: refresh.delaySeconds },
  };
}

/** One line an element, in the order of the document. */
function outlineOf(page: Page): string[] {
  return page.root
    .querySelectorAll("*")
    .slice(0, 10 * MAX_LINES)
    .map((element) => {
      let depth = 0;
      for (let parent = element.parentNode; parent?.parentNode && depth < 30; parent = parent.parentNode) depth += 1;
      const names = Object.keys(element.rawAttributes);
      return `${"  ".repeat(depth)}${line(element.rawTagName, names)}${detailOf(element, page)}`;
    });
}

/** Addresses of frames, names of metas, and the words of what a person reads first. */
function detailOf(element: HTMLElement, { base }: Page): string {
  const tag = element.rawTagName;
  if (tag === "meta") {
    const name = attribute(element, "name") || attribute(element, "http-equiv") || attribute(element, "property");
    return name === "" ? "" : ` ${maskedName(name)}`;
  }
  if (tag === "iframe" || tag === "frame") {
    const url = resolve(attribute(element, "src"), base);
    return url === undefined ? "" : ` ${maskedAddress(url)}`;
  }
  const isButton = tag === "input" && /^(?:submit|button)$/i.test(attribute(element, "type"));
  const text = isButton ? attribute(element, "value") : WITH_WORDS.test(tag) ? textOf(element) : "";
  return text === "" ? "" : ` "${masked(text)}"`;
}

const WITH_WORDS = /^(?:h[1-6]|title|legend|button|a|label|summary)$/;
const MAX_CALLS = 1000;

/** Names that HTML and Wicket's XML know. A page with a quote too few makes names of its values, so no others pass. */
const ATTRIBUTE =
  /^(?:abbr|accept|accept-charset|accesskey|action|align|allow|alt|async|autocapitalize|autocomplete|autofocus|bgcolor|border|charset|checked|class|color|cols|colspan|content|contenteditable|crossorigin|defer|dir|disabled|download|draggable|enctype|encoding|for|form|formaction|formenctype|formmethod|formnovalidate|frameborder|headers|height|hidden|href|hreflang|http-equiv|id|inputmode|integrity|itemprop|label|lang|list|loading|maxlength|media|method|min|max|minlength|multiple|name|nonce|novalidate|pattern|placeholder|property|readonly|referrerpolicy|rel|required|role|rows|rowspan|sandbox|scope|scrolling|selected|size|sizes|slot|span|src|srcdoc|srcset|start|step|style|tabindex|target|title|translate|type|usemap|valign|value|viewbox|width|wrap|d|fill|stroke|x|y|version|viewport|async|cellpadding|cellspacing|xmlns|xml:lang|on[a-z]{3,20}|(?:aria|data|wicket)[-:][a-z-]{1,30})$/;
const ELEMENT = /^(?:[a-z][a-z0-9]{0,10}|[a-z]{1,20}(?:[-:][a-z]{1,20}){1,3})$/i;

function line(name: string, attributes: readonly string[]): string {
  const known = [...new Set(attributes.map((attribute) => (ATTRIBUTE.test(attribute) ? attribute : "…")))].sort();
  const masked = ELEMENT.test(name) ? maskedName(name) : "…";
  return known.length === 0 ? masked : `${masked}[${known.join(" ")}]`;
}

/** A line that follows itself becomes one, with a count. */
function counted(lines: readonly string[]): string[] {
  const runs: { text: string; times: number }[] = [];
  for (const text of lines) {
    const last = runs.at(-1);
    if (last?.text === text) last.times += 1;
    else runs.push({ text, times: 1 });
  }
  return runs.map(({ text, times }) => (times === 1 ? text : `${text} ×${times}`));
}
