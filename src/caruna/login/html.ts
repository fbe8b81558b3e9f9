import { HTMLElement, parse as parseMarkup, TextNode } from "node-html-parser";
import { type DefaultTreeAdapterTypes, defaultTreeAdapter, parse, serialize } from "parse5";

/** Far more than any page of a login has; reading more would take longer than a login may. */
const MAX_CHARACTERS = 1024 * 1024;
const MAX_ELEMENTS = 10_000;
const MAX_ATTRIBUTES = 20_000;
const MAX_TAG_OPENINGS = 100_000;
/** As deep as common browsers nest elements. */
const MAX_DEPTH = 512;

/** The page is too large to be one of a login. The message completes "found". */
export class PageTooLarge extends Error {
  override readonly name = "PageTooLarge";
}

/** Throws `PageTooLarge` for more of something than a page of a login has. */
export function refuseMoreThan(most: number, count: number, what: string): void {
  if (count > most) throw new PageTooLarge(`a page of more than ${most} ${what}`);
}

/** Elements whose content a browser with scripts treats as text. */
const RAW_TEXT = ["script", "style", "noscript", "iframe", "noembed", "noframes", "xmp", "plaintext"];
const VOID = "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr".split(
  " ",
);
/** Elements whose text is not shown. */
const UNREAD = new Set(["script", "style", "noscript", "iframe", "noembed", "noframes", "head", "title", "datalist"]);
const CONTROL = /^(?:input|button|select|textarea|object|output|fieldset)$/;

/**
 * Parses a page, however broken, into the tree that a browser with scripts would have: parse5 repairs the markup,
 * node-html-parser answers selectors. Attribute names are in lower case; a control whose form is not an ancestor
 * names it in `form`; what a style hides has the attribute `hidden`. Throws `PageTooLarge`.
 */
export function parseHtml(html: string): HTMLElement {
  refuseMoreThan(MAX_CHARACTERS, html.length, "characters");
  refuseMoreThan(MAX_TAG_OPENINGS, html.split("<").length - 1, 'characters "<"');
  const root = parseMarkup(repaired(html), {
    blockTextElements: Object.fromEntries(RAW_TEXT.map((tag) => [tag, true])),
    voidTag: { tags: VOID },
  });
  markHidden(root);
  return root;
}

function repaired(html: string): string {
  const formOf = new Map<DefaultTreeAdapterTypes.Element, DefaultTreeAdapterTypes.Element>();
  let elements = 0;
  let attributes = 0;
  const document = parse(html, {
    treeAdapter: {
      ...defaultTreeAdapter,
      // Short markup can make many elements: browsers reopen an unclosed <b> in every paragraph that follows.
      onElementCreated: (element, { formElement, isInTemplate }) => {
        elements += 1;
        attributes += element.attrs.length;
        refuseMoreThan(MAX_ELEMENTS, elements, "elements");
        refuseMoreThan(MAX_ATTRIBUTES, attributes, "attributes");
        if (formElement !== null && !isInTemplate) formOf.set(element, formElement);
      },
    },
  });
  let level: { parent: DefaultTreeAdapterTypes.ParentNode; form: unknown }[] = [{ parent: document, form: undefined }];
  for (let depth = 0; level.length > 0; depth++) {
    const below: typeof level = [];
    for (const { parent, form } of level) {
      parent.childNodes = depth === MAX_DEPTH ? [] : parent.childNodes.filter(isKept);
      for (const node of parent.childNodes) {
        if (!("tagName" in node)) continue;
        node.attrs = node.attrs.filter(({ name }) => /^[a-z][\w:-]*$/i.test(name) && !(name in Object.prototype));
        if (CONTROL.test(node.tagName)) nameOwner(node, formOf.get(node), form);
        below.push({ parent: node, form: node.tagName === "form" ? node : form });
      }
    }
    level = below;
  }
  return serialize(document);
}

/** Comments and the content of templates are not part of what is shown. */
function isKept(node: DefaultTreeAdapterTypes.ChildNode): boolean {
  return "value" in node || ("tagName" in node && node.tagName !== "template");
}

/** A form between the tags of a table is closed at once in the tree, but HTML keeps it open for the controls that follow. */
function nameOwner(
  control: DefaultTreeAdapterTypes.Element,
  owner: DefaultTreeAdapterTypes.Element | undefined,
  ancestor: unknown,
): void {
  if (owner === undefined || owner === ancestor || control.attrs.some(({ name }) => name === "form")) return;
  let id = owner.attrs.find(({ name }) => name === "id")?.value;
  if (!id) {
    id = `form-of-${control.tagName}-${control.attrs.find(({ name }) => name === "name")?.value ?? ""}`;
    owner.attrs = [...owner.attrs.filter(({ name }) => name !== "id"), { name: "id", value: id }];
  }
  control.attrs.push({ name: "form", value: id });
}

