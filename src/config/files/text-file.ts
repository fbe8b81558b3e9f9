import { readFileSync } from "node:fs";
import { errorCode } from "../../shared/error-code.js";

/** What reading a file came to; `reason` completes a sentence that begins with the file's name. */
export type TextFile =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "missing" }
  | { readonly kind: "unusable"; readonly reason: string };

/** Reads a UTF-8 file; a byte order mark at its beginning is left out. */
export function readTextFile(path: string): TextFile {
  try {
    return decoded(readFileSync(path));
  } catch (error) {
    return explain(error);
  }
}

/** The bytes of a file as text. */
export function decoded(bytes: Uint8Array): TextFile {
  try {
    return { kind: "text", text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    // The decoder tells what is no UTF-8 by throwing: that is the answer, not a failure.
    return { kind: "unusable", reason: "is not UTF-8 text: save it with that encoding" };
  }
}

function explain(error: unknown): TextFile {
  const code = errorCode(error) ?? "unknown error";
  if (code === "ENOENT" || code === "ENOTDIR") return { kind: "missing" };
  // Docker makes a folder where a file to mount does not exist.
  if (code === "EISDIR") return { kind: "unusable", reason: "is a folder, not a file" };
  const isDenied = code === "EACCES" || code === "EPERM";
  return {
    kind: "unusable",
    reason: isDenied ? "may not be read by this user (permission denied)" : `cannot be read (${code})`,
  };
}
