import { type HTMLElement, NodeType, parse as parseMarkup, type TextNode } from "node-html-parser";
import { type DefaultTreeAdapterTypes, defaultTreeAdapter, parse, serialize } from "parse5";

/** More than any page of a login has, by far; what takes longer to read than a person waits is none. */
const MAX_CHARACTERS = 1024 * 1024;
const MAX_ELEMENTS = 10_000;
const MAX_ATTRIBUTES = 20_000;
/** Each may begin something, and is looked at as such; in scripts they are common. */
const MAX_BEGINNINGS = 100_000;

/** Markup is refused: it is no page that a person was meant to see. The message completes "found". */
export class PageTooLarge extends Error {
  override readonly name = "PageTooLarge";
}

/** Throws `PageTooLarge` for more of something than a page of a login has. */
export function refuseMoreThan(most: number, count: number, what: string): void {
  if (count > most) throw new PageTooLarge(`a page of more than ${most} ${what}`);
}

/** The tree that a browser makes of a text. Throws `PageTooLarge`, before it is large in memory. */
export function parsePage(html: string, { scripting = true } = {}): ParsedPage {
  refuseMoreThan(MAX_CHARACTERS, html.length, "characters");
  refuseMoreThan(MAX_BEGINNINGS, count(html, "<"), 'characters "<"');
  const formOf = new Map<DefaultTreeAdapterTypes.Element, DefaultTreeAdapterTypes.Element>();
  let elements = 0;
  let attributes = 0;
  const document = parse(html, {
    scriptingEnabled: scripting,
    treeAdapter: {
      ...defaultTreeAdapter,
      // Some markup makes many elements of few characters: a browser repeats an open <b> in every paragraph that follows.
      onElementCreated: (element, { formElement, isInTemplate }) => {
        elements += 1;
        attributes += element.attrs.length;
        refuseMoreThan(MAX_ELEMENTS, elements, "elements");
        refuseMoreThan(MAX_ATTRIBUTES, attributes, "attributes");
        if (formElement !== null && !isInTemplate) formOf.set(element, formElement);
      },
    },
  });
  return { document, formOf };
}

function count(text: string, character: string): number {
  let found = 0;
  for (let at = text.indexOf(character); at !== -1; at = text.indexOf(character, at + 1)) found += 1;
  return found;
}

export interface ParsedPage {
  readonly document: DefaultTreeAdapterTypes.Document;
  /** The form that was open where an element began, which HTML makes its owner, wherever the tree has put it. */
  readonly formOf: ReadonlyMap<DefaultTreeAdapterTypes.Element, DefaultTreeAdapterTypes.Element>;
}

/** As deep as the common browsers nest elements. */
const MAX_DEPTH = 512;
/** Attributes of ours, by which an element of the browser's tree is known again. */
const NUMBER = "data-number";
const FORM_NUMBER = "data-form-number";

/**
 * A browser's tree made into one that node-html-parser takes as it is: without templates, whose content is not on the page,
 * and without comments; not deeper than any browser nests; without attributes named like something that every object has
 * (`constructor`), or damaged to what is none. Each element has its number, and that of its form.
 */
function plain({ document, formOf }: ParsedPage): DefaultTreeAdapterTypes.Document {
  const numbers = new Map<DefaultTreeAdapterTypes.Element, number>();
  const numberOf = (element: DefaultTreeAdapterTypes.Element) => {
    const number = numbers.get(element) ?? numbers.size;
    numbers.set(element, number);
    return String(number);
  };
  let level: DefaultTreeAdapterTypes.ParentNode[] = [document];
  for (let depth = 0; level.length > 0; depth++) {
    const below: DefaultTreeAdapterTypes.Element[] = [];
    for (const parent of level) {
      parent.childNodes = depth === MAX_DEPTH ? [] : parent.childNodes.filter(isPlain);
      for (const node of parent.childNodes) {
        if (!("tagName" in node)) continue;
        const form = formOf.get(node);
        node.attrs = [
          ...node.attrs.filter(({ name }) => isPlainName(name)),
          { name: NUMBER, value: numberOf(node) },
          { name: FORM_NUMBER, value: form === undefined ? "" : numberOf(form) },
        ];
        below.push(node);
      }
    }
    level = below;
  }
  return document;
}

function isPlain(node: DefaultTreeAdapterTypes.ChildNode): boolean {
  return "value" in node || ("tagName" in node && node.tagName !== "template");
}

function isPlainName(name: string): boolean {
  const isOurs = name === NUMBER || name === FORM_NUMBER;
  return /^[a-z][\w:-]*$/i.test(name) && !(name in Object.prototype) && !isOurs;
}

/** Elements whose content is text to a browser with scripts, whatever it looks like. */
const RAW_TEXT = {
  script: true,
  style: true,
  noscript: true,
  iframe: true,
  noembed: true,
  noframes: true,
  xmp: true,
  plaintext: true,
};

/** Elements whose text no person reads. */
const SILENT: ReadonlySet<string> = new Set(["script", "style", "noscript", "iframe", "noembed", "noframes"]);

/** What people can read on a page, as far as it has been walked through. */
class VisibleText {
  length = 0;
  /** Pieces that are more than white space. */
  words = 0;
  readonly #pieces: string[] = [];
  #joined: string | undefined;

