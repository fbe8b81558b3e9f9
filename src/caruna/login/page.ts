import { type Elements, elementsOf, type PageElement, refuseMoreThan } from "./markup.js";

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

/** More than a page of a login has, by far: each is looked at together with each other. */
const MOST_FORMS = 100;
const MOST_CONTROLS = 2000;
const MOST_WICKET_CALLS = 500;

/** So much of a label, a link or a button tells what it is. */
const LONGEST_HINT = 1000;

/** Reads a page, and what of it a login needs. Throws `PageTooLarge`. */
export function readPage(html: string, url: URL): Page {
  const elements = elementsOf(html);
  const { all } = elements;
  const base = resolve(attribute(all.find(isNamed("base", "href")), "href"), url) ?? url;
  const script = scriptOf(all);
  return {
    url,
    base,
    title: all.find(isNamed("title"))?.content.trim() ?? "",
    forms: formsOf(elements, base, url),
    refresh: refreshOf(all),
    refreshWithoutScript: refreshWithoutScript(all)?.address,
    scriptedAddress: scriptedAddress(script),
    script,
    wicketCalls: wicketCallsOf(script),
    wicketBaseUrl: /Wicket\.Ajax\.baseUrl\s*=\s*(["'])(.*?)\1/.exec(script)?.[2],
    feedback: feedbackOf(elements),
    links: all
      .filter(isNamed("a", "href"))
      .map((link) => ({ address: attribute(link, "href"), text: link.text(LONGEST_HINT) })),
    text: (all.find(isNamed("body")) ?? all[0])?.text() ?? "",
  };
}

function isNamed(tag: string, withAttribute?: string): (element: PageElement) => boolean {
  return (element) =>
    element.tag === tag && (withAttribute === undefined || element.attribute(withAttribute) !== undefined);
}

/** Resolves an address found in a page; undefined where it is none. */
export function resolve(address: string, base: URL): URL | undefined {
  return URL.canParse(address, base.href) ? new URL(address, base) : undefined;
}

function attribute(element: PageElement | undefined, name: string): string {
  return element?.attribute(name) ?? "";
}

function scriptOf(all: readonly PageElement[]): string {
  const body = all.find(isNamed("body"));
  const handlers = ["onload", "onpageshow"].map((name) => attribute(body, name));
  return [...all.filter(isNamed("script")).map((element) => element.content), ...handlers].join("\n");
}

function refreshOf(all: readonly PageElement[]): Page["refresh"] {
  for (const meta of all.filter(isNamed("meta"))) {
    if (attribute(meta, "http-equiv").trim().toLowerCase() !== "refresh") continue;
    // As HTML has it: of a number with a fraction the whole seconds count.
    const match = /^\s*(\d*)(?:\.[\d.]*)?\s*[;,\s]\s*(?:url\s*=\s*)?(.+)$/is.exec(attribute(meta, "content"));
    const address = match?.[2] === undefined ? "" : unquote(match[2].trim());
    const delaySeconds = Math.min(Number(match?.[1] || 0), Number.MAX_SAFE_INTEGER);
    if (address !== "") return { address, delaySeconds };
  }
  return undefined;
}

function refreshWithoutScript(all: readonly PageElement[]): Page["refresh"] {
  const hidden = all.filter(isNamed("noscript")).map((element) => element.content);
  return hidden.length === 0 ? undefined : refreshOf(elementsOf(hidden.join("")).all);
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
  const calls = script.split(/Wicket\.Ajax\.(?:ajax|get|post)\(/).slice(1);
  refuseMoreThan(MOST_WICKET_CALLS, calls.length, "calls of Wicket");
  return calls
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

/** Panels of messages stand in these, or these say of themselves that they are in error. */
const NO_MESSAGE = ["body", "html", "form", "script", "input", "button"];

/** The reason that a page or a fragment of it gives: elements whose id or class speaks of feedback, an alert or an error. */
export function feedbackOf({ all }: Elements): string | undefined {
  const messages = all.filter(
    (element) =>
      element.hasText &&
      !NO_MESSAGE.includes(element.tag) &&
      (/feedback/i.test(attribute(element, "id")) ||
        /feedback|error|alert/i.test(attribute(element, "class")) ||
        attribute(element, "role") === "alert"),
  );
  // Panels stand around messages: only the innermost elements count, each text once. They are in the order of the document,
  // so what stands within one follows it at once.
  const innermost = messages.filter((element, place) => (messages[place + 1]?.index ?? all.length) >= element.endIndex);
  return [...new Set(innermost.map((element) => element.text()))].join(" ") || undefined;
}

const CONTROLS = ["input", "button", "select", "textarea"];

function formsOf(elements: Elements, base: URL, url: URL): Form[] {
  const { all } = elements;
  const forms = all.filter(isNamed("form"));
  refuseMoreThan(MOST_FORMS, forms.length, "forms");
  const controls = all.filter(({ tag }) => CONTROLS.includes(tag));
  refuseMoreThan(MOST_CONTROLS, controls.length, "fields and buttons");
  const labels = new Map<string, PageElement>();
  for (const label of all.filter(isNamed("label"))) {
    const id = attribute(label, "for");
    if (!labels.has(id)) labels.set(id, label);
  }
  // A control may name its form by id; otherwise its form is the one that was open where it began.
  const ownerOf = (control: PageElement) => {
    const id = control.attribute("form");
    return id === undefined
      ? elements.formOf(control)
      : forms.find((form) => id !== "" && attribute(form, "id") === id);
  };
  const enabled = controls
    .filter((control) => control.attribute("disabled") === undefined && !control.isDisabledByFieldset)
    .map((control) => ({ owner: ownerOf(control), control: readControl(control, all, labels, base) }));
  return forms.map((form) => ({
    ...readForm(form, base, url),
    controls: enabled.filter(({ owner }) => owner === form).map(({ control }) => control),
  }));
}

function readForm(form: PageElement, base: URL, url: URL): Omit<Form, "controls"> {
  const action = attribute(form, "action").trim();
  return {
    id: attribute(form, "id"),
    name: attribute(form, "name"),
    method: attribute(form, "method").trim().toLowerCase() === "post" ? "POST" : "GET",
    enctype: attribute(form, "enctype").trim().toLowerCase() === "multipart/form-data" ? "multipart" : "urlencoded",
    // An empty action means the page itself, whatever its <base> says.
    action: action === "" ? url : resolve(action, base),
  };
}

function readControl(
  element: PageElement,
  all: readonly PageElement[],
  labels: ReadonlyMap<string, PageElement>,
  base: URL,
): Control {
  const { tag } = element;
  const declared = attribute(element, "type").trim().toLowerCase();
  const type = tag === "input" ? declared || "text" : tag === "button" ? declared || "submit" : tag;
  const id = attribute(element, "id");
  const label = id === "" ? undefined : labels.get(id);
  const formAction = attribute(element, "formaction").trim();
  const formMethod = attribute(element, "formmethod").trim().toLowerCase();
  const hints = ["name", "id", "autocomplete", "placeholder", "aria-label", "title"].map((name) =>
    attribute(element, name),
  );
  return {
    type,
    name: attribute(element, "name"),
    value: sentValueOf(element, type, all),
    id,
    hint: [...hints, label?.text(LONGEST_HINT) ?? "", tag === "button" ? element.text(LONGEST_HINT) : ""]
      .join(" ")
      .toLowerCase(),
    sent: type === "checkbox" || type === "radio" ? element.attribute("checked") !== undefined : true,
    action: formAction === "" ? undefined : resolve(formAction, base),
    method: formMethod === "" ? undefined : formMethod === "post" ? "POST" : "GET",
  };
}

function sentValueOf(element: PageElement, type: string, all: readonly PageElement[]): string {
  if (type === "textarea") return element.content;
  if (type === "select") {
    const options = all.slice(element.index, element.endIndex).filter(isNamed("option"));
    const chosen = options.find((option) => option.attribute("selected") !== undefined) ?? options[0];
    return chosen === undefined ? "" : (chosen.attribute("value") ?? chosen.text());
  }
  return element.attribute("value") ?? (type === "checkbox" || type === "radio" ? "on" : "");
}
