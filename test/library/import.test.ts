import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { watch } from "../support/program.js";

const PROBE = resolve(import.meta.dirname, "importing.mjs");

test("importing the library opens nothing, reads no file, prints nothing and leaves the process as it is", async () => {
  const { exitCode, stdout, stderr } = await watch(
    spawn(process.execPath, [PROBE], { env: { PATH: process.env.PATH ?? "" }, stdio: ["ignore", "pipe", "pipe"] }),
  ).ended;
  expect([exitCode, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout)).toEqual({
    exports: [
      "AccessRefused",
      "AnswerNotUnderstood",
      "CARUNA_PLUS_URL",
      "CarunaClient",
      "CarunaError",
      "CarunaUnreachable",
      "CredentialsRejected",
      "HostNotAllowed",
      "LoginChanged",
      "LoginPaused",
      "PersonNeeded",
      "RateLimited",
      "SecondFactorRequired",
      "TokenRefused",
      "clockProduct",
      "dayBounds",
      "fileSessionStore",
      "fileTranscripts",
      "hoursOf",
      "hoursOfDay",
      "lastDays",
      "localDay",
      "memorySessionStore",
      "readingsOfDay",
      "silentLogger",
      "splitByClock",
      "toldSums",
    ],
    touched: [],
    newHandles: [],
    newEvents: [],
    newGlobals: [],
    environmentChanged: false,
  });
});
