import { type DefaultTreeAdapterTypes, defaultTreeAdapter, parse } from "parse5";

/** More than any page of a login has, by far; what takes longer to read than a person waits is none. */
const MAX_CHARACTERS = 1024 * 1024;
const MAX_ELEMENTS = 10_000;

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
  const formOf = new Map<DefaultTreeAdapterTypes.Element, DefaultTreeAdapterTypes.Element>();
  let created = 0;
  const document = parse(html, {
    scriptingEnabled: scripting,
    treeAdapter: {
      ...defaultTreeAdapter,
      // Some markup makes many elements of few characters: a browser repeats an open <b> in every paragraph that follows.
      onElementCreated: (element, { formElement, isInTemplate }) => {
        refuseMoreThan(MAX_ELEMENTS, ++created, "elements");
        if (formElement !== null && !isInTemplate) formOf.set(element, formElement);
      },
    },
  });
  return { document, formOf };
}

export interface ParsedPage {
  readonly document: DefaultTreeAdapterTypes.Document;
  /** The form that was open where an element began, which HTML makes its owner, wherever the tree has put it. */
  readonly formOf: ReadonlyMap<DefaultTreeAdapterTypes.Element, DefaultTreeAdapterTypes.Element>;
}

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
  readonly #node: DefaultTreeAdapterTypes.Element;
  readonly #visible: VisibleText;
  readonly #startOfText: number;
  #endOfText: number;
  readonly #wordsBefore: number;

  constructor(node: DefaultTreeAdapterTypes.Element, isDisabledByFieldset: boolean, index: number, text: VisibleText) {
    this.tag = node.tagName.toLowerCase();
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
    return this.#node.attrs.find((attribute) => attribute.name === name)?.value;
  }

  /** What a person can read in it, white space folded; of a long text the beginning. */
  text(longest = Number.POSITIVE_INFINITY): string {
    return this.#visible.between(this.#startOfText, Math.min(this.#endOfText, this.#startOfText + longest));
  }

  /** The text that stands directly in it, be it a script. */
  get content(): string {
    return this.#node.childNodes.map((child) => ("value" in child ? child.value : "")).join("");
  }
}

/** A page's elements in the order of the document, and the form that each belongs to. */
export interface Elements {
  readonly all: readonly PageElement[];
  /** The form that was open where an element began. */
  readonly formOf: ReadonlyMap<PageElement, PageElement>;
}

/** How far the children of an element have been visited. */
interface Place {
  readonly parent: DefaultTreeAdapterTypes.ParentNode;
  /** Undefined for the document itself. */
  readonly element: PageElement | undefined;
  next: number;
  readonly isSilent: boolean;
  readonly isDisabled: boolean;
}

/**
 * The elements that a browser with scripts makes of a text (any case, missing end tags, any order), without what stands in
 * templates, which is not on the page. Throws `PageTooLarge`.
 */
export function elementsOf(html: string): Elements {
  const { document, formOf } = parsePage(html);
  const all: PageElement[] = [];
  const byNode = new Map<DefaultTreeAdapterTypes.Element, PageElement>();
  const text = new VisibleText();
  // A list of where we are in place of recursion: nothing bounds how deep elements are nested.
  const open: Place[] = [{ parent: document, element: undefined, next: 0, isSilent: false, isDisabled: false }];
  for (let place = open.at(-1); place !== undefined; place = open.at(-1)) {
    const node = place.parent.childNodes[place.next++];
    if (node === undefined) {
      place.element?.end(all.length);
      open.pop();
    } else if ("tagName" in node && node.tagName !== "template") {
      const element = new PageElement(node, place.isDisabled, all.length, text);
      all.push(element);
      byNode.set(node, element);
      const disables = element.tag === "fieldset" && element.attribute("disabled") !== undefined;
      const isSilent = place.isSilent || SILENT.has(element.tag);
      open.push({ parent: node, element, next: 0, isSilent, isDisabled: place.isDisabled || disables });
    } else if ("value" in node && !place.isSilent) text.add(node.value);
  }
  const owners = [...formOf].flatMap(([node, form]): [PageElement, PageElement][] => {
    const [element, owner] = [byNode.get(node), byNode.get(form)];
    return element === undefined || owner === undefined ? [] : [[element, owner]];
  });
  return { all, formOf: new Map(owners) };
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
