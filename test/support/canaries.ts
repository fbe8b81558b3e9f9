import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { request as ask, createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { expect } from "vitest";
import { type Simulator, type SimulatorOptions, startSimulator } from "../../src/simulator/index.js";

/** What must never be seen again. Each stands where the service keeps something personal or secret. */
export const CANARIES = {
  user: "Canary.User@canary-account.example",
  password: "Canary/Pass word+€&=Qx",
  customer: "9988776655",
  gsrn: "643007599887766001",
  assetId: "FSK9988776",
  street: "Kanarianpolku",
  cookie: "CanaryCookieQx",
  header: "CanaryHeaderQx",
  hidden: "CanaryHiddenQx",
  attribute: "CanaryAttributeQx",
  query: "CanaryQueryQx",
  script: "CanaryScriptQx",
  comment: "CanaryCommentQx",
  text: "CanaryTextQx",
  json: "CanaryJsonQx",
  mail: "canary.person@canary-mail.example",
  number: "8877665544",
} as const;

/** In a title and in a reason, which errors repeat in Caruna's words, what may be personal is an address or a number. */
const PERSONAL = ` ${CANARIES.mail} ${CANARIES.number}`;

export interface CanaryService {
  readonly simulator: Simulator;
  /** Values that went over the wire as cookies, hidden fields, codes, states and tokens. */
  readonly wire: ReadonlySet<string>;
  /** Throws where the proxy itself has failed. */
  stop(): Promise<void>;
}

/** A simulator behind a proxy that puts canaries into every cookie, header, field and text of its answers. */
export async function canaryService(options: SimulatorOptions = {}): Promise<CanaryService> {
  const wire = new Set<string>();
  const faults: string[] = [];
  const targets: { plus?: number; auth?: number } = {};
  const plus = await listen((request, response) => pass(request, response, targets.plus, wire), faults);
  const auth = await listen((request, response) => pass(request, response, targets.auth, wire), faults);
  const address = { streetName: CANARIES.street, houseNumber: "7", postalCode: "02780", postOffice: CANARIES.street };
  const { customer: customerNumber, assetId, gsrn } = CANARIES;
  const simulator = await startSimulator({
    ...{ plusUrl: plus.url, authUrl: auth.url, user: CANARIES.user, password: CANARIES.password, publishHour: 0 },
    meters: [{ customerNumber, assetId, gsrn, address }],
    ...options,
  });
  targets.plus = simulator.port;
  targets.auth = simulator.authPort;
  const stop = async () => {
    for (const { server } of [plus, auth]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    await simulator.stop();
    if (faults.length > 0) throw new Error(`the proxy of the test failed: ${faults.join("; ")}`);
  };
  return { simulator, wire, stop };
}

async function listen(handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>, faults: string[]) {
  const server: Server = createServer((request, response) => {
    // A connection that the simulator cuts is cut here too; a fault of the proxy must not look like one.
    handle(request, response).catch((error: unknown) => {
      if (!(error instanceof Error && "code" in error)) faults.push(String(error));
      response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return { server, url: `http://127.0.0.1:${address.port}` };
}

async function pass(
  request: IncomingMessage,
  response: ServerResponse,
  port: number | undefined,
  wire: Set<string>,
): Promise<void> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const { method = "GET", url: path = "/", headers } = request;
    request.pipe(ask({ host: "127.0.0.1", port, method, path, headers, agent: false }, resolve).on("error", reject));
  });
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(Buffer.from(chunk));
  const body = Buffer.concat(chunks).toString("utf8");
  const cookies = answer.headers["set-cookie"] ?? [];
  note(wire, [...cookies, answer.headers.location ?? "", body]);
  const changed = withCanaries(body);
  response.writeHead(answer.statusCode ?? 500, {
    ...answer.headers,
    "content-length": Buffer.byteLength(changed),
    "content-type": `${answer.headers["content-type"] ?? "text/plain"}; canary=${CANARIES.header}`,
    "set-cookie": [...cookies, `canary=${CANARIES.cookie}; Path=/`, `personal=${CANARIES.number}; Path=/`],
    "x-canary": CANARIES.header,
    server: CANARIES.header,
  });
  response.end(changed);
}

/** What a thief would look for: long values of cookies, hidden fields, addresses and JSON. */
function note(wire: Set<string>, texts: readonly string[]): void {
  const values = texts.flatMap((text) => [
    ...[...text.matchAll(/(?<=[?&;][\w-]+=|^[\w-]+=)[\w.%-]{12,}/g)].map(([value]) => value),
    ...[...text.matchAll(/(?:value|"(?:token|hashedUserId)")\s*[=:]\s*"([^"]{12,})"/g)].map(([, value = ""]) => value),
  ]);
  for (const value of values) if (!/^https?/.test(value)) wire.add(value);
}

function withCanaries(body: string): string {
  const start = body.trimStart();
  if (start.startsWith("{") || start.startsWith("[")) return jsonWithCanaries(start);
  return start.startsWith("<")
    ? markupWithCanaries(body)
    : `${body}${body === "" ? "" : `${PERSONAL} ${CANARIES.text}`}`;
}

function jsonWithCanaries(body: string): string {
  return JSON.stringify(seeded(JSON.parse(body)));
}

function seeded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(seeded);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).map(([key, inner]) => [
    key,
    key === "msg" ? `${inner}${PERSONAL}` : seeded(inner),
  ]);
  return { ...Object.fromEntries(fields), canary: CANARIES.json, canaries: [CANARIES.mail, { deep: CANARIES.json }] };
}

function markupWithCanaries(body: string): string {
  const { hidden, attribute, query, script, comment, text } = CANARIES;
  return body
    .replace(/<\/title>/g, `${PERSONAL}</title>`)
    .replace(/<\/span>/g, `${PERSONAL}</span>`)
    .replace(
      /<body([^>]*)>/g,
      `<body$1 data-canary="${attribute}"><!-- ${comment} --><p title=${attribute}>${text} ${PERSONAL}.</p>
<a href="/canary?${query}" hreflang="${attribute}"></a><a href="/logout?canary=${query}">Kirjaudu ulos</a>
<script>// ${comment}
var canary = "${script}"; Canary.track("${script}", { user: "${script}", "mail": '${PERSONAL}' });</script>`,
    )
    .replace(/<\/form>/g, `<input type="hidden" name="canary" id="${hidden}" value="${hidden}"></form>`)
    .replace(
      /<\/ajax-response>/g,
      `<component id="${attribute}"><![CDATA[<p id="${attribute}">${text} ${PERSONAL}</p>]]></component></ajax-response>`,
    );
}

/** A secret in the ways in which it may be written. */
function waysToWrite(secret: string): string[] {
  return [
    secret,
    secret.toLowerCase(),
    encodeURIComponent(secret),
    new URLSearchParams({ "": secret }).toString().slice(1),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString("base64").replace(/=+$/, ""),
  ];
}

/** Which of the secrets stand in which of the texts, in whatever way they are written. */
export function found(texts: Readonly<Record<string, string>>, secrets: readonly string[]): string[] {
  return Object.entries(texts).flatMap(([name, text]) =>
    secrets
      .filter((secret) => waysToWrite(secret).some((way) => text.includes(way)))
      .map((secret) => `${name}: ${secret}`),
  );
}

/** Every file of a folder by its path in it; fails where one of them may be read by others. */
export function privateFiles(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  for (const name of files) expect([name, statSync(join(folder, name)).mode & 0o077]).toEqual([name, 0]);
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}
