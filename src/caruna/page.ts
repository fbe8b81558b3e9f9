import { type HTMLElement, parse as parseMarkup } from "node-html-parser";
import { type DefaultTreeAdapterTypes, parse as parseAsBrowser, serialize } from "parse5";

/** One control of a form, with what a browser would send for it. */
export interface Control {
  /** `hidden`, `text`, `email`, `password`, `submit`, `checkbox`, …, or `select`, `textarea`; lower case. */
  readonly type: string;
  readonly name: string;
  readonly value: string;
  readonly id: string;
  /** The attributes and the label that tell a person what belongs into it, lower case. */
  readonly hint: string;
  /** False for an unticked box: it is shown, but not sent. */
  readonly sent: boolean;
  /** Where this button sends the form (`formaction`), where that differs from the form's own action. */
  readonly action: URL | undefined;
  /** How this button sends the form (`formmethod`), where that differs. */
  readonly method: Form["method"] | undefined;
}

/** A form as HTML defines it. */
export interface Form {
  readonly id: string;
  readonly name: string;
  readonly method: "GET" | "POST";
  readonly enctype: "urlencoded" | "multipart";
  /** Where it goes, resolved against the page's base address. */
  readonly action: URL | undefined;
  readonly controls: readonly Control[];
}

/** A call of Wicket's Ajax in a script of the page: its keys as Wicket names them. */
export interface WicketCall {
  /** `u`: the address, relative to the page. */
  readonly url: string;
  /** `c`: id of the component that the behaviour belongs to. */
  readonly componentId: string;
  /** `f`: id of the form, where told. */
  readonly formId: string;
  /** `sc`: name of the submitting component, where told. */
  readonly submitter: string;
}

/** A page as a person sees it, taken apart. */
export interface Page {
  /** The address shown in the browser. */
  readonly url: URL;
  /** What relative addresses are relative to: `<base href>` or the address shown. */
  readonly base: URL;
  readonly title: string;
  readonly forms: readonly Form[];
  /** Next address of a `<meta http-equiv="refresh">` that a browser with scripts obeys, and its delay in seconds. */
  readonly refresh: { readonly address: string; readonly delaySeconds: number } | undefined;
  /** The same for browsers without scripts. */
  readonly refreshWithoutScript: string | undefined;
  /** An address that a script of the page goes to (`location = "…"`). */
  readonly scriptedAddress: string | undefined;
  /** All scripts of the page in one text, event handlers of `<body>` included. */
  readonly script: string;
  readonly wicketCalls: readonly WicketCall[];
  /** Base address that Wicket's script names, as the server wants it back in `Wicket-Ajax-BaseURL`. */
  readonly wicketBaseUrl: string | undefined;
  /** Messages to the person: elements whose id or class speaks of feedback or an error. */
  readonly feedback: string | undefined;
  readonly links: readonly { readonly address: string; readonly text: string }[];
  /** All text that a person can read, white space folded. */
  readonly text: string;
}

/**
 * Reads markup the way a browser builds its tree (parse5: any case, missing end tags, any order), to be asked questions
 * (node-html-parser).
 */
export function readMarkup(html: string): HTMLElement {
  return parseMarkup(serialize(tamed(parseAsBrowser(html))), { blockTextElements: RAW_TEXT });
}

