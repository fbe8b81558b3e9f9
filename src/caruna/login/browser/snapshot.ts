import type { ElementHandle, Frame, JSHandle } from "playwright-core";

/** What a person sees of a page now, as HTML that the rules for pages read; each field, button and link by its number. */
export interface Snapshot {
  readonly html: string;
  /** The living element of this number; undefined where it has gone. */
  element(number: number): Promise<ElementHandle | undefined>;
  dispose(): Promise<void>;
}

/** The attribute that has the number. */
export const NUMBER = "data-number";

/** Reads a frame; undefined where it is about to show another page. */
export async function snapshotOf(frame: Frame): Promise<Snapshot | undefined> {
  const taken: JSHandle<Taken> | undefined = await frame.evaluateHandle(take).catch(() => undefined);
  const html = await taken?.evaluate((page) => page.html).catch(() => undefined);
  if (taken === undefined || html === undefined) return undefined;
  return {
    html,
    element: async (number) => {
      const handle = await taken.evaluateHandle((page, index) => page.elements[index], number).catch(() => undefined);
      return handle?.asElement() ?? undefined;
    },
    dispose: () => taken.dispose().catch(() => {}),
  };
}

interface Taken {
  readonly html: string;
  readonly elements: readonly LiveElement[];
}

/** As much of the DOM as is read; this program is compiled for Node.js, which has none. */
interface LiveNode {
  readonly nodeType: number;
  readonly nodeValue: string | null;
  readonly childNodes: Iterable<LiveNode>;
}

interface LiveElement extends LiveNode {
  readonly localName: string;
  readonly title: string;
  readonly body: LiveElement | null;
  readonly documentElement: LiveElement;
  readonly href: unknown;
  readonly value: unknown;
  readonly checked: unknown;
  readonly shadowRoot: LiveElement | null;
  readonly selectedOptions: Iterable<LiveElement>;
  readonly textContent: string | null;
  assignedNodes(options: { flatten: boolean }): readonly LiveNode[];
  getAttribute(name: string): string | null;
  hasAttribute(name: string): boolean;
  matches(selector: string): boolean;
  querySelector(selector: string): LiveElement | null;
  querySelectorAll(selector: string): Iterable<LiveElement>;
  checkVisibility(options: object): boolean;
  getBoundingClientRect(): { left: number; top: number; right: number; bottom: number; width: number; height: number };
}

/**
 * Runs in the page. What its styles hide is left out, but for hidden fields; the content of open shadow roots stands where
 * it is shown; values are those of now, a password's never. What belongs to no form is put into one, and what a person
 * takes for a button is one that submits: the page's script knows what to do when it is pressed.
 */
