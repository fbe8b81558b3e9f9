import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";

export type Site = "plus" | "auth";

/** A request as the two sites see it. */
export interface Exchange {
  readonly site: Site;
  readonly method: string;
  readonly path: string;
  /** With the question mark, or empty. */
  readonly search: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly cookies: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** What a site answers. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
  readonly body?: string;
  /** What the answer was for the record, e.g. "login page". */
  readonly kind?: string;
}

export const HTML_TYPE = "text/html;charset=UTF-8";

/** Caruna+ labels its JSON as HTML. */
export function jsonAnswer(status: number, value: unknown, kind: string, cookies: readonly string[] = []): Answer {
  return { status, headers: { "Content-Type": HTML_TYPE }, body: JSON.stringify(value), kind, cookies };
}

export function htmlAnswer(body: string, kind: string, cookies: readonly string[] = [], status = 200): Answer {
  return { status, headers: { "Content-Type": HTML_TYPE }, body, kind, cookies };
}

export function redirectAnswer(location: string, kind: string, cookies: readonly string[] = []): Answer {
  return { status: 302, headers: { Location: location }, body: "", kind, cookies };
}

/** The fields of a posted form, or of an object in JSON; empty where the body is neither. */
export async function formFields(exchange: Exchange): Promise<URLSearchParams> {
  const type = exchange.headers["content-type"] ?? "";
  if (type.startsWith("multipart/form-data")) {
    const form = await new Response(new Uint8Array(exchange.body), { headers: { "Content-Type": type } }).formData();
    const fields = new URLSearchParams();
    for (const [name, value] of form.entries()) if (typeof value === "string") fields.append(name, value);
    return fields;
  }
  const text = exchange.body.toString("utf8");
  return type.startsWith("application/json") ? textsOf(text) : new URLSearchParams(text);
}

/** The texts of a JSON object, as fields. */
function textsOf(json: string): URLSearchParams {
  const texts = Object.entries(jsonObject(json)).map(([name, text]): [string, string] => [name, String(text)]);
  return new URLSearchParams(texts);
}

/** An object in JSON; empty where the text is something else. */
export function jsonObject(json: string): object {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    // Not JSON, though its type says so: the fields that are missing then decide the answer.
    return {};
  }
}

export function parseCookies(header: string | undefined): Map<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of (header ?? "").split(";")) {
    const at = pair.indexOf("=");
    if (at > 0) cookies.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim());
  }
  return cookies;
}

const BODY_LIMIT_BYTES = 256 * 1024;

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size <= BODY_LIMIT_BYTES) chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

export function writeAnswer(response: ServerResponse, answer: Answer): void {
  const body = Buffer.from(answer.body ?? "", "utf8");
  const headers: Record<string, string | string[]> = { ...answer.headers, "Content-Length": String(body.length) };
  if (answer.cookies !== undefined && answer.cookies.length > 0) headers["Set-Cookie"] = [...answer.cookies];
  response.writeHead(answer.status, headers);
  response.end(body);
}

/** A listening server; the port 0 means any free one. */
export function listen(
  host: string,
  port: number,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ server: Server; port: number }> {
  return new Promise((resolve, reject) => {
    const server = createServer(handle);
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const address = server.address();
      resolve({ server, port: typeof address === "object" && address !== null ? address.port : port });
    });
  });
}

/** Ends a server at once, hanging requests included. */
export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
