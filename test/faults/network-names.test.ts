import { describe, expect, test } from "vitest";
import { CarunaUnreachable, reach } from "../../src/caruna/index.js";
import { Database } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import { atTheEnd, clientFor, clientOf, errorOf, simulatorFor } from "../support/caruna.js";
import { freePort } from "../support/free-port.js";
import { resolveLocalhostBy } from "../support/name-service.js";
import { createDatabase } from "../support/postgres.js";

/** Nobody listens there by IPv6, and on a host without IPv6 there is no way to either. */
const NO_WAY = ["::1", "ff0e::1"];

describe.each(NO_WAY)("a name that resolves to %s first, and to 127.0.0.1", (address) => {
  test("leads to Caruna+, at once and without a word", async () => {
    const [port, authPort] = [await freePort(), await freePort()];
    const simulator = await simulatorFor({
      ...{ port, authPort, plusUrl: `http://localhost:${port}`, authUrl: `http://localhost:${authPort}` },
    });
    resolveLocalhostBy(() => [address, "127.0.0.1"]);
    const { client, log, waits } = clientFor(simulator);
    expect(await client.meteringPoints()).toHaveLength(1);
    expect(waits).toEqual([]);
    expect(log.entries.filter(({ level }) => level !== "debug").map(({ message }) => message)).toEqual([
      "logged in to Caruna+",
    ]);
    await reach(new URL(simulator.plusUrl), undefined, new AbortController().signal);
  });

  test("leads to PostgreSQL", async () => {
    const { settings, drop } = await createDatabase();
    const database = new Database({ ...settings, host: "localhost" }, silentLogger);
    atTheEnd(async () => {
      await database.stop();
      await drop();
    });
    resolveLocalhostBy(() => [address, "127.0.0.1"]);
    await database.start();
  });

  test("where nobody listens by IPv4 either: that is said, and not that IPv6 has no way", async () => {
    const port = await freePort();
    resolveLocalhostBy(() => [address, "127.0.0.1"]);
    const error = await errorOf(clientOf(`http://localhost:${port}`).client.meteringPoints());
    expect(error).toBeInstanceOf(CarunaUnreachable);
    expect(error).toMatchObject({ code: "ECONNREFUSED", message: expect.stringContaining("nobody listens there") });
    const database = new Database(
      {
        kind: "server",
        host: "localhost",
        port,
        database: "none",
        user: "nobody",
        password: "none",
        sslmode: "disable",
      },
      silentLogger,
    );
    atTheEnd(() => database.stop());
    expect(await errorOf(database.start())).toMatchObject({
      name: "DatabaseUnreachable",
      message: expect.stringContaining("nothing listens there"),
    });
  });
});
