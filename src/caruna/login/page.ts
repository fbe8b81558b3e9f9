import type { HTMLElement } from "node-html-parser";
import { ancestorOf, attribute, isVisible, parseHtml, refuseMoreThan, textOf } from "./html.js";
import { feedbackOf } from "./messages.js";
import { innerDocument, openPanel } from "./panels.js";
import { Script } from "./scripts.js";
import type { WicketCall } from "./wicket-calls.js";

/** A field or button, with what a browser would send for it. */
export interface Control {
  /** `hidden`, `text`, `email`, `password`, `submit`, `checkbox`, …, or `select`, `textarea`; lower case. */
  readonly type: string;
  readonly name: string;
  readonly value: string;
  readonly id: string;
  /** Tokens of `autocomplete`, lower case. */
  readonly tokens: readonly string[];
  /** What tells a person what belongs into a field, or what a button does. */
  readonly label: string;
  readonly isVisible: boolean;
  /** A person can type into it or press it, as far as attributes say. */
  readonly isEditable: boolean;
  readonly isRequired: boolean;
  /** False for an unticked box: it is shown, but not sent. */
  readonly isSent: boolean;
  /** Where this button sends the form, where that is not the form's own action (`formaction`). */
  readonly action: URL | undefined;
  /** How this button sends the form (`formmethod`), where that differs. */
  readonly method: Form["method"] | undefined;
  /** Scripts that a click runs. */
  readonly onClick: string;
  readonly element: HTMLElement;
}

/** A form as HTML defines it. */
export interface Form {
  readonly id: string;
  readonly name: string;
  /** How it is sent; "none" for a dialog. */
  readonly method: "GET" | "POST" | "none";
  readonly enctype: "urlencoded" | "multipart";
  /** Where it goes, resolved against the page's base address; undefined for what is no address. */
  readonly action: URL | undefined;
  readonly controls: readonly Control[];
  readonly element: HTMLElement;
}

/** A link, or a button outside of forms that a script gives an address. */
export interface Link {
  readonly url: URL;
  readonly text: string;
  readonly id: string;
  readonly element: HTMLElement;
}

/** When a page goes on by itself; without an address it is loaded again. */
export interface Refresh {
  readonly url: URL;
  readonly isReload: boolean;
  readonly delaySeconds: number;
}

/** A page as a person sees it. */
export interface Page {
  /** The address shown in the browser. */
  readonly url: URL;
  /** What relative addresses are relative to: `<base href>` or the address shown. */
  readonly base: URL;
  readonly root: HTMLElement;
  readonly title: string;
  /** Title and headings. */
  readonly headings: string;
  /** All text that a person can read, white space folded. */
  readonly text: string;
  readonly forms: readonly Form[];
  /** Fields that a person sees, but that belong to no form. */
  readonly fieldsWithoutForm: readonly Control[];
  readonly links: readonly Link[];
  readonly refresh: Refresh | undefined;
  /** The same for browsers without scripts. */
  readonly refreshWithoutScript: Refresh | undefined;
  /** Addresses of the frames that a person sees. */
  readonly frames: readonly URL[];
  /** Inline scripts and the event handlers that run when the page is loaded. */
  readonly script: Script;
  readonly hasScripts: boolean;
  readonly wicketCalls: readonly WicketCall[];
  /** Base address that Wicket's script names, as the server wants it back in `Wicket-Ajax-BaseURL`. */
  readonly wicketBaseUrl: string | undefined;
  /** CSRF token of a meta tag, and the header that takes it. */
  readonly csrf: { readonly header: string; readonly token: string } | undefined;
  /** Messages to the person, of elements whose role, id or class speaks of feedback or an error. */
  readonly feedback: string | undefined;
}

/** Far more than any page of a login has: each is compared with each other. */
const MOST_FORMS = 100;
const MOST_CONTROLS = 2000;

