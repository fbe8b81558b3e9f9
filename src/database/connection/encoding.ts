import { z } from "zod";
import type { Session } from "./connection-pool.js";

/** Encodings of databases that store every character: the second takes bytes as they come. */
const STORE_ALL = ["UTF8", "SQL_ASCII"];
/** Encodings that have all of ASCII and the letters of Western Europe. */
const WESTERN = ["LATIN1", "LATIN9", "WIN1252"];
const BEYOND_WESTERN = /[\u0080-\u00bf\u0100-\u{10ffff}]/gu;
const BEYOND_ASCII = /[\u0080-\u{10ffff}]/gu;

/**
 * How this database stores a text that Caruna+ sent. A database that is not UTF-8 refuses the whole statement for one
 * character that its encoding lacks: such a letter is stored without its accent, any other character as "?".
 */
export async function storableText(session: Session): Promise<(text: string) => string> {
  const [row] = await session.query(z.object({ server_encoding: z.string() }), "SHOW server_encoding");
  const encoding = row?.server_encoding ?? "";
  if (STORE_ALL.includes(encoding)) return (text) => text;
  const beyond = WESTERN.includes(encoding) ? BEYOND_WESTERN : BEYOND_ASCII;
  return (text) => text.normalize("NFC").replace(beyond, withoutAccent);
}

function withoutAccent(character: string): string {
  const [letter = ""] = character.normalize("NFD");
  return /^[A-Za-z]$/.test(letter) ? letter : "?";
}
