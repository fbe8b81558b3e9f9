import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { inputsFrom } from "../fuzz/inputs.js";
import { feed, PARSERS } from "../fuzz/parsers.js";
import { recordings } from "../fuzz/recordings.js";

/** How many texts the parsers get in all. */
const INPUTS = Number(process.env.FUZZ_INPUTS ?? 1_000_000);
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000);

/** CPU time that one text may cost. */
const MOST_MS = 100;

/** Where a thousand texts are not through after this long one of them hangs, however slow the machine is. */
const HANGS_AFTER_MS = 120_000;

const names = Object.keys(PARSERS);
const inputsOf = inputsFrom(await recordings());
const runs = Math.ceil(INPUTS / names.length);

/** Says which text hangs and ends the process: nothing within it could, while a parser holds its only thread. */
const watchdog = new Worker(
  `const { parentPort } = require("node:worker_threads");
   let timer;
   parentPort.on("message", (news) => {
     clearTimeout(timer);
     if (news === null) return;
     timer = setTimeout(() => {
       require("node:fs").writeSync(2, "a parser hangs: " + news + "\\n");
       process.kill(process.pid, "SIGKILL");
     }, ${HANGS_AFTER_MS});
   });`,
  { eval: true },
);
afterAll(() => watchdog.terminate());

/** CPU milliseconds of this process, which other programs of the machine do not add to; our own memory's keeper does. */
function costOf(name: string, text: string): number {
  const before = process.cpuUsage();
  feed(name, text);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

let slowestMs = 0;

/** One slow time may be the compiler's or the memory's; three more in a row are the parser's. */
function feedWithin(name: string, text: string): void {
  const firstMs = costOf(name, text);
  if (firstMs <= MOST_MS) {
    slowestMs = Math.max(slowestMs, firstMs);
    return;
  }
  const again = [1, 2, 3].map(() => costOf(name, text));
  slowestMs = Math.max(slowestMs, Math.min(...again));
  if (again.every((ms) => ms > MOST_MS))
    throw new Error(`${name}: ${again.join(", ")} ms for ${text.length} characters`);
}

it.each(names)(
  `%s: takes ${runs} texts, each within ${MOST_MS} ms (FUZZ_SEED=${SEED})`,
  (name) => {
    expect(INPUTS).toBeGreaterThan(0);
    const parser = PARSERS[name];
    if (parser === undefined) throw new Error(`no parser is called ${name}`);
    let fed = 0;
    slowestMs = 0;
    const began = performance.now();
    fc.assert(
      fc.property(inputsOf(parser), (text) => {
        if (fed++ % 1000 === 0)
          watchdog.postMessage(`${name}, FUZZ_SEED=${SEED}, within 1,000 texts from number ${fed}`);
        feedWithin(name, text);
      }),
      { seed: SEED, numRuns: runs },
    );
    watchdog.postMessage(null);
    const seconds = Math.round((performance.now() - began) / 1000);
    process.stdout.write(`${name}: ${fed} texts in ${seconds} s, the slowest ${Math.round(slowestMs)} ms of CPU\n`);
  },
  6 * 3_600_000,
);
