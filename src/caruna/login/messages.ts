import type { HTMLElement } from "node-html-parser";
import { isVisible, textOf } from "./html.js";

/** Panels of messages stand in these, or these say of themselves that they are in error. */
const NO_MESSAGE = /^(?:body|html|form|script|style|input|button|select|textarea|label)$/;
const MESSAGES =
  '[role="alert"], [id*="feedback" i], [class*="feedback" i], [class*="error" i], [class*="alert" i], [class*="negative"], [class*="invalid" i]';

/** The messages of a page or a part of one, as one text. */
export function feedbackOf(root: HTMLElement): string | undefined {
  return messagesOf(root).join(" ") || undefined;
}

/** The messages of a page or a part of one; only the innermost elements count, each text once. */
export function messagesOf(root: HTMLElement): string[] {
  const messages = root
    .querySelectorAll(MESSAGES)
    .filter((element) => !NO_MESSAGE.test(element.rawTagName) && isVisible(element));
  const texts = new Map(messages.map((element) => [element, textOf(element)]));
  const outer = new Set<unknown>();
  for (const message of messages) {
    if (texts.get(message) === "") continue;
    for (let parent = message.parentNode; parent && !outer.has(parent); parent = parent.parentNode) outer.add(parent);
  }
  const innermost = messages.filter((message) => !outer.has(message)).map((message) => texts.get(message) ?? "");
  return [...new Set(innermost)].filter(Boolean);
}
