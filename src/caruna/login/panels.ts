import type { HTMLElement } from "node-html-parser";
import { ancestorOf, attribute, isVisible, textOf } from "./html.js";
import { LEADS_AWAY, LOG_IN_WITH_PASSWORD, OTHER_WAY_TO_LOG_IN } from "./words.js";

/** The document with a form that is written into a frame of a page without one. */
export function innerDocument(root: HTMLElement): string | undefined {
  if (root.querySelector("form") !== null) return undefined;
  const frames = root.querySelectorAll("iframe[srcdoc]").filter(isVisible);
  return frames.map((frame) => attribute(frame, "srcdoc")).find((html) => /<form\b/i.test(html));
}

const OPENS_PANEL =
  '[role="tab"], [data-toggle], [data-bs-toggle], button[aria-controls], a[aria-controls], [role="button"][aria-controls]';

/** Shows the panel that a person would open to log in with a password, in place of those of the other ways. */
export function openPanel(root: HTMLElement): void {
  const openers = root.querySelectorAll(OPENS_PANEL).filter(isVisible);
  const panels = openers.map((opener) => ({ text: textOf(opener), panel: panelOf(opener, root) }));
  const wanted = panels.find(
    ({ text, panel }) =>
      panel !== undefined &&
      LOG_IN_WITH_PASSWORD.test(text) &&
      !OTHER_WAY_TO_LOG_IN.test(text) &&
      !LEADS_AWAY.test(text),
  )?.panel;
  if (wanted === undefined) return;
  for (const { panel } of panels)
    if (panel !== undefined && ancestorOf(wanted, (ancestor) => ancestor === panel) === undefined)
      panel.setAttribute("hidden", "");
  for (const name of ["hidden", "aria-hidden", "inert"]) wanted.removeAttribute(name);
}

/** What a tab or a button opens: an element with fields in it. */
function panelOf(opener: HTMLElement, root: HTMLElement): HTMLElement | undefined {
  const ids = ["aria-controls", "href", "data-bs-target", "data-target"]
    .map((name) => attribute(opener, name).replace(/^#/, ""))
    .filter((id) => /^[\w:.-]+$/.test(id));
  return ids
    .flatMap((id) => root.getElementById(id) ?? [])
    .find((panel) => panel.querySelector("input, button") !== null);
}
