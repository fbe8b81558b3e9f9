import { describe, it } from "vitest";
import {
  everyPair,
  expectHarmlessFlood,
  expectToldInWords,
  FLOODS,
  GARBLED,
  STAGES,
  STAGES_OF_GARBLED,
} from "./floods.js";

// Every stage and every answer once, in turn; all of their pairs are part of the soak.
const inTurn = <Pair>(pairs: readonly Pair[], stages: number, answers: number) =>
  Array.from({ length: Math.max(stages, answers) }, (_, index) =>
    pairs.slice((index % stages) * answers + (index % answers)).slice(0, 1),
  ).flat();

describe("an answer that is larger than anybody wants", () => {
  it.each(inTurn(everyPair(STAGES, FLOODS), STAGES.length, FLOODS.length))(
    "%s in place of %s is not read to its end, and costs one cycle",
    async (_, __, stage, flood) => {
      await expectHarmlessFlood(stage, flood);
    },
  );
});

describe("an answer that is none", () => {
  it.each(inTurn(everyPair(STAGES_OF_GARBLED, GARBLED), STAGES_OF_GARBLED.length, GARBLED.length))(
    "%s in place of %s is told in words, and costs one cycle",
    async (_, __, stage, answer) => {
      await expectToldInWords(stage, answer);
    },
  );
});