function take(): Taken {
  const page: LiveElement = Reflect.get(globalThis, "document");
  const styleOf: (element: LiveElement) => { display: string } = Reflect.get(globalThis, "getComputedStyle");
  const scrollX = Number(Reflect.get(globalThis, "scrollX"));
  const scrollY = Number(Reflect.get(globalThis, "scrollY"));
  const COPIED =
    "name type autocomplete aria-label placeholder title alt role required aria-required readonly tabindex method action aria-hidden inert open data-sitekey max pattern";
  const LEFT_OUT = /^(?:script|style|noscript|template|head|iframe|frame|object|embed|video|audio|canvas|svg)$/;
  const VOID = /^(?:input|img|br|hr|area|wbr)$/;
  const HIDING_CLASS = /^(?:hidden|hide|d-none|is-hidden|visually-hidden|sr-only|offscreen)$/;
  const elements: LiveElement[] = [];
  const scopes = new Map<unknown, number>();
  let forms = 0;

  const escaped = (text: string) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  const isElement = (node: LiveNode): node is LiveElement => node.nodeType === 1;
  const isGone = (element: LiveElement) =>
    styleOf(element).display !== "contents" && !element.checkVisibility({ checkOpacity: true });
  /** Seen by a person: not transparent, not off the page, not a point. A box may be drawn by its label instead. */
  const isSeen = (element: LiveElement) => {
    if (styleOf(element).display === "contents") return true;
    const { right, bottom, width, height } = element.getBoundingClientRect();
    const isOnPage = right + scrollX > 0 && bottom + scrollY > 0 && width > 1 && height > 1;
    return isOnPage && element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  };
  const isPressed = (element: LiveElement) => {
    if (/^(?:input|button|select|textarea|option|label|form|body|html)$/.test(element.localName)) return false;
    if (element.localName === "a") return !/^(?!javascript:|#)./i.test(element.getAttribute("href") ?? "");
    return element.matches('[role="button"], [role="link"], [role="tab"], [onclick]');
  };
  const attributesOf = (element: LiveElement, scope: number, extra: Record<string, string | undefined>) => {
    const all: Record<string, string | undefined> = {};
    for (const name of COPIED.split(" ")) all[name] = element.getAttribute(name) ?? undefined;
    const within = (ids: string | null) =>
      ids === null || ids === ""
        ? undefined
        : ids
            .split(/\s+/)
            .map((id) => (scope === 0 ? id : `s${scope}-${id}`))
            .join(" ");
    for (const name of ["id", "for", "aria-labelledby"]) all[name] = within(element.getAttribute(name));
    const classes = (element.getAttribute("class") ?? "").split(/\s+/).filter((name) => !HIDING_CLASS.test(name));
    all.class = classes.join(" ") || undefined;
    return Object.entries({ ...all, ...extra })
      .map(([name, value]) => (value === undefined ? "" : ` ${name}="${escaped(value)}"`))
      .join("");
  };
  const number = (element: LiveElement) => String(elements.push(element) - 1);
  const isDisabled = (element: LiveElement) =>
    element.matches(":disabled") || element.getAttribute("aria-disabled") === "true";

  const controlOf = (element: LiveElement, scope: number, isInForm: boolean): string => {
    const { localName: tag } = element;
    const type = (element.getAttribute("type") ?? "").toLowerCase();
    const isBox = type === "checkbox" || type === "radio";
    const isButton = tag === "button" || /^(?:submit|button|image)$/.test(type);
    const isHiddenField = tag === "input" && type === "hidden";
    const ownForm = isInForm ? undefined : (element.getAttribute("form") ?? (isHiddenField ? undefined : "of-no-form"));
    const extra = {
      "data-number": number(element),
      form: ownForm,
      hidden: isHiddenField || isSeen(element) ? undefined : "",
      disabled: isDisabled(element) ? "" : undefined,
      checked: isBox && element.checked === true ? "" : undefined,
      // A password is never read, and a button's type says nothing of what its script does.
      value: type === "password" ? "" : tag === "input" || isButton ? String(element.value ?? "") : undefined,
      ...(isButton && !/^(?:image|reset)$/.test(type) ? { type: "submit" } : {}),
    };
    const attributes = attributesOf(element, scope, extra);
    if (tag === "input") return `<input${attributes}>`;
    if (tag === "textarea") return `<textarea${attributes}>${escaped(String(element.value ?? ""))}</textarea>`;
    if (tag === "button") return `<button${attributes}>${childrenOf(element, scope, true)}</button>`;
    const selected = new Set(element.selectedOptions);
    const options = [...element.querySelectorAll("option")].map((option) => {
      const isChosen = selected.has(option) ? " selected" : "";
      return `<option value="${escaped(String(option.value))}"${isChosen}>${escaped(option.textContent ?? "")}</option>`;
    });
    return `<select${attributes}>${options.join("")}</select>`;
  };

  const childrenOf = (parent: LiveElement, scope: number, isInForm: boolean): string => {
    const root = parent.shadowRoot;
    if (root !== null) {
      if (!scopes.has(root)) scopes.set(root, scopes.size + 1);
      return nodesOf(root.childNodes, scopes.get(root) ?? 0, isInForm);
    }
    if (parent.localName !== "slot") return nodesOf(parent.childNodes, scope, isInForm);
    const assigned = parent.assignedNodes({ flatten: true });
    return nodesOf(assigned.length > 0 ? assigned : parent.childNodes, scope, isInForm);
  };

  const nodesOf = (nodes: Iterable<LiveNode>, scope: number, isInForm: boolean): string =>
    [...nodes]
      .map((node) =>
        isElement(node) ? htmlOf(node, scope, isInForm) : node.nodeType === 3 ? escaped(node.nodeValue ?? "") : "",
      )
      .join("");

  const htmlOf = (element: LiveElement, scope: number, isInForm: boolean): string => {
    const { localName: tag } = element;
    if (LEFT_OUT.test(tag)) return "";
    const isControl = /^(?:input|button|select|textarea)$/.test(tag);
    const isHiddenField = tag === "input" && element.getAttribute("type")?.toLowerCase() === "hidden";
    const isBox = element.matches('input[type="checkbox"], input[type="radio"]');
    if (isGone(element) && !isHiddenField && !isBox) {
      const kept = [...element.querySelectorAll('input[type="hidden"]')];
      return kept.map((field) => controlOf(field, scope, isInForm)).join("");
    }
    if (isControl) return controlOf(element, scope, isInForm);
    if (isPressed(element)) {
      const extra = {
        ...{
          "data-number": number(element),
          type: "submit",
          role: undefined,
          form: isInForm ? undefined : "of-no-form",
        },
        ...{ hidden: isSeen(element) ? undefined : "", disabled: isDisabled(element) ? "" : undefined },
      };
      return `<button${attributesOf(element, scope, extra)}>${childrenOf(element, scope, isInForm)}</button>`;
    }
    const isForm = tag === "form";
    if (isForm) forms += 1;
    const shown = isForm && isInForm ? "div" : tag;
    const extra =
      tag === "a"
        ? { "data-number": number(element), href: String(element.href), hidden: isSeen(element) ? undefined : "" }
        : {};
    const attributes = attributesOf(element, scope, extra);
    if (VOID.test(tag)) return `<${tag}${attributes}>`;
    return `<${shown}${attributes}>${childrenOf(element, scope, isInForm || isForm)}</${shown}>`;
  };

  const content = childrenOf(page.body ?? page.documentElement, 0, false);
  const ofNoForm = '<form id="of-no-form" method="post">';
  const all = forms > 0 ? `${content}${ofNoForm}</form>` : `${ofNoForm}${content}</form>`;
  return { html: `<html><head><title>${escaped(page.title)}</title></head><body>${all}</body></html>`, elements };
}
