/**
 * Method and path of a request as they may be logged: numbers of customers and meters, session ids and long opaque
 * words masked, of the query only the names.
 */
export function maskedCall(method: string, url: URL): string {
  const names = maskedQueryNames(url);
  return `${method} ${maskedPath(url)}${names.length > 0 ? `?${names.join("&")}` : ""}`;
}

/** The path of an address without what could tell a person or a session. */
export function maskedPath(url: URL): string {
  return url.pathname
    .replace(/;[^/]*/g, "")
    .split("/")
    .map((segment) => (/\d{4,}|^[^/]{40,}$|@|%40/.test(segment) ? "…" : withoutIds(segment)))
    .join("/");
}

/** Host, masked path and names of the query's parameters. */
export function maskedAddress(url: URL): string {
  if (!/^https?:$/.test(url.protocol)) return `${url.protocol}…`;
  const names = maskedQueryNames(url);
  return `${url.host}${maskedPath(url)}${names.length > 0 ? `?${names.join("&")}` : ""}`;
}

/** Names of the parameters of a query, each once. */
export function maskedQueryNames(url: URL): string[] {
  const parameters = url.search.slice(1).split("&").filter(Boolean);
  // What has no value may be one itself: of these only Wicket's own form passes, a page's number and a component's path.
  const names = parameters.map((parameter) => {
    const isName = parameter.includes("=") || /^\d+(?:-\d+(?:\.[\w.]*(?:-\w+)*)?)?$/.test(parameter);
    return isName ? maskedName([...new URLSearchParams(parameter).keys()].join()) : "…";
  });
  return [...new Set(names)];
}

/**
 * A name (of a field, a cookie, a header, a key) as it is, where it looks like one that a programmer chose; the number of
 * a page or a session in it is masked. What may be a value that stands where a name should is masked whole.
 */
export function maskedName(name: string): string {
  if (name.length > 80 || /[^\p{L}\w$.:*[\]-]/u.test(name)) return "…";
  return withoutIds(name).replace(/\d{4,}/g, "…");
}

/** Masks what a machine drew: a hexadecimal id, a UUID, a token. */
function withoutIds(text: string): string {
  return text.replace(/[0-9a-f-]{16,}|[A-Za-z0-9_]{20,}/gi, (run) => {
    const digits = run.replace(/\D/g, "").length;
    const isHexadecimal = /^[0-9a-f-]+$/i.test(run) && digits >= 3;
    return isHexadecimal || (digits >= 4 && /[a-z]/.test(run) && /[A-Z]/.test(run)) ? "…" : run;
  });
}
/**
 * Caruna's own words with e-mail addresses and runs of four and more digits masked, white space and what a terminal would
 * obey folded, cut to length.
 */
export function maskedText(text: string, length = 200): string {
  return text
    .replace(/\S+/g, (word) => (word.length > 1 && /@|%40/.test(word) ? "…@…" : word))
    .replace(/\d{4,}/g, "…")
    .replace(/[\s\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]+/gu, " ")
    .trim()
    .slice(0, length);
}
