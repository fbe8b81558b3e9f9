import type { ElementHandle } from "playwright-core";
import { boxesToClear, type Submission } from "../forms.js";
import { attribute } from "../html.js";
import type { Control } from "../page.js";
import { NUMBER, type Snapshot } from "./snapshot.js";

/** A person would not wait longer for a button to become one that can be pressed. */
const ACTION_TIMEOUT_MS = 3_000;

/** The living element of a field, button or link; undefined where it has gone. */
export async function liveElement(
  { element }: Pick<Control, "element">,
  snapshot: Snapshot,
): Promise<ElementHandle | undefined> {
  const number = attribute(element, NUMBER);
  return number === "" ? undefined : await snapshot.element(Number(number));
}

/**
 * Fills a form in as a person does: only what is seen; its script does the rest. Returns false where a field has gone
 * meanwhile.
 */
export async function fillIn(
  { form, values }: Pick<Submission, "form" | "values">,
  snapshot: Snapshot,
): Promise<boolean> {
  for (const [control, value] of values) {
    if (!control.isVisible) continue;
    const element = await liveElement(control, snapshot);
    if (element === undefined) return false;
    await choose(control, value, element);
  }
  for (const box of boxesToClear({ form, values })) {
    const element = await liveElement(box, snapshot);
    await element?.setChecked(false, { timeout: ACTION_TIMEOUT_MS }).catch(() => element.evaluate(click));
  }
  return true;
}

async function choose({ type }: Control, value: string, element: ElementHandle): Promise<void> {
  const timeout = ACTION_TIMEOUT_MS;
  if (type === "checkbox" || type === "radio")
    await element.setChecked(true, { timeout }).catch(() => element.evaluate(click));
  else if (type === "select") await element.selectOption(value, { timeout });
  else {
    await element.fill("", { timeout });
    // Key by key: a script may look at each.
    await element.type(value, { timeout: ACTION_TIMEOUT_MS + 100 * value.length });
  }
}

/** Presses what a person would; where something lies above it, as a person with a keyboard. */
export async function press(element: ElementHandle): Promise<void> {
  await element.click({ timeout: ACTION_TIMEOUT_MS, noWaitAfter: true }).catch(() => element.evaluate(click));
}

/** Runs in the page. */
function click(element: unknown): void {
  if (typeof element !== "object" || element === null) return;
  const method: unknown = Reflect.get(element, "click");
  if (typeof method === "function") Reflect.apply(method, element, []);
}
