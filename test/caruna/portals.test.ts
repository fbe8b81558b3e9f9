import { describe, expect, it } from "vitest";
import { clientOf } from "../support/caruna.js";
import { PAGES_BETWEEN } from "./portals/pages-between.js";
import { ACCOUNT, fieldsIn, type Portal, serve } from "./portals/portal.js";
import { PRODUCTS } from "./portals/products.js";
import { ROUND_ONE } from "./portals/round-one.js";
import { ROUND_TWO } from "./portals/round-two.js";
import { SECOND } from "./portals/second.js";
import { TRAPS } from "./portals/traps.js";
import { VARIETY } from "./portals/variety.js";

/** Logs in to a portal, and holds the login to what is true of every one. */
async function logInTo(portal: Portal): Promise<void> {
  const server = await serve(portal.pages);
  const { client } = clientOf(server.url, server.url, ACCOUNT);
  const ended = await client.customerNumbers().then(
    () => undefined,
    (error: unknown) => error,
  );
  const sent = server.received.flatMap((request) => [...fieldsIn(request)]);
  const passwords = server.received.filter((request) => [...fieldsIn(request).values()].includes(ACCOUNT.password));
  const trace = server.received
    .map(({ method, address, body }) => `${method} ${address} ${body.slice(0, 300)}`)
    .join("\n");
  expect(
    server.received
      .map(({ address }) => decodeURIComponent(address))
      .filter((address) => address.includes(ACCOUNT.password)),
  ).toEqual([]);
  expect(sent.map(([name]) => name).filter((name) => portal.never?.includes(name))).toEqual([]);
  if (portal.ends === undefined) expect(ended, trace).toBeUndefined();
  else {
    expect(ended, trace).toMatchObject({ name: portal.ends.error });
    expect(String(ended)).toContain(portal.ends.says);
  }
  expect(passwords.length, trace).toBe(portal.posts ?? 1);
}

describe.each([
  ["identity providers", PRODUCTS],
  ["pages between", PAGES_BETWEEN],
  ["traps", TRAPS],
  ["variety", VARIETY],
  ["a second set", SECOND],
  ["round one", ROUND_ONE],
  ["round two", ROUND_TWO],
] as const)("%s", (_, portals) => {
  it.each(portals.map((portal) => [portal.name, portal] as const))(
    "%s",
    async (_name, portal) => await logInTo(portal),
  );
});
