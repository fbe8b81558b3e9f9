import { describe, test } from "vitest";
import { expectNoSecretLeft, FAULTS, STAGES } from "../security/crashes.js";

describe.each(FAULTS)("%s", (_, fault) => {
  test.each(STAGES)(
    "in the middle of the request for %s ends the program, and leaves no secret",
    async (__, request) => {
      await expectNoSecretLeft(fault, request);
    },
  );
});
