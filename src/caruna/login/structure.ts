import type { DefaultTreeAdapterTypes } from "parse5";
import type { HttpRequest } from "../http/transport.js";
import { maskedAddress, maskedName } from "../masking.js";
import { parsePage, splitByCdata } from "./markup.js";
import { readPage } from "./page.js";

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
  const json = parsedJson(start);
  if (json !== undefined) return { kind: "json", length, shape: shapeOf(json) };
  if (!start.startsWith("<")) return { kind: "text", length };
  const isXml = /^<(?:\?xml|ajax-response)\b/.test(start) && !/<html\b/i.test(start);
  return isXml ? { kind: "xml", length, ...xmlStructure(body, url) } : { kind: "html", length, ...markup(body, url) };
}

/** Reduces what a request carries: the names of its fields, or the keys of its JSON. */
export function structureOfRequest({ body, headers }: HttpRequest): BodyStructure {
  if (body === undefined || body === "") return { kind: "empty" };
  if (typeof body !== "string") return { kind: "form", fields: [...body.keys()].map(maskedName) };
  const json = parsedJson(body);
  if (json !== undefined) return { kind: "json", length: body.length, shape: shapeOf(json) };
  const isForm = headers?.["Content-Type"]?.startsWith("application/x-www-form-urlencoded") === true;
  if (!isForm) return { kind: "text", length: body.length };
  return { kind: "form", fields: [...new URLSearchParams(body).keys()].map(maskedName) };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
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

function xmlStructure(body: string, url: URL): { elements: string[]; sections: MarkupStructure[] } {
  const { sections: data, rest } = splitByCdata(body);
  const elements = [...rest.matchAll(/<([A-Za-z][\w:.-]*)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*\/?>/g)];
  return {
    elements: elements.slice(0, MAX_LINES).map(([, name = "", attributes = ""]) => {
      const names = [...attributes.matchAll(/([\w:.-]+)\s*=\s*(?:"[^"]*"|'[^']*')/g)].map(
        ([, attribute = ""]) => attribute,
      );
      return line(name, names);
    }),
    sections: data
      .filter((text) => text.trimStart().startsWith("<"))
      .slice(0, MAX_ITEMS)
      .map((text) => markup(text, url)),
  };
}

function markup(html: string, url: URL): MarkupStructure {
  const page = readPage(html, url);
  return {
    outline: counted(outlineOf(parsePage(html, { scripting: false }).document)).slice(0, MAX_LINES),
    forms: page.forms.map(({ method, enctype, action, controls }) => ({
      method,
      enctype,
      action: action === undefined ? "nowhere" : maskedAddress(action),
      fields: controls.map(({ name, type }) => `${maskedName(name)}:${maskedName(type)}`),
    })),
    scriptCalls: counted(callsOf(page.script)).slice(0, MAX_LINES),
    metaRefresh:
      page.refresh === undefined
        ? null
        : { to: maskedReference(page.refresh.address, page.base), delaySeconds: page.refresh.delaySeconds },
  };
}

function maskedReference(address: string, base: URL): string {
  return URL.canParse(address, base.href) ? maskedAddress(new URL(address, base)) : "no address";
}

function outlineOf(parent: DefaultTreeAdapterTypes.ParentNode, depth = 0, lines: string[] = []): string[] {
  for (const node of parent.childNodes) {
    if (!("tagName" in node)) continue;
    const names = node.attrs.map(({ name }) => name);
    lines.push(`${"  ".repeat(Math.min(depth, 30))}${line(node.tagName, names)}`);
    if (depth < 200) outlineOf("content" in node ? node.content : node, depth + 1, lines);
  }
  return lines;
}

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

/** `Wicket.Ajax.ajax({u,m,c})`: calls of something's method, the keys of the object handed over, no values. */
function callsOf(script: string): string[] {
  const code = withoutTexts(script);
  return [...code.matchAll(CALL)].slice(0, MAX_CALLS).map((call) => {
    const [whole, name = "", brace] = call;
    const keys = brace === undefined ? "" : `{${keysFrom(code, call.index + whole.length).join(",")}}`;
    return `${name.split(".").map(maskedName).join(".")}(${keys})`;
  });
}

const MAX_CALLS = 1000;
/** Lengths are bounded: a script may be one word of a million letters, which is no reason to look at it a million times. */
const CALL = /(?<![\w$])([A-Za-z_$][\w$]{0,60}(?:\.[A-Za-z_$][\w$]{0,60}){1,8})(?![\w$])\s{0,20}\(\s{0,20}(\{)?/g;

/** What is not closed ends with its line, or with the script where it may go over several. */
const COMMENT_OR_TEXT =
  /\/\*[\s\S]*?(?:\*\/|$)|\/\/[^\n]*|"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?|`(?:\\[\s\S]|[^`\\])*`?/g;

/** A script without its comments and texts; texts that are keys of an object stay. */
function withoutTexts(script: string): string {
  return script.replace(COMMENT_OR_TEXT, (token, offset: number) => {
    const isKey =
      /^["'][\w$-]{1,40}["']$/.test(token) &&
      /[{,]\s*$/.test(script.slice(Math.max(0, offset - 20), offset)) &&
      /^\s*:/.test(script.slice(offset + token.length, offset + token.length + 20));
    return isKey ? token.slice(1, -1) : '""';
  });
}

/** So far an object literal is looked at. */
const LONGEST_OBJECT = 4000;

/** Keys of the object literal whose inside begins at `start`; those of objects within it are left out. */
function keysFrom(code: string, start: number): string[] {
  const end = Math.min(code.length, start + LONGEST_OBJECT);
  let depth = 1;
  let own = "";
  for (let index = start; index < end && depth > 0; index++) {
    const character = code.charAt(index);
    if ("{[(".includes(character)) depth += 1;
    if (depth === 1) own += character;
    if ("}])".includes(character)) depth -= 1;
  }
  const keys = own.split(",").map((entry) => /^\s*([\w$-]{1,40})\s*:/.exec(entry)?.[1]);
  return keys.flatMap((key) => (key === undefined ? [] : [maskedName(key)])).slice(0, MAX_ITEMS);
}
