import { test } from "vitest";
import { expectNoSecretLeft, FAULTS, STAGES } from "./crashes.js";

// Each fault at one of the stages in turn; all of their pairs are part of the soak.
const pairs = FAULTS.flatMap(([name, fault], index) =>
  STAGES.slice(index % STAGES.length, (index % STAGES.length) + 1).map(
    ([stage, request]) => [name, stage, fault, request] as const,
  ),
);

test.each(pairs)("%s in the middle of the request for %s ends the program, and leaves no secret", async (...pair) => {
  const [, , fault, request] = pair;
  await expectNoSecretLeft(fault, request);
});
