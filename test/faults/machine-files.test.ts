import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { workingDirectory } from "../support/program.js";
import { seededRandom } from "../sync/simulated-year.js";

const SEED = 20261123;
let directory: ReturnType<typeof workingDirectory>;

beforeEach(() => {
  directory = workingDirectory();
});
afterEach(() => directory.remove());

test("a state file is whole whenever its writer is killed, and its owner's alone, its draft too", async () => {
  const random = seededRandom(SEED);
  const file = join(directory.path, "state", "session.json");
  for (let kill = 0; kill < 12; kill += 1) {
    const child = spawn(process.execPath, [resolve(import.meta.dirname, "writing.mjs"), file], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "exit");
    await once(child.stdout, "data");
    await delay(random() * 60);
    child.kill("SIGKILL");
    await ended;
    expect(JSON.parse(readFileSync(file, "utf8")).filler).toHaveLength(200_000);
    for (const name of readdirSync(join(directory.path, "state")))
      expect(statSync(join(directory.path, "state", name)).mode & 0o777).toBe(0o600);
  }
});