/** Declarations that leave nothing to see, in a style without white space. */
const HIDING =
  /(?:^|;)(?:display:none|visibility:(?:hidden|collapse)|opacity:0?(?:\.0+)?(?=[;!]|$)|(?:left|top|right|bottom|margin(?:-left|-top)?|text-indent):-\d{3,}|(?:max-)?(?:width|height):[01](?:px)?(?=[;!]|$)|font-size:0(?:px)?(?=[;!]|$)|clip:rect\(|clip-path:inset\((?:50|100)|transform:(?:scale[xy]?\(0\)|translate[xy]?\(-\d{3,}))/i;

const HIDDEN =
  '[aria-hidden="true"], [inert], dialog:not([open]), .hidden, .hide, .d-none, .is-hidden, .visually-hidden, .sr-only, .offscreen';
/** Pages against framing hide their whole body, and a script shows it again. */
const WHOLE_PAGE = /^(?:html|body|main)$/;

/** Marks the elements that attributes, common classes or a style of the page hide. */
function markHidden(root: HTMLElement): void {
  hide(root.querySelectorAll(HIDDEN));
  for (const element of root.querySelectorAll("[style]")) hideIf(element.getAttribute("style") ?? "", () => [element]);
  for (const sheet of root.querySelectorAll("style")) {
    // Rules inside of @media and the like hold under conditions that are unknown here.
    const css = sheet.rawText
      .slice(0, 100_000)
      .replace(/\/\*[\s\S]*?\*\//g, "")
      .replace(/@[^{};]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}/g, "");
    for (const [, selector = "", declarations = ""] of [...css.matchAll(/([^{}]{1,300})\{([^{}]{1,2000})\}/g)].slice(
      0,
      300,
    ))
      hideIf(declarations, () => selected(root, selector));
  }
}

function hideIf(declarations: string, elements: () => HTMLElement[]): void {
  if (HIDING.test(declarations.replace(/\s+/g, ""))) hide(elements());
}

function hide(elements: readonly HTMLElement[]): void {
  for (const element of elements) if (!WHOLE_PAGE.test(element.rawTagName)) element.setAttribute("hidden", "");
}

/** None for a selector that node-html-parser does not know, such as one of a browser's own. */
function selected(root: HTMLElement, selector: string): HTMLElement[] {
  try {
    return root.querySelectorAll(selector.trim());
  } catch {
    return [];
  }
}

/** False for what a person cannot see. */
export function isVisible(element: HTMLElement): boolean {
  return !ancestorOf(element, (ancestor) => ancestor.hasAttribute("hidden") && !WHOLE_PAGE.test(ancestor.rawTagName));
}

/** The innermost of an element and its ancestors that is wanted. */
export function ancestorOf(
  element: HTMLElement,
  isWanted: (ancestor: HTMLElement) => boolean,
): HTMLElement | undefined {
  for (let node: HTMLElement | null = element; node !== null; node = node.parentNode) if (isWanted(node)) return node;
  return undefined;
}

/** The text that a person can read in an element, white space folded; of a long one the beginning. */
export function textOf(element: HTMLElement | null | undefined, longest = 1000): string {
  const pieces: string[] = [];
  let length = 0;
  const add = (node: HTMLElement) => {
    for (const child of node.childNodes) {
      if (length > longest) return;
      if (child instanceof TextNode) length += pieces.push(child.text) && child.text.length;
      else if (child instanceof HTMLElement && !UNREAD.has(child.rawTagName) && !child.hasAttribute("hidden")) {
        add(child);
        // Words of neighbouring blocks and cells are words of their own.
        pieces.push(INLINE.has(child.rawTagName) ? "" : " ");
      }
    }
  };
  if (element) add(element);
  return pieces.join("").replace(/\s+/g, " ").trim().slice(0, longest);
}

const INLINE = new Set(["b", "i", "em", "strong", "span", "a", "u", "small", "sup", "sub", "mark", "abbr", "font"]);

/** Value of an attribute; the empty string where it is not there. */
export function attribute(element: HTMLElement | null | undefined, name: string): string {
  return element?.getAttribute(name)?.trim() ?? "";
}
