import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LoginChanged } from "../../src/caruna/index.js";
import { readToken } from "../../src/caruna/login/portal.js";
import { ailment } from "../../src/daemon/health.js";
import { clientOf, errorOf, portalOf, sendHtml, simulatorFor } from "../support/caruna.js";
import { inputsFrom } from "./inputs.js";
import { largeFor } from "./large.js";
import { feed, PARSERS } from "./parsers.js";
import { recordings } from "./recordings.js";

const INPUTS_A_PARSER = 150;

const recorded = await recordings();
const inputsOf = inputsFrom(recorded);

it("the recordings hold pages and answers of every kind", () => {
  const texts = recorded.map(({ status, headers, body }) => `${status} ${JSON.stringify(headers)} ${body}`);
  for (const word of [
    "Wicket.Ajax.ajax",
    "ajax-location",
    "<redirect>",
    'http-equiv="refresh"',
    "feedback",
    "vahvistuskoodi",
    "huolto",
    "errorGenericPage",
    '"token"',
    '"contracts"',
    '"meteringPoint"',
    '"postalAddress"',
    '"totalConsumption"',
    '"usedownenergy"',
    "set-cookie",
  ]) {
    expect(
      texts.filter((text) => text.toLowerCase().includes(word.toLowerCase())),
      word,
    ).not.toEqual([]);
  }
});

describe.each(Object.entries(PARSERS))("the parser of: %s", (name, parser) => {
  it("takes any text with a result within its type, or throws its own error", () => {
    fc.assert(
      fc.property(inputsOf(parser), (text) => feed(name, text)),
      { numRuns: INPUTS_A_PARSER },
    );
  });
});

const large = Object.entries(PARSERS).flatMap(([name, { kind }]) =>
  Object.entries(largeFor(kind)).map(([what, make]) => ({ name, what, make })),
);

// Each would take minutes, had the time of one of its steps grown with the square of its length.
it.each([...new Set(large.map(({ what }) => what))])("the parsers take %s, or throw their own errors", (text) => {
  for (const { name, what, make } of large) if (what === text) feed(name, make());
});

describe("a page of the login that is too large to be one", () => {
  it.each([
    ["characters", "x".repeat(1024 * 1024 + 1)],
    ["elements", "<i></i>".repeat(10_000)],
    ["attributes", `<i ${Array.from({ length: 200 }, (_, index) => `a${index}`).join(" ")}></i>`.repeat(101)],
    ['characters "<"', "< ".repeat(100_001)],
    ["forms", "<form></form>".repeat(101)],
    ["fields and buttons", `<form>${"<input>".repeat(2001)}`],
    ["calls of Wicket", `<script>${"Wicket.Ajax.ajax({});".repeat(501)}</script>`],
  ])("is refused for its %s", async (what, page) => {
    const portal = await portalOf({ "/first": (_, response) => sendHtml(response, page) });
    const error = await errorOf(clientOf(portal.url).client.customerNumbers());
    expect(error).toBeInstanceOf(LoginChanged);
    expect(error.message).toMatch(new RegExp(`a page of more than \\d+ ${what}`));
  });
});

describe("bytes that are no UTF-8", () => {
  const page = "<p>Huoltokatko: käyttäjä, älä yritä.</p>";
  it.each<[string, Buffer]>([
    ["UTF-16", Buffer.from(`\uFEFF${page}`, "utf16le")],
    ["Latin-1", Buffer.from(page, "latin1")],
    ["half of a character", Buffer.from(page).subarray(0, 24)],
    ["none at all", Buffer.from([0xff, 0xfe, 0xfd, 0x00, 0xc0, 0x80])],
  ])("end the login with an error of ours: %s", async (_, bytes) => {
    const portal = await portalOf({ "/first": (_request, response) => void response.end(bytes) });
    const error = await errorOf(clientOf(portal.url).client.customerNumbers());
    expect(error.name).toMatch(/^(?:LoginChanged|CarunaUnreachable)$/);
  });

  it("a byte order mark before an answer is no part of it", async () => {
    const simulator = await simulatorFor();
    simulator.answerNext({
      pathIncludes: "/info",
      answer: { status: 200, headers: {}, body: '\uFEFF{"id":"5","name":"Aino"}' },
    });
    const { client } = clientOf(simulator.plusUrl, simulator.authUrl);
    expect(await client.customer("5")).toMatchObject({ name: "Aino" });
  });
});

describe("the end of a token", () => {
  const body = (expiresAt: string) =>
    `{"token":"t","expiresAt":${expiresAt},"user":{"ownCustomerNumbers":["5"],"representedCustomerNumbers":[]}}`;
  const read = (expiresAt: string) =>
    readToken({ status: 200, headers: new Map(), body: body(expiresAt) }, new URL("https://plus.caruna.fi/"));

  it.each(["1e300", "8640000000001", "-1", "0", "1e309"])("at %s seconds is none", (expiresAt) => {
    expect(() => read(expiresAt)).toThrow(LoginChanged);
  });

  it("is told in seconds", () => {
    expect(read("1673344144").expiresAtEpochMs).toBe(1_673_344_144_000);
  });
});

describe("the health file", () => {
  it.each(["1e300", "-1e300", "8640000000000001"])("with the impossible time %s counts as unreadable", async (time) => {
    const directory = await mkdtemp(join(tmpdir(), "health-"));
    try {
      const file = join(directory, "health.json");
      await writeFile(file, `{"endedEpochMs":${time},"nextDueEpochMs":0,"problem":null}`);
      expect(await ailment(file, 1)).toContain("nothing readable");
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
