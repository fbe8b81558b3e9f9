import { it } from "vitest";
import {
  everyPair,
  expectHarmlessFlood,
  expectToldInWords,
  FLOODS,
  GARBLED,
  STAGES,
  STAGES_OF_GARBLED,
} from "../faults/floods.js";

it.each(everyPair(STAGES, FLOODS))(
  "%s in place of %s is not read to its end, and costs one cycle",
  async (_, __, stage, flood) => {
    await expectHarmlessFlood(stage, flood);
  },
);

it.each(everyPair(STAGES_OF_GARBLED, GARBLED))(
  "%s in place of %s is told in words, and costs one cycle",
  async (_, __, stage, answer) => {
    await expectToldInWords(stage, answer);
  },
);