  add(piece: string): void {
    this.#pieces.push(piece);
    this.length += piece.length;
    if (piece.trim() !== "") this.words += 1;
  }

  /** White space folded. Only when the whole page has been walked through. */
  between(start: number, end: number): string {
    this.#joined ??= this.#pieces.join("");
    return this.#joined.slice(start, end).replace(/\s+/g, " ").trim();
  }
}

/** An element of a page that scripts run in, and where it stands. */
export class PageElement {
  /** Lower case. */
  readonly tag: string;
  /** Stands in a `<fieldset disabled>`. */
  readonly isDisabledByFieldset: boolean;
  /** Its place among the elements of the page, from 0. */
  readonly index: number;
  /** The place after that of the last element within it. */
  endIndex: number;
  /** Whether a person can read a text in it. */
  hasText = false;
  readonly #node: HTMLElement;
  readonly #visible: VisibleText;
  readonly #startOfText: number;
  #endOfText: number;
  readonly #wordsBefore: number;

  constructor(node: HTMLElement, isDisabledByFieldset: boolean, index: number, text: VisibleText) {
    this.tag = node.rawTagName.toLowerCase();
    this.isDisabledByFieldset = isDisabledByFieldset;
    this.index = index;
    this.endIndex = index + 1;
    this.#node = node;
    this.#visible = text;
    this.#startOfText = text.length;
    this.#endOfText = text.length;
    this.#wordsBefore = text.words;
  }

  /** Notes where it ends. */
  end(endIndex: number): void {
    this.endIndex = endIndex;
    this.#endOfText = this.#visible.length;
    this.hasText = this.#visible.words > this.#wordsBefore;
  }

  /** Value of an attribute by its name in lower case; undefined where it is not there. */
  attribute(name: string): string | undefined {
    return this.#node.getAttribute(name);
  }

  /** What a person can read in it, white space folded; of a long text the beginning. */
  text(longest = Number.POSITIVE_INFINITY): string {
    return this.#visible.between(this.#startOfText, Math.min(this.#endOfText, this.#startOfText + longest));
  }

  /** The text that stands directly in it, be it a script. */
  get content(): string {
    const isRaw = this.tag in RAW_TEXT;
    return this.#node.childNodes.map((child) => (isText(child) ? (isRaw ? child.rawText : child.text) : "")).join("");
  }
}

/** A page's elements in the order of the document, and the form that each belongs to. */
export interface Elements {
  readonly all: readonly PageElement[];
  /** The form that was open where an element began. */
  formOf(element: PageElement): PageElement | undefined;
}

type ChildNode = HTMLElement["childNodes"][number];

/** How far the children of an element have been visited. */
interface Place {
  readonly node: HTMLElement;
  /** Undefined for what holds them all. */
  readonly element: PageElement | undefined;
  next: number;
  readonly isSilent: boolean;
  readonly isDisabled: boolean;
}

/**
 * The elements that a browser with scripts makes of a text (parse5: any case, missing end tags, any order), to be asked
 * questions (node-html-parser). Throws `PageTooLarge`.
 */
export function elementsOf(html: string): Elements {
  const root = parseMarkup(serialize(plain(parsePage(html))), { blockTextElements: RAW_TEXT });
  const all: PageElement[] = [];
  const byNumber = new Map<string, PageElement>();
  const text = new VisibleText();
  // A list of where we are, so that each piece of text is looked at once, however many elements it stands in.
  const open: Place[] = [{ node: root, element: undefined, next: 0, isSilent: false, isDisabled: false }];
  for (let place = open.at(-1); place !== undefined; place = open.at(-1)) {
    const node = place.node.childNodes[place.next++];
    if (node === undefined) {
      place.element?.end(all.length);
      open.pop();
    } else if (isElement(node)) {
      const element = new PageElement(node, place.isDisabled, all.length, text);
      all.push(element);
      byNumber.set(element.attribute(NUMBER) ?? "", element);
      const disables = element.tag === "fieldset" && element.attribute("disabled") !== undefined;
      const isSilent = place.isSilent || SILENT.has(element.tag);
      open.push({ node, element, next: 0, isSilent, isDisabled: place.isDisabled || disables });
    } else if (isText(node) && !place.isSilent) text.add(node.text);
  }
  return { all, formOf: (element) => byNumber.get(element.attribute(FORM_NUMBER) || "none") };
}

function isElement(node: ChildNode): node is HTMLElement {
  return node.nodeType === NodeType.ELEMENT_NODE;
}

function isText(node: ChildNode): node is TextNode {
  return node.nodeType === NodeType.TEXT_NODE;
}

/** What a person can read of a piece of markup. Throws `PageTooLarge`. */
export function textOf(html: string): string {
  return elementsOf(html).all[0]?.text() ?? "";
}

/** The content of the CDATA sections of a text, and the text without them. */
export function splitByCdata(text: string): { readonly sections: readonly string[]; readonly rest: string } {
  const sections: string[] = [];
  const rest: string[] = [];
  let at = 0;
  for (;;) {
    const start = text.indexOf("<![CDATA[", at);
    const end = start === -1 ? -1 : text.indexOf("]]>", start);
    if (end === -1) return { sections, rest: [...rest, text.slice(at)].join("") };
    rest.push(text.slice(at, start));
    sections.push(text.slice(start + "<![CDATA[".length, end));
    at = end + "]]>".length;
  }
}
