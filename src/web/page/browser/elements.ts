type Child = Node | string;

/** An element with attributes and children; an attribute that is `undefined` is left out. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(attribute, value);
  }
  made.append(...children);
  return made;
}

/** The element of the shell with that id. */
export function part(id: string): HTMLElement;
export function part<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind;
export function part(id: string, kind: new () => HTMLElement = HTMLElement): HTMLElement {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} with the id "${id}"`);
}

/** Writes a text only where it changes: a screen reader reads again what is written anew. */
export function write(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** A list of terms and what they mean. */
export function terms(rows: readonly (readonly [term: string, ...meaning: Child[]])[]): Node[] {
  return rows.map(([term, ...meaning]) =>
    element("div", { class: "term" }, element("dt", {}, term), element("dd", {}, ...meaning)),
  );
}

/** A table whose first column names its rows; the other columns are numbers. */
export function table(caption: string, head: readonly string[], rows: readonly (readonly Child[])[]): HTMLElement {
  const body = rows.map(([name = "", ...cells]) =>
    element("tr", {}, element("th", { scope: "row" }, name), ...cells.map((cell) => element("td", {}, cell))),
  );
  return element(
    "table",
    {},
    element("caption", { class: "unseen" }, caption),
    element("thead", {}, element("tr", {}, ...head.map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, ...body),
  );
}
