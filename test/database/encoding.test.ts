import { readdir, readFile } from "node:fs/promises";
import { afterEach, describe, expect, test } from "vitest";
import { Database } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import { createDatabaseIn } from "../support/postgres.js";
import { EngineWorld } from "../sync/engine-world.js";
import { differences, meteredRows, publishedRows } from "../sync/truth.js";

let world: EngineWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const address = { streetName: "Mäntykuja Ž€", houseNumber: "7 → 8", postalCode: "02780", postOffice: "Espoo" };

describe("a database that is not UTF-8", () => {
  test.each([
    ["LATIN1", "Mäntykuja Z?", "Yösiirto 25 A"],
    ["LATIN9", "Mäntykuja Z?", "Yösiirto 25 A"],
    ["SQL_ASCII", "Mäntykuja Ž€", "Yösiirto 25 A"],
    ["WIN1251", "Mantykuja Z?", "Yosiirto 25 A"],
  ])("in %s stores every hour, and of Caruna+'s words what it can", async (encoding, street, product) => {
    const meters = [{ product: "nightly", startDate: "2026-11-10", address }] as const;
    world = await EngineWorld.create("2026-11-20T10:10", { meters }, await createDatabaseIn(encoding));
    expect(await world.database.query("SHOW server_encoding")).toEqual([{ server_encoding: encoding }]);
    const program = await world.start();
    await program.cycle();
    expect(differences(await meteredRows(world.database), publishedRows(world.simulator, world.nowEpochMs))).toEqual(
      [],
    );
    const [known] = await program.database.sync.meteringPoints();
    expect(known?.address).toContain(street);
    expect(known?.product).toBe(product);
  });

  test("takes the words of a rejected login that it has no characters for", async () => {
    const { settings, drop } = await createDatabaseIn("LATIN1");
    const database = new Database(settings, silentLogger);
    try {
      await database.start();
      const guard = database.loginGuard(["https://plus.example.com", "aku", "secret"], () => 0);
      const { signal } = new AbortController();
      const post = await guard.begin(signal, false);
      if (post.pause !== undefined) throw new Error("the login is paused");
      const nothingMore = { found: undefined, retryAfterSeconds: undefined, transcriptFile: undefined };
      await post.end({ ...nothingMore, kind: "rejected", words: "Väärä salasana …" });
      expect(await guard.lastFailure(signal)).toMatchObject({ kind: "rejected", words: "Väärä salasana ?" });
    } finally {
      await database.stop();
      await drop();
    }
  });
});

test("the migrations are ASCII, which every encoding of a database has", async () => {
  const folder = new URL("../../sql/", import.meta.url);
  for (const name of (await readdir(folder)).filter((file) => file.endsWith(".sql")))
    expect([name, (await readFile(new URL(name, folder), "utf8")).match(/[^\n\t\u0020-\u007e]/g)]).toEqual([
      name,
      null,
    ]);
});
