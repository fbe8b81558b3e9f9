import { expect, test } from "vitest";
import { newWorlds } from "../support/world.js";

const world = newWorlds();

test("NODE_TLS_REJECT_UNAUTHORIZED=0 is said to be ignored, once, with the way out, and nothing is said of other values", async () => {
  const { exitCode, stderr } = await world.once({ NODE_TLS_REJECT_UNAUTHORIZED: "0" });
  expect(exitCode).toBe(0);
  expect(stderr.match(/NODE_TLS_REJECT_UNAUTHORIZED[^\n]*/g)).toEqual([
    "NODE_TLS_REJECT_UNAUTHORIZED=0 is ignored: certificates are checked. To trust one of your own, set NODE_EXTRA_CA_CERTS.",
  ]);
  expect((await world.once({ NODE_TLS_REJECT_UNAUTHORIZED: "1" })).stderr).not.toContain("NODE_TLS");
});
