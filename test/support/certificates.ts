import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

const DAY_MS = 24 * 3_600_000;

/** What a TLS server shows, and the key that goes with it, both as PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** Whom it vouches for: names, or the address 127.0.0.1. */
  readonly names: readonly string[];
  readonly validFromEpochMs?: number;
  readonly validToEpochMs?: number;
}

/** Signs certificates; who trusts `certificate` trusts them all. */
export interface Authority {
  /** As PEM. */
  readonly certificate: string;
  issue(options: CertificateOptions): Certificate;
}

/** An authority of a test's own. Node.js reads certificates and makes none, so they are written here, as RFC 5280 has them. */
export function newAuthority(name: string): Authority {
  const keys = newKeys();
  const nowEpochMs = Date.now();
  const lifetime = { from: nowEpochMs - 10 * DAY_MS, to: nowEpochMs + 10 * DAY_MS };
  const own = { issuer: name, subject: name, publicKey: keys.publicKey, lifetime, extension: IS_AUTHORITY };
  return {
    certificate: signed(own, keys.privateKey),
    issue: ({ names, validFromEpochMs = lifetime.from, validToEpochMs = lifetime.to }) => {
      const { publicKey, privateKey } = newKeys();
      const cert = signed(
        {
          ...{ issuer: name, subject: names[0] ?? "nobody", publicKey },
          lifetime: { from: validFromEpochMs, to: validToEpochMs },
          extension: alternativeNames(names),
        },
        keys.privateKey,
      );
      return { cert, key: String(privateKey.export({ type: "pkcs8", format: "pem" })) };
    },
  };
}

interface Content {
  readonly issuer: string;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly lifetime: { readonly from: number; readonly to: number };
  readonly extension: Buffer;
}

function newKeys() {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function signed({ issuer, subject, publicKey, lifetime, extension }: Content, key: KeyObject): string {
  const content = sequence(
    tagged(0xa0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ECDSA_WITH_SHA256,
    distinguishedName(issuer),
    sequence(time(lifetime.from), time(lifetime.to)),
    distinguishedName(subject),
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(extension)),
  );
  const signature = tagged(0x03, Buffer.of(0), sign("sha256", content, key));
  const bytes = sequence(content, ECDSA_WITH_SHA256, signature);
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

/** A value of DER: tag, length, content. */
function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

const sequence = (...parts: readonly Buffer[]) => tagged(0x30, ...parts);
const integer = (bytes: Buffer) => tagged(0x02, bytes);
const objectId = (hex: string) => tagged(0x06, Buffer.from(hex, "hex"));

/** 1.2.840.10045.4.3.2 */
const ECDSA_WITH_SHA256 = sequence(objectId("2a8648ce3d040302"));
/** 2.5.29.19, critical, true. */
const IS_AUTHORITY = sequence(
  objectId("551d13"),
  tagged(0x01, Buffer.of(0xff)),
  tagged(0x04, sequence(tagged(0x01, Buffer.of(0xff)))),
);

/** 2.5.29.17 */
function alternativeNames(names: readonly string[]): Buffer {
  const all = names.map((name) =>
    name === "127.0.0.1" ? tagged(0x87, Buffer.of(127, 0, 0, 1)) : tagged(0x82, Buffer.from(name)),
  );
  return sequence(objectId("551d11"), tagged(0x04, sequence(...all)));
}

/** The common name alone (2.5.4.3). */
function distinguishedName(name: string): Buffer {
  return sequence(tagged(0x31, sequence(objectId("550403"), tagged(0x0c, Buffer.from(name)))));
}

/** `YYMMDDHHMMSSZ`, for years up to 2049. */
function time(epochMs: number): Buffer {
  const digits = new Date(epochMs).toISOString().replace(/\D/g, "").slice(2, 14);
  return tagged(0x17, Buffer.from(`${digits}Z`));
}
