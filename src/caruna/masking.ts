/**
 * Method and path of a request as they may be logged: numbers of customers and meters, session ids and long opaque
 * words masked, of the query only the names.
 */
export function maskedCall(method: string, url: URL): string {
  const names = [...new Set(url.searchParams.keys())].map((name) => maskedText(name).slice(0, 40));
  return `${method} ${maskedPath(url)}${names.length > 0 ? `?${names.join("&")}` : ""}`;
}

/** The path of an address without what could tell a person or a session. */
export function maskedPath(url: URL): string {
  return url.pathname
    .replace(/;[^/]*/g, "")
    .split("/")
    .map((segment) => (/\d{4,}|^[^/]{40,}$|@|%40/.test(segment) ? "…" : segment))
    .join("/");
}

/** Caruna's own words with e-mail addresses and runs of four and more digits masked, white space folded, cut to length. */
export function maskedText(text: string, length = 200): string {
  return text
    .replace(/[^\s@]+@[^\s@]+/g, "…@…")
    .replace(/\d{4,}/g, "…")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, length);
}
