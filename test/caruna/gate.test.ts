import { expect, test } from "vitest";
import { Gate } from "../../src/caruna/http/gate.js";

/** A request that ends when it is told to. */
function openRequest() {
  let finish = () => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { run: () => done, finish };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const never = new AbortController().signal;

test("lets no more than the limit through, the others in their order", async () => {
  const gate = new Gate(2);
  const begun: number[] = [];
  const requests = [1, 2, 3, 4].map((number) => ({ number, ...openRequest() }));
  const all = requests.map(({ number, run }) =>
    gate.pass(() => {
      begun.push(number);
      return run();
    }, never),
  );
  await settled();
  expect(begun).toEqual([1, 2]);
  requests[1]?.finish();
  await settled();
  expect(begun).toEqual([1, 2, 3]);
  for (const { finish } of requests) finish();
  await Promise.all(all);
  expect(begun).toEqual([1, 2, 3, 4]);
});

test("halves after a complaint, never below one, and opens one by one after a calm while", () => {
  const gate = new Gate(4);
  gate.narrow();
  expect(gate.width).toBe(2);
  for (let times = 0; times < 5; times++) gate.narrow();
  expect(gate.width).toBe(1);
  for (let answers = 0; answers < 1000; answers++) gate.widen();
  expect(gate.width).toBe(4);
});

test("a caller that gives up while it waits leaves its place to others", async () => {
  const gate = new Gate(1);
  const first = openRequest();
  const running = gate.pass(first.run, never);
  const controller = new AbortController();
  const given = gate.pass(async () => "never", controller.signal);
  const last = gate.pass(async () => "last", never);
  controller.abort(new Error("gone"));
  await expect(given).rejects.toThrow("gone");
  first.finish();
  await running;
  expect(await last).toBe("last");
});

test("a request that fails frees its place", async () => {
  const gate = new Gate(1);
  await expect(gate.pass(async () => Promise.reject(new Error("no")), never)).rejects.toThrow("no");
  expect(await gate.pass(async () => "yes", never)).toBe("yes");
});

test("refuses a limit that lets nothing through", () => {
  expect(() => new Gate(0)).toThrow(RangeError);
});

test("dares one more after twenty calm answers, not before, and a complaint starts the count again", () => {
  const gate = new Gate(4);
  gate.narrow();
  const calm = (answers: number) => {
    for (let answer = 0; answer < answers; answer++) gate.widen();
    return gate.width;
  };
  expect([calm(19), calm(1), calm(19)]).toEqual([2, 3, 3]);
  gate.narrow();
  expect([calm(19), calm(1), calm(19), calm(1), calm(20), calm(20)]).toEqual([1, 2, 2, 3, 4, 4]);
});