/** Reads a page, and what of it a login needs. */
export function readPage(html: string, url: URL): Page {
  const root = readMarkup(html);
  // What a script may make of a template is not on the page.
  for (const template of root.querySelectorAll("template")) template.remove();
  const base = resolve(attribute(root.querySelector("base[href]"), "href"), url) ?? url;
  const script = scriptOf(root);
  return {
    url,
    base,
    title: root.querySelector("title")?.text.trim() ?? "",
    forms: root.querySelectorAll("form").map((form) => readForm(form, root, base, url)),
    refresh: refreshOf(root),
    refreshWithoutScript: refreshOf(
      parseMarkup(
        root
          .querySelectorAll("noscript")
          .map((element) => element.innerHTML)
          .join(""),
      ),
    )?.address,
    scriptedAddress: scriptedAddress(script),
    script,
    wicketCalls: wicketCallsOf(script),
    wicketBaseUrl: /Wicket\.Ajax\.baseUrl\s*=\s*(["'])(.*?)\1/.exec(script)?.[2],
    feedback: feedbackOf(root),
    links: root.querySelectorAll("a[href]").map((link) => ({ address: attribute(link, "href"), text: textOf(link) })),
    text: textOf(root.querySelector("body") ?? root),
  };
}

/** As deep as the common browsers nest elements. */
const MAX_DEPTH = 512;

/**
 * Takes away what node-html-parser falls over: what stands deeper than any browser nests (it walks the tree by recursion),
 * and attributes named like something that every object has (`constructor`), whose value it takes from there. Of a name
 * damaged to `action<constructor` it makes two, so such names go as well.
 */
function tamed(document: DefaultTreeAdapterTypes.Document): DefaultTreeAdapterTypes.Document {
  let level: DefaultTreeAdapterTypes.ParentNode[] = [document];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === MAX_DEPTH) for (const parent of level) parent.childNodes = [];
    level = level.flatMap((parent) => {
      if ("attrs" in parent)
        parent.attrs = parent.attrs.filter(({ name }) => /^[a-z][\w:-]*$/i.test(name) && !(name in Object.prototype));
      const inside: readonly DefaultTreeAdapterTypes.Node[] =
        "content" in parent ? [parent.content] : parent.childNodes;
      return inside.filter((node): node is DefaultTreeAdapterTypes.ParentNode => "childNodes" in node);
    });
  }
  return document;
}

/** Elements whose content is text to a browser, whatever it looks like. */
const RAW_TEXT = { script: true, style: true, noscript: true, iframe: true, noembed: true, noframes: true, xmp: true };

/** Resolves an address found in a page; undefined where it is none. */
export function resolve(address: string, base: URL): URL | undefined {
  return URL.canParse(address, base.href) ? new URL(address, base) : undefined;
}

function attribute(element: HTMLElement | null, name: string): string {
  return element?.getAttribute(name) ?? "";
}

function textOf(element: HTMLElement): string {
  const copy = parseMarkup(element.outerHTML, { blockTextElements: RAW_TEXT });
  for (const silent of copy.querySelectorAll("script, style, noscript, iframe, noembed, noframes")) silent.remove();
  return copy.text.replace(/\s+/g, " ").trim();
}

function scriptOf(root: HTMLElement): string {
  const handlers = ["onload", "onpageshow"].map((name) => attribute(root.querySelector("body"), name));
  return [...root.querySelectorAll("script").map((element) => element.innerHTML), ...handlers].join("\n");
}

function refreshOf(root: HTMLElement): Page["refresh"] {
  for (const meta of root.querySelectorAll("meta")) {
    if (attribute(meta, "http-equiv").trim().toLowerCase() !== "refresh") continue;
    const match = /^\s*([\d.]*)\s*[;,\s]\s*(?:url\s*=\s*)?(.+)$/is.exec(attribute(meta, "content"));
    const address = match?.[2] === undefined ? "" : unquote(match[2].trim());
    if (address !== "") return { address, delaySeconds: Number(match?.[1] || 0) };
  }
  return undefined;
}

/** The refresh rule of HTML: an opening quote ends at the next one like it, or never. */
function unquote(text: string): string {
  const quote = text[0];
  if (quote !== '"' && quote !== "'") return text;
  const end = text.indexOf(quote, 1);
  return text.slice(1, end === -1 ? undefined : end).trim();
}

