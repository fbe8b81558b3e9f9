import type { ServerResponse } from "node:http";
import { portalOf, type RawServer, type Received, sendHtml, sendRedirect } from "../../support/caruna.js";

export const ACCOUNT = { username: "aino@example.com", password: "s4la&na €" };

/** A page, or, where it begins with "→", a redirect; or what makes one of a request. */
export type Answer = string | ((request: Received, response: ServerResponse) => Answer | undefined);

/** A portal in a few lines: the login begins at `/first`, and `/done` leads back to Caruna+ with a code. */
export interface Portal {
  readonly name: string;
  readonly pages: Readonly<Record<string, Answer>>;
  /** How the login ends: a part of the error's message; undefined where it succeeds. */
  readonly ends?: {
    readonly error: "LoginChanged" | "PersonNeeded" | "SecondFactorRequired" | "HostNotAllowed";
    readonly says: string;
  };
  /** Names that no request may carry: boxes to be left alone, decoys. */
  readonly never?: readonly string[];
  /** How often the password is posted where that is not once. */
  readonly posts?: 0;
}

const WRONG = '<div role="alert" class="error">Käyttäjätunnus tai salasana on virheellinen.</div>';

/** The fields of a request's body, urlencoded or multipart. */
export function fieldsIn({ body, headers }: Received): URLSearchParams {
  const boundary = /boundary=(.+)$/.exec(headers["content-type"] ?? "")?.[1];
  if (boundary === undefined) return new URLSearchParams(body);
  const parts = body
    .split(`--${boundary}`)
    .map((part) => /name="([^"]*)"\r\n(?:[^\r]+\r\n)*\r\n([\s\S]*)\r\n$/.exec(part));
  return new URLSearchParams(
    parts.flatMap((part): [string, string][] => (part === null ? [] : [[part[1] ?? "", part[2] ?? ""]])),
  );
}

/** Goes on where these fields came by POST with these values; otherwise the password counts as wrong. */
export function takes(fields: Readonly<Record<string, string>>, next: Answer): Answer {
  return (request) => (request.method === "POST" && hasAll(request, fields) ? next : WRONG + LOGIN);
}

/** Goes on where these fields came; otherwise leads nowhere. */
export function wants(fields: Readonly<Record<string, string>>, next: Answer = DONE): Answer {
  return (request) => (hasAll(request, fields) ? next : page("<h1>Odottamaton pyyntö</h1>"));
}

function hasAll(request: Received, fields: Readonly<Record<string, string>>): boolean {
  const sent = request.method === "POST" ? fieldsIn(request) : new URL(request.address, "http://portal").searchParams;
  return Object.entries(fields).every(([name, value]) =>
    sent.getAll(name).includes(value.replace("USER", ACCOUNT.username).replace("PASSWORD", ACCOUNT.password)),
  );
}

/** The first answer where the request has this field, the second where it has not. */
export function either(field: string, first: Answer, second: Answer): Answer {
  return (request) => (fieldsIn(request).has(field) ? first : second);
}

/** Goes on only with this header. */
export function header(name: string, value: string, next: Answer): Answer {
  return (request) => (request.headers[name.toLowerCase()] === value ? next : WRONG + LOGIN);
}

/** An answer that is no plain page. */
export function raw(body: string, headers: Record<string, string> = {}, status = 200): Answer {
  return (_, response) => {
    sendHtml(response, body, status, headers);
    return undefined;
  };
}

export function form(action: string, controls: string, attributes = 'method="post"'): string {
  return `<form action="${action}" ${attributes}>${controls}</form>`;
}

export function page(body: string, head = ""): string {
  return `<!DOCTYPE html><html lang="fi"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">${head}</head><body>${body}</body></html>`;
}

export const DONE = "→/done";
export const LOGIN = form(
  "/judge",
  '<label for="u">Sähköposti</label><input id="u" name="user"><label for="p">Salasana</label><input id="p" type="password" name="pass"><button>Kirjaudu</button>',
);
export const JUDGE = takes({ user: "USER", pass: "PASSWORD" }, DONE);

/** A portal of today's kind of form, with a page in between after the password. */
export function between(body: Answer, next: Readonly<Record<string, Answer>>): Portal["pages"] {
  return {
    "/first": page(LOGIN),
    "/judge": takes({ user: "USER", pass: "PASSWORD" }, "→/between"),
    "/between": body,
    ...next,
  };
}

export async function serve(pages: Portal["pages"]): Promise<RawServer> {
  const handlers = Object.entries(pages).map(([path, answer]) => [
    path,
    (request: Received, response: ServerResponse) => {
      let said: Answer | undefined = answer;
      while (typeof said === "function") said = said(request, response);
      if (said?.startsWith("→") === true) sendRedirect(response, said.slice(1));
      else if (said !== undefined) sendHtml(response, said);
    },
  ]);
  return await portalOf(Object.fromEntries(handlers), ACCOUNT.password);
}