/** Reads a page, and what of it a login needs. `refresh` is the value of an HTTP header. Throws `PageTooLarge`. */
export function readPage(html: string, url: URL, refresh?: string, around = url): Page {
  const root = parseHtml(html);
  const base = resolve(attribute(root.querySelector("base[href]"), "href"), around) ?? around;
  const inner = innerDocument(root);
  if (refresh === undefined && inner !== undefined && refreshOf(root, base, url) === undefined)
    return readPage(inner, url, undefined, base);
  openPanel(root);
  const code = scriptOf(root);
  const script = new Script(code);
  const title = textOf(root.querySelector("title"));
  const body = root.querySelector("body") ?? root;
  const { forms, orphans } = formsOf(root, base, url);
  const noscript = root
    .querySelectorAll("noscript")
    .map((element) => element.rawText)
    .join("");
  return {
    url,
    base,
    root,
    title,
    headings: [
      title,
      ...root
        .querySelectorAll("h1, h2, h3, legend")
        .filter(isVisible)
        .map((heading) => textOf(heading)),
    ].join(". "),
    text: textOf(body, 100_000),
    forms,
    fieldsWithoutForm: orphans.filter(
      (control) => control.isVisible && control.type !== "hidden" && !isButton(control),
    ),
    links: linksOf(root, orphans, base),
    refresh: (refresh === undefined ? undefined : readRefresh(refresh, url, url)) ?? refreshOf(root, base, url),
    refreshWithoutScript: noscript === "" ? undefined : refreshOf(parseHtml(noscript), base, url),
    frames: framesOf(root, base),
    script,
    hasScripts: root.querySelector("script") !== null,
    wicketCalls: script.wicketCalls(),
    wicketBaseUrl: /Wicket\.Ajax\.baseUrl\s*=\s*(["'])(.*?)\1/.exec(code)?.[2],
    csrf: csrfOf(root),
    feedback: feedbackOf(root),
  };
}

/** Resolves an address found in a page; undefined where it is none. */
export function resolve(address: string, base: URL): URL | undefined {
  return URL.canParse(address, base.href) ? new URL(address, base) : undefined;
}

/** True for an address that can be asked for over HTTP. */
export function isWeb(url: URL): boolean {
  return url.protocol === "https:" || url.protocol === "http:";
}

function scriptOf(root: HTMLElement): string {
  const scripts = root
    .querySelectorAll("script")
    .filter((script) => !/json|template|html/i.test(attribute(script, "type")));
  const body = root.querySelector("body, frameset");
  const handlers = ["onload", "onpageshow"].map((name) => attribute(body, name));
  return [...scripts.map((script) => script.rawText), ...handlers].join(";\n");
}

function refreshOf(root: HTMLElement, base: URL, url: URL): Refresh | undefined {
  const metas = root.querySelectorAll("meta[http-equiv][content]");
  const found = metas.filter((meta) => attribute(meta, "http-equiv").toLowerCase() === "refresh");
  return found
    .map((meta) => readRefresh(attribute(meta, "content"), base, url))
    .find((refresh) => refresh !== undefined);
}

/** As HTML has it: of a number with a fraction the whole seconds count; an opening quote ends at the next one like it. */
function readRefresh(content: string, base: URL, url: URL): Refresh | undefined {
  const [, seconds, address = ""] =
    /^\s*(\d*)(?:\.[\d.]*)?\s*(?:$|[;,\s]\s*(?:url\s*=\s*)?(.*)$)/is.exec(content) ?? [];
  if (seconds === undefined) return undefined;
  const [, , quoted] = /^(["'])(.*?)(?:\1.*)?$/s.exec(address.trim()) ?? [];
  const target = (quoted ?? address).trim();
  if (seconds === "" && target === "") return undefined;
  const to = target === "" ? url : resolve(target, base);
  const delaySeconds = Math.min(Number(seconds || 0), Number.MAX_SAFE_INTEGER);
  return to === undefined || !isWeb(to) ? undefined : { url: to, isReload: target === "", delaySeconds };
}

/** Those for the main content first. */
function framesOf(root: HTMLElement, base: URL): URL[] {
  const frames = root
    .querySelectorAll("iframe[src], frame[src]")
    .filter(
      (frame) =>
        isVisible(frame) &&
        !/^[01](?:px)?$/.test(attribute(frame, "height")) &&
        !/^[01](?:px)?$/.test(attribute(frame, "width")),
    );
  const isMain = (frame: HTMLElement) =>
    /login|kirjaudu|logga|auth|main|content|sisalto/i.test(
      ["name", "id", "title", "src"].map((name) => attribute(frame, name)).join(" "),
    );
  const ordered = [...frames.filter(isMain), ...frames.filter((frame) => !isMain(frame))];
  return ordered.flatMap((frame) => resolve(attribute(frame, "src"), base) ?? []).filter(isWeb);
}

function linksOf(root: HTMLElement, controls: readonly Control[], base: URL): Link[] {
  const anchors = root
    .querySelectorAll('a[href], area[href], a[onclick], [role="button"][onclick], [role="link"][onclick]')
    .filter((element) => isVisible(element) && !/^(?:button|input)$/.test(element.rawTagName));
  const links = anchors.flatMap((element) => {
    const url = addressOf(attribute(element, "href"), attribute(element, "onclick"), base);
    const text =
      textOf(element) ||
      attribute(element, "aria-label") ||
      attribute(element, "title") ||
      attribute(element.querySelector("img"), "alt");
    return url === undefined ? [] : [{ url, text, id: attribute(element, "id"), element }];
  });
  const buttons = controls.filter((control) => isButton(control) && control.isVisible && control.isEditable);
  return [
    ...links,
    ...buttons.flatMap(({ label, id, element, onClick }) => {
      const url = addressOf("", onClick, base);
      return url === undefined ? [] : [{ url, text: label, id, element }];
    }),
  ];
}

/** Where a click leads: by its script, where that says so, or by the link's own address. */
export function addressOf(href: string, onClick: string, base: URL): URL | undefined {
  const code = /^javascript:/i.test(href) ? `${onClick};${href.slice("javascript:".length)}` : onClick;
  const scripted = code === "" ? undefined : new Script(code).waysOn(base).address;
  const address = scripted ?? (href === "" || href.startsWith("#") ? undefined : href);
  const url = address === undefined ? undefined : resolve(address, base);
  return url !== undefined && isWeb(url) ? url : undefined;
}

/** As Rails, Laravel, Django and Spring name it. */
function csrfOf(root: HTMLElement): Page["csrf"] {
  const metas = root.querySelectorAll("meta[name][content]");
  const content = (name: RegExp) =>
    attribute(
      metas.find((meta) => name.test(attribute(meta, "name"))),
      "content",
    );
  const token = content(
    /^(?:_csrf|csrf-?token|csrf_token|xsrf-token|x-csrf-token|anti-?csrf-?token|__?requestverificationtoken)$/i,
  );
  const header = content(/^_?csrf[-_]header$/i);
  return !/^[\x21-\x7e]+$/.test(token)
    ? undefined
    : { header: /^[\w-]{1,60}$/.test(header) ? header : "X-CSRF-TOKEN", token };
}

const BUTTON = /^(?:submit|image|button)$/;

export function isButton({ type }: Control): boolean {
  return BUTTON.test(type);
}

function formsOf(root: HTMLElement, base: URL, url: URL): { forms: Form[]; orphans: Control[] } {
  const forms = root.querySelectorAll("form");
  refuseMoreThan(MOST_FORMS, forms.length, "forms");
  const elements = root.querySelectorAll("input, button, select, textarea");
  refuseMoreThan(MOST_CONTROLS, elements.length, "fields and buttons");
  const labels = new Labels(root);
  const controls = new Map<HTMLElement | undefined, Control[]>();
  for (const element of elements) {
    if (element.hasAttribute("disabled") || isDisabled(element)) continue;
    const id = element.getAttribute("form");
    const owner =
      id === undefined
        ? ancestorOf(element, ({ rawTagName }) => rawTagName === "form")
        : forms.find((form) => id !== "" && attribute(form, "id") === id);
    controls.set(owner, [...(controls.get(owner) ?? []), readControl(element, labels, base)]);
  }
  return {
    forms: forms.map((form) => readForm(form, controls.get(form) ?? [], base, url)),
    orphans: controls.get(undefined) ?? [],
  };
}

function isDisabled(element: HTMLElement): boolean {
  return (
    ancestorOf(element, (ancestor) => ancestor.rawTagName === "fieldset" && ancestor.hasAttribute("disabled")) !==
    undefined
  );
}

function readForm(element: HTMLElement, controls: readonly Control[], base: URL, url: URL): Form {
  const action = attribute(element, "action");
  return {
    id: attribute(element, "id"),
    name: attribute(element, "name"),
    method: methodOf(attribute(element, "method")),
    enctype: attribute(element, "enctype").toLowerCase() === "multipart/form-data" ? "multipart" : "urlencoded",
    // An empty action means the page itself, whatever its <base> says.
    action: action === "" ? url : resolve(action, base),
    controls,
    element,
  };
}

function methodOf(text: string): Form["method"] {
  const method = text.toLowerCase();
  return method === "post" ? "POST" : method === "dialog" ? "none" : "GET";
}

/** The labels of a page's controls. Each text is read once: thousands of controls may share one of a megabyte. */
class Labels {
  readonly #root: HTMLElement;
  readonly #byControl = new Map<string, HTMLElement>();
  readonly #texts = new Map<HTMLElement, string>();

  constructor(root: HTMLElement) {
    this.#root = root;
    for (const label of root.querySelectorAll("label[for]")) this.#byControl.set(attribute(label, "for"), label);
  }

  /** The label that names the control. */
  of(control: HTMLElement): HTMLElement | undefined {
    return this.#byControl.get(attribute(control, "id"));
  }

  /** Texts of the label that names the control, of the one around it, and of what it refers to. */
  textsOf(control: HTMLElement): string[] {
    const referred = attribute(control, "aria-labelledby").split(/\s+/).filter(Boolean);
    const around = ancestorOf(control, ({ rawTagName }) => rawTagName === "label");
    return [this.of(control), around, ...referred.map((id) => this.#root.getElementById(id))].map((label) =>
      label ? this.#textOf(label) : "",
    );
  }

  #textOf(label: HTMLElement): string {
    const text = this.#texts.get(label) ?? textOf(label);
    this.#texts.set(label, text);
    return text;
  }
}

function readControl(element: HTMLElement, labels: Labels, base: URL): Control {
  const tag = element.rawTagName;
  const declared = attribute(element, "type").toLowerCase();
  const type = tag === "input" ? declared || "text" : tag === "button" ? declared || "submit" : tag;
  const formAction = attribute(element, "formaction");
  const formMethod = attribute(element, "formmethod");
  const isBox = type === "checkbox" || type === "radio";
  const value = currentValue(element, type, isBox);
  return {
    type,
    name: element.getAttribute("name") ?? "",
    value,
    id: attribute(element, "id"),
    tokens: attribute(element, "autocomplete").toLowerCase().split(/\s+/).filter(Boolean),
    label: BUTTON.test(type) ? buttonLabel(element, value) : fieldLabel(element, labels),
    isVisible: type !== "hidden" && (isVisible(element) || (isBox && isVisibleLabel(labels.of(element)))),
    isEditable: !element.hasAttribute("readonly") && (BUTTON.test(type) || attribute(element, "tabindex") !== "-1"),
    isRequired: element.hasAttribute("required") || attribute(element, "aria-required") === "true",
    isSent: !isBox || element.hasAttribute("checked"),
    action: formAction === "" ? undefined : resolve(formAction, base),
    method: formMethod === "" ? undefined : methodOf(formMethod),
    onClick: attribute(element, "onclick"),
    element,
  };
}

/** A box that is drawn by the style of its label is not hidden. */
function isVisibleLabel(label: HTMLElement | undefined): boolean {
  return label !== undefined && isVisible(label) && textOf(label) !== "";
}

function buttonLabel(element: HTMLElement, value: string): string {
  const shown = element.rawTagName === "button" ? textOf(element) : value || attribute(element, "alt");
  return (
    shown ||
    attribute(element, "aria-label") ||
    attribute(element, "title") ||
    attribute(element.querySelector("img"), "alt")
  );
}

/** By the label, or what takes its place; in old layouts the cell or the text before the field. */
function fieldLabel(element: HTMLElement, labels: Labels): string {
  const texts = [
    ...labels.textsOf(element),
    ...["aria-label", "placeholder", "title"].map((name) => attribute(element, name)),
  ];
  const label = texts.filter(Boolean).join(" ");
  if (label !== "" || attribute(element, "type") === "hidden") return label;
  const before = element.previousElementSibling ?? element.parentNode?.previousElementSibling ?? null;
  return before === null ||
    before.querySelector("input, select, textarea") !== null ||
    /^(?:input|form|script|style)$/.test(before.rawTagName)
    ? ""
    : textOf(before, 200);
}

function currentValue(element: HTMLElement, type: string, isBox: boolean): string {
  if (type === "textarea") return element.text;
  if (type !== "select") return element.getAttribute("value") ?? (isBox ? "on" : "");
  const chosen = element.querySelector("option[selected]") ?? element.querySelector("option");
  return chosen?.getAttribute("value") ?? textOf(chosen);
}
