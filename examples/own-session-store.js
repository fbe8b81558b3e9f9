// @ts-check
// Keeps the session between two runs, encrypted with a key of your own, so that the second run needs no login:
//   SESSION_KEY=$(openssl rand -hex 32) node examples/own-session-store.js session.bin
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { CarunaClient } from "caruna-integration";
import { account } from "./account.js";

const [, , file = "session.bin"] = process.argv;
const key = Buffer.from(process.env.SESSION_KEY ?? "", "hex");
if (key.length !== 32) {
  console.error("Set SESSION_KEY to 64 hexadecimal digits, such as those that openssl rand -hex 32 prints.");
  process.exit(2);
}

/** @type {import("caruna-integration").SessionStore} */
const sessionStore = {
  async load() {
    try {
      const kept = await readFile(file);
      const decipher = createDecipheriv("aes-256-gcm", key, kept.subarray(0, 12)).setAuthTag(kept.subarray(12, 28));
      return JSON.parse(`${decipher.update(kept.subarray(28), undefined, "utf8")}${decipher.final("utf8")}`);
    } catch {
      // No file yet, or another key: the client logs in.
      return undefined;
    }
  },
  async save(session) {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    const text = Buffer.concat([cipher.update(JSON.stringify(session), "utf8"), cipher.final()]);
    await writeFile(file, Buffer.concat([nonce, cipher.getAuthTag(), text]), { mode: 0o600 });
  },
  async clear() {
    await rm(file, { force: true });
  },
};

/** The client tells what it does in four levels; this program is interested in two of them. */
const logger = {
  debug() {},
  info: (/** @type {object} */ _, /** @type {string} */ message) => console.error(message),
  warn: (/** @type {object} */ fields, /** @type {string} */ message) => console.error(message, fields),
  error: (/** @type {object} */ fields, /** @type {string} */ message) => console.error(message, fields),
};

const client = new CarunaClient({ ...account(), sessionStore, logger });
const { customers } = await client.profile();
for (const { id, name, postalAddress } of customers) console.log([id, name, postalAddress].join("\t"));
