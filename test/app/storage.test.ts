import { expect, test } from "vitest";
import { type FreeBytes, readStorage, storageInWords } from "../../src/app/storage.js";
import { loadConfiguration } from "../../src/config/index.js";
import { Database } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import { atTheEnd } from "../support/caruna.js";
import { createMigratedDatabase } from "../support/postgres.js";
import { databaseSettings, workingDirectory } from "../support/program.js";

const { signal } = new AbortController();
const MB = 1024 ** 2;

async function storageWith(freeBytes: FreeBytes) {
  const testDatabase = await createMigratedDatabase();
  atTheEnd(() => testDatabase.drop());
  const folder = workingDirectory();
  atTheEnd(() => folder.remove());
  const environment = { ...databaseSettings(testDatabase), STATE_DIR: folder.path };
  const configuration = loadConfiguration({ environment, workingDirectory: folder.path, needsAccount: false });
  const database = new Database(testDatabase.settings, silentLogger);
  atTheEnd(() => database.stop());
  return await readStorage(configuration, database, freeBytes, signal);
}

test("a disk with less room than PostgreSQL's log may take is nearly full, and that is said", async () => {
  const full = await storageWith(async () => 300 * MB);
  expect(full.isNearlyFull).toBe(true);
  expect(storageInWords(full).join("; ")).toContain("is nearly full: 300 MB are left");
  const roomy = await storageWith(async () => 20_000 * MB);
  expect(roomy.isNearlyFull).toBe(false);
  expect(storageInWords(roomy).join("; ")).toContain("19.5 GB free");
});

test("the server's address is not for strangers", async () => {
  const storage = await storageWith(async () => 20_000 * MB);
  expect(storage.place).toMatchObject({ kind: "server" });
  expect(storageInWords(storage, { forStrangers: true }).join("; ")).toMatch(
    /^the data are in a PostgreSQL server \(\d+ MB\)/,
  );
});

test("where the system does not say how much room is left, nothing is said of it", async () => {
  const storage = await storageWith(async () => {
    throw new Error("no such call here");
  });
  expect(storage).toMatchObject({ freeBytes: null, isNearlyFull: false });
  expect(storageInWords(storage).join("; ")).not.toContain("free");
});
