import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { controllerUnder } from "../src/shared/signals.js";

test("is aborted with the first of its sources, for its reason", () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const { controller } = controllerUnder(one.signal, other.signal);
  expect(controller.signal.aborted).toBe(false);
  other.abort("the other");
  one.abort("the one");
  expect(controller.signal.reason).toBe("the other");
});

test("is aborted from the start where a source is", () => {
  expect(controllerUnder(new AbortController().signal, AbortSignal.abort("before")).controller.signal.reason).toBe(
    "before",
  );
});

test("does not abort its sources", () => {
  const source = new AbortController();
  controllerUnder(source.signal).controller.abort();
  expect(source.signal.aborted).toBe(false);
});

test("leaves nothing in a source once it is released, and is not aborted with it any more", () => {
  const source = new AbortController();
  const { controller, release } = controllerUnder(source.signal);
  expect(getEventListeners(source.signal, "abort").length).toBe(1);
  release();
  expect(getEventListeners(source.signal, "abort").length).toBe(0);
  source.abort();
  expect(controller.signal.aborted).toBe(false);
});
