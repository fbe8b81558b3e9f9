import type { ServerResponse } from "node:http";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { expect } from "vitest";
import { type Received, until } from "../support/caruna.js";
import { type EngineWorld, HOUR_MS, type Program, problemOf } from "../sync/engine-world.js";
import { differences, meteredRows, publishedRows } from "../sync/truth.js";
import { interceptedWorld, send } from "./intercepted.js";

const MEBIBYTE = 1024 * 1024;
/** What a process may grow by at the most while it is flooded: eight answers at their longest, each some times over. */
const MOST_GROWTH_BYTES = 300 * MEBIBYTE;

/** The answers that a flood may come in place of. */
export const STAGES: readonly [string, (received: Received) => boolean][] = [
  ["the login page", ({ method, address }) => method === "GET" && address.startsWith("/portal/login")],
  ["the answer to the password", ({ method, address }) => method === "POST" && address.startsWith("/portal/login")],
  ["the token answer", ({ address }) => address === "/api/authorization/token"],
  ["the list of metering points", ({ address }) => /\/assets(\/meteringpoints)?$/.test(address)],
  ["the hours of a day", ({ address }) => /\/energy\?.*timespan=daily/.test(address)],
];

const ZEROS = Buffer.alloc(16 * MEBIBYTE);
const GZIPPED = gzipSync(ZEROS);
/** 4 GiB of zeros, as many gzip files in a row: 4 MB. */
const GZIP_BOMB = Buffer.concat(Array.from({ length: 256 }, () => GZIPPED));

const compressed = (encoding: string, body: Buffer) => (response: ServerResponse) => {
  response.writeHead(200, { "Content-Type": "text/html", "Content-Encoding": encoding }).end(body);
};

/** Writes for as long as somebody reads. */
function endless(response: ServerResponse, part: Buffer, headers: Record<string, string>): void {
  response.writeHead(200, headers);
  const more = () => {
    while (!response.destroyed) if (!response.write(part)) return void response.once("drain", more);
  };
  more();
}

/** Answers that are larger than anybody wants. */
export const FLOODS: readonly [string, (response: ServerResponse) => void][] = [
  ["a gzip bomb of 4 GiB", compressed("gzip", GZIP_BOMB)],
  ["a brotli bomb", compressed("br", brotliCompressSync(ZEROS))],
  ["a body without end", (response) => endless(response, Buffer.alloc(MEBIBYTE, " "), {})],
  [
    "a body without end, of a gzip file after the other",
    (response) => endless(response, GZIPPED, { "Content-Encoding": "gzip" }),
  ],
];

const raw = (text: string) => (response: ServerResponse) => void response.socket?.end(text);

/** Headers for as long as somebody reads. */
function endlessHeaders({ socket }: ServerResponse): void {
  const more = () => void (socket?.writable && socket.write(`X-Header: ${"x".repeat(1000)}\r\n`, more));
  socket?.write("HTTP/1.1 200 OK\r\n", more);
}

const NO_HTTP = /no HTTP that we know/;
const DAMAGED = /it cannot be unpacked/;
const PAGE = Buffer.from("<html><title>Kirjaudu</title></html>");

/** A page of an error, which its status does not tell. */
const errorPage = (text: string) => (response: ServerResponse) => {
  const page = `<html><head><title>Virhe</title></head><body><h1>${text}</h1></body></html>`;
  response.writeHead(200, { "Content-Type": "text/html;charset=UTF-8" }).end(page);
};

