/** The code of an error of Node.js (`ENOENT`) or of PostgreSQL (`42501`), where it has one. */
export function errorCode(error: unknown): string | undefined {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}
