import { appendFile, chmod, chown, copyFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EmbeddedServer } from "../../src/database/embedded/server.js";
import { Database, DatabaseEncryptionFailed, type ServerSettings, type SslMode } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import { prepareEmbeddedData } from "../support/postgres.js";

/** Signed by itself, for the name localhost alone; key and certificate are of use to this test alone. */
const certificate = join(import.meta.dirname, "tls", "server.crt");
const key = join(import.meta.dirname, "tls", "server.key");

let folder: string;
let server: EmbeddedServer;
let settings: ServerSettings;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "caruna-tls-"));
  await chmod(folder, 0o711);
  const directory = join(folder, "postgres");
  await prepareEmbeddedData(directory);
  server = new EmbeddedServer(directory, silentLogger);
  const { uid, gid } = await stat(directory);
  for (const [source, name] of [
    [certificate, "server.crt"],
    [key, "server.key"],
  ] as const) {
    await copyFile(source, join(directory, name));
    await chmod(join(directory, name), 0o600);
    await chown(join(directory, name), uid, gid);
  }
  await appendFile(join(directory, "postgresql.conf"), "ssl = on\n");
  settings = await server.start();
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function isEncrypted(sslmode: SslMode, changes: Partial<ServerSettings> = {}): Promise<boolean> {
  const database = new Database({ ...settings, sslmode, ...changes }, silentLogger);
  await database.start();
  const admin = new pg.Client({ ...settings, ssl: false });
  await admin.connect();
  const { rows } = await admin.query(
    "SELECT bool_or(ssl) AS encrypted FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'caruna-integration'",
  );
  await admin.end();
  await database.stop();
  return rows[0].encrypted;
}

test.each([
  ["disable", false],
  ["allow", false],
  ["prefer", true],
  ["require", true],
] as const)("sslmode %s on a server that has TLS: encrypted is %s", async (sslmode, encrypted) => {
  expect(await isEncrypted(sslmode)).toBe(encrypted);
});

test.each(["verify-ca", "verify-full"] as const)(
  "sslmode %s trusts a server whose authority is named",
  async (sslmode) => {
    expect(await isEncrypted(sslmode, { sslRootCertificatePath: certificate, host: "localhost" })).toBe(true);
  },
);

test.each(["verify-ca", "verify-full"] as const)(
  "sslmode %s refuses a server of an unknown authority",
  async (sslmode) => {
    await expect(isEncrypted(sslmode)).rejects.toThrow(DatabaseEncryptionFailed);
  },
);

test("only verify-full refuses a certificate that is for another name", async () => {
  const elsewhere = { sslRootCertificatePath: certificate, host: "127.0.0.1" };
  expect(await isEncrypted("verify-ca", elsewhere)).toBe(true);
  await expect(isEncrypted("verify-full", elsewhere)).rejects.toThrow(/is not trusted/);
});

test("an authority's file that is not there is named", async () => {
  await expect(isEncrypted("verify-full", { sslRootCertificatePath: "/nowhere/root.crt" })).rejects.toThrow(
    /nowhere\/root\.crt/,
  );
});

test("channel_binding=require connects to a server that binds, over TLS", async () => {
  expect(await isEncrypted("prefer", { channelBinding: "require" })).toBe(true);
});

test.each([{ sslmode: "disable" }, { sslmode: "require", host: "/var/run/postgresql" }] as const)(
  "channel_binding=require is refused where there is no TLS: %o",
  async (changes) => {
    await expect(isEncrypted("require", { channelBinding: "require", ...changes })).rejects.toThrow(
      /^DATABASE_URL demands channel_binding=require, which needs TLS/,
    );
  },
);

test.each(["md5", "password", "trust"])(
  "channel_binding=require sends no password to a server that asks for %s",
  async (method) => {
    const rules = join(folder, "postgres", "pg_hba.conf");
    const before = await readFile(rules, "utf8");
    const admin = new pg.Client({ ...settings, ssl: false });
    await admin.connect();
    try {
      await admin.query("SET password_encryption = 'md5'; CREATE ROLE unbound LOGIN PASSWORD 'x'");
      await writeFile(rules, `hostssl all unbound all ${method}\n${before}`);
      await admin.query("SELECT pg_reload_conf()");
      const user = { user: "unbound", password: "x" };
      await expect(isEncrypted("require", { ...user, channelBinding: "require" })).rejects.toThrow(
        /does not offer channel binding/,
      );
    } finally {
      await writeFile(rules, before);
      await admin.query("SELECT pg_reload_conf(); DROP ROLE unbound");
      await admin.end();
    }
  },
);