function scriptedAddress(script: string): string | undefined {
  const assigned = /\blocation(?:\.href)?\s*=\s*(["'])([^"'\n]+)\1/.exec(script)?.[2];
  const address = assigned ?? /\blocation\.(?:replace|assign)\(\s*(["'])([^"'\n]+)\1/.exec(script)?.[2];
  return address === undefined ? undefined : unescapeScript(address);
}

/** Wicket writes one object a call; functions may stand in it, so its plain keys are picked out one by one. */
function wicketCallsOf(script: string): WicketCall[] {
  return script
    .split(/Wicket\.Ajax\.(?:ajax|get|post)\(/)
    .slice(1)
    .map((call) => {
      const key = (name: string) => new RegExp(`["']?\\b${name}["']?\\s*:\\s*(["'])(.*?)\\1`).exec(call)?.[2] ?? "";
      return {
        url: unescapeScript(key("u")),
        componentId: key("c"),
        formId: key("f"),
        submitter: unescapeScript(key("sc")),
      };
    })
    .filter((call) => call.url !== "");
}

function unescapeScript(text: string): string {
  return text
    .replace(/\\u([0-9a-f]{4})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\x([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\(.)/g, "$1")
    .replaceAll("&amp;", "&");
}

/** The reason that a page or a fragment of it gives: elements whose id or class speaks of feedback, an alert or an error. */
export function feedbackOf(root: HTMLElement): string | undefined {
  const messages = root
    .querySelectorAll("[id], [class], [role=alert]")
    .filter((element) => !["BODY", "HTML", "FORM", "SCRIPT", "INPUT", "BUTTON"].includes(element.tagName))
    .filter(
      (element) =>
        /feedback/i.test(attribute(element, "id")) ||
        /feedback|error|alert/i.test(attribute(element, "class")) ||
        attribute(element, "role") === "alert",
    )
    .filter((element) => textOf(element) !== "");
  // Panels stand around messages: only the innermost elements count, each text once.
  const innermost = messages.filter((element) => {
    const within = new Set(element.querySelectorAll("*"));
    return !messages.some((other) => within.has(other));
  });
  return [...new Set(innermost.map(textOf))].join(" ") || undefined;
}

function readForm(form: HTMLElement, root: HTMLElement, base: URL, url: URL): Form {
  const id = attribute(form, "id");
  const inside = form.querySelectorAll(CONTROLS).filter((element) => {
    const owner = element.getAttribute("form");
    return owner === undefined || owner === id;
  });
  const outside =
    id === ""
      ? []
      : root
          .querySelectorAll(CONTROLS)
          .filter((element) => element.getAttribute("form") === id && !inside.includes(element));
  const stray = inside.length === 0 ? strayControls(form, root) : [];
  const action = attribute(form, "action").trim();
  return {
    id,
    name: attribute(form, "name"),
    method: attribute(form, "method").trim().toLowerCase() === "post" ? "POST" : "GET",
    enctype: attribute(form, "enctype").trim().toLowerCase() === "multipart/form-data" ? "multipart" : "urlencoded",
    // An empty action means the page itself, whatever its <base> says.
    action: action === "" ? url : resolve(action, base),
    controls: [...inside, ...stray, ...outside]
      .filter((element) => !element.hasAttribute("disabled") && element.closest("fieldset[disabled]") === null)
      .map((element) => readControl(element, root, base)),
  };
}

const CONTROLS = "input, button, select, textarea";

/** A form that opens between the tags of a table ends at once in the tree; a browser still gives it what follows. */
function strayControls(form: HTMLElement, root: HTMLElement): HTMLElement[] {
  const inOrder = root.querySelectorAll(`form, ${CONTROLS}`);
  const following = inOrder.slice(inOrder.indexOf(form) + 1);
  const nextForm = following.findIndex((element) => element.tagName === "FORM");
  return following
    .slice(0, nextForm === -1 ? undefined : nextForm)
    .filter((element) => element.closest("form") === null && element.getAttribute("form") === undefined);
}

function readControl(element: HTMLElement, root: HTMLElement, base: URL): Control {
  const tag = element.tagName.toLowerCase();
  const declared = attribute(element, "type").trim().toLowerCase();
  const type = tag === "input" ? declared || "text" : tag === "button" ? declared || "submit" : tag;
  const ticked = element.hasAttribute("checked");
  const id = attribute(element, "id");
  const label =
    id === "" ? undefined : root.querySelectorAll("label").find((candidate) => attribute(candidate, "for") === id);
  const formAction = attribute(element, "formaction").trim();
  const formMethod = attribute(element, "formmethod").trim().toLowerCase();
  const hints = ["name", "id", "autocomplete", "placeholder", "aria-label", "title"].map((name) =>
    attribute(element, name),
  );
  return {
    type,
    name: attribute(element, "name"),
    value: sentValueOf(element, type),
    id,
    hint: [...hints, label === undefined ? "" : textOf(label), tag === "button" ? textOf(element) : ""]
      .join(" ")
      .toLowerCase(),
    sent: type === "checkbox" || type === "radio" ? ticked : true,
    action: formAction === "" ? undefined : resolve(formAction, base),
    method: formMethod === "" ? undefined : formMethod === "post" ? "POST" : "GET",
  };
}

function sentValueOf(element: HTMLElement, type: string): string {
  if (type === "textarea") return element.text;
  if (type === "select") {
    const options = element.querySelectorAll("option");
    const chosen = options.find((option) => option.hasAttribute("selected")) ?? options[0];
    return chosen === undefined ? "" : (chosen.getAttribute("value") ?? textOf(chosen));
  }
  return element.getAttribute("value") ?? (type === "checkbox" || type === "radio" ? "on" : "");
}
