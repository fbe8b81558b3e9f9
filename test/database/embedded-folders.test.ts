import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EmbeddedServer } from "../../src/database/embedded/server.js";
import { silentLogger } from "../../src/shared/logger.js";
import { atTheEnd } from "../support/caruna.js";

test.each([
  ["quotes, spaces, a dollar sign, a backtick and umlauts", 'it\'s "an" $HOME `id` Mökki \\n'],
  ["a path that is longer than a socket's name may be", "x".repeat(120)],
])("the embedded server runs in a folder with %s", async (_, name) => {
  const folder = mkdtempSync(join(tmpdir(), "caruna-integration-folder-"));
  chmodSync(folder, 0o711);
  const state = join(folder, name);
  mkdirSync(state);
  chmodSync(state, 0o711);
  atTheEnd(() => rmSync(folder, { recursive: true, force: true }));
  const server = new EmbeddedServer(join(state, "postgres"), silentLogger);
  atTheEnd(() => server.stop());
  expect((await server.start()).port).toBeGreaterThan(0);
});