/** Answers that are none, and how the program tells of them. */
export const GARBLED: readonly [string, (response: ServerResponse) => void, RegExp][] = [
  ["an error page with status 200", errorPage("Jotain meni pieleen"), /not as it was|a page in place of data/],
  ["a page of maintenance with status 200", errorPage("Huoltokatko"), /out of reach: .*|a page in place of data/],
  ["nothing", (response) => void response.end(), /not as it was|not understood/],
  ["headers without end", endlessHeaders, /the headers of its answer are larger than 64 KB/],
  ["no HTTP", raw("SSH-2.0-OpenSSH_9.2\r\n"), NO_HTTP],
  ["two lengths", raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef"), NO_HTTP],
  ["a broken chunk", raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc"), NO_HTTP],
  ["text that is called gzip", compressed("gzip", PAGE), DAMAGED],
  ["text that is called Brotli", compressed("br", PAGE), DAMAGED],
  ["gzip in gzip", compressed("gzip, gzip", gzipSync(gzipSync(PAGE))), /not understood|not as it was/],
  ["an encoding that nobody knows", compressed("caruna", gzipSync(PAGE)), /not understood|not as it was/],
];

/** A cycle in which answers of one kind are others. */
async function floodedCycle(isMeant: (received: Received) => boolean, answer: (response: ServerResponse) => void) {
  const { interception, world } = await interceptedWorld();
  const program = await world.start({ isGuarded: true });
  const sent: ServerResponse[] = [];
  interception.between = async (received, response, pass) => {
    if (!isMeant(received)) return send(response, await pass());
    sent.push(response);
    answer(response);
  };
  const problem = await problemOf(program);
  // A page in place of data is worth one new login: the token may have ended.
  expect(world.simulator.passwordPosts).toBeLessThanOrEqual(2);
  interception.between = undefined;
  return { world, program, problem, sent };
}

/** The cycle an hour later, when all is well again, brings every hour, and nothing is held against the password. */
async function expectGoodCycle(world: EngineWorld, program: Program): Promise<void> {
  world.nowEpochMs += HOUR_MS;
  await program.cycle();
  const stored = await meteredRows(world.database);
  expect(stored.length).toBeGreaterThan(0);
  expect(differences(stored, publishedRows(world.simulator, world.nowEpochMs))).toEqual([]);
  expect(world.simulator.passwordPosts).toBeLessThanOrEqual(3);
  expect(await world.database.query("SELECT FROM login_guard")).toEqual([]);
}

/** The stages at which a garbled answer is another thing each time: a page, a part of the login in JSON, data. */
export const STAGES_OF_GARBLED = STAGES.filter(([stage]) =>
  ["the login page", "the token answer", "the hours of a day"].includes(stage),
);

type Stage = (typeof STAGES)[number];

/** A flood is not read to its end, and costs one cycle. */
export async function expectHarmlessFlood([, isMeant]: Stage, [, flood]: (typeof FLOODS)[number]): Promise<void> {
  const bytesBefore = process.resourceUsage().maxRSS * 1024;
  const { world, program, problem, sent } = await floodedCycle(isMeant, flood);
  expect(problem?.message).toContain("larger than we are willing to read");
  // No more than the requests that were under way together, none of them again.
  expect(sent.length).toBeGreaterThan(0);
  expect(sent.length).toBeLessThanOrEqual(4);
  await until(() => sent.every(({ destroyed, writableFinished }) => destroyed || writableFinished));
  expect(process.resourceUsage().maxRSS * 1024 - bytesBefore).toBeLessThan(MOST_GROWTH_BYTES);
  await expectGoodCycle(world, program);
}

/** A garbled answer is told in words, and costs one cycle. */
export async function expectToldInWords(
  [, isMeant]: Stage,
  [, answer, words]: (typeof GARBLED)[number],
): Promise<void> {
  const { world, program, problem } = await floodedCycle(isMeant, answer);
  expect(problem?.message).toMatch(words);
  expect(problem?.message).toContain("Caruna+");
  await expectGoodCycle(world, program);
}

/** Each stage with each answer, for tables of tests. */
export function everyPair<One extends readonly [string, ...unknown[]], Other extends readonly [string, ...unknown[]]>(
  stages: readonly One[],
  answers: readonly Other[],
): [string, string, One, Other][] {
  return stages.flatMap((stage) =>
    answers.map((answer): [string, string, One, Other] => [answer[0], stage[0], stage, answer]),
  );
}
