import type { Cookie } from "tough-cookie";
import type { HttpRequest } from "../http/transport.js";
import { type Hop, urlEncoded } from "./login-pages.js";

const FORM_TYPE = "application/x-www-form-urlencoded; charset=UTF-8";

/** The request that a browser would make to go on from the page at an address. */
export function navigation(hop: Hop, from: URL, cookies: readonly Cookie[]): HttpRequest {
  // The fragment of an address is not part of a request.
  const url = new URL(hop.url);
  url.hash = "";
  const headers = {
    Accept: "text/html,application/xhtml+xml,*/*;q=0.8",
    ...hop.headers,
    Referer: refererOf(from, url),
  };
  if (hop.method === "GET") return { method: "GET", url, headers };
  const type: Record<string, string> = hop.enctype === "multipart" ? {} : { "Content-Type": FORM_TYPE };
  return {
    method: "POST",
    url,
    headers: { ...doubleSubmitted(cookies), ...headers, Origin: from.origin, ...type },
    body: hop.enctype === "multipart" ? multipart(hop) : urlEncoded(hop.fields ?? []),
  };
}

/** The whole address within a site, its origin alone to another. */
function refererOf(from: URL, to: URL): string {
  return from.origin === to.origin ? `${from.origin}${from.pathname}${from.search}` : `${from.origin}/`;
}

function multipart({ fields = [] }: Hop): FormData {
  const form = new FormData();
  for (const [name, value] of fields) form.append(name, value);
  return form;
}

/** CSRF cookies that scripts send back as a header, as Angular, axios and Django name them. */
const DOUBLE_SUBMITTED: Readonly<Record<string, string>> = {
  "xsrf-token": "X-XSRF-TOKEN",
  csrftoken: "X-CSRFToken",
  "csrf-token": "X-CSRF-TOKEN",
  csrf_token: "X-CSRF-TOKEN",
  _csrf: "X-CSRF-TOKEN",
};

function doubleSubmitted(cookies: readonly Cookie[]): Record<string, string> {
  return Object.fromEntries(
    cookies.flatMap(({ key, value, httpOnly }) => {
      const header = DOUBLE_SUBMITTED[key.toLowerCase()];
      return header === undefined || httpOnly || !/^[\x21-\x7e]*$/.test(decoded(value))
        ? []
        : [[header, decoded(value)]];
    }),
  );
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
