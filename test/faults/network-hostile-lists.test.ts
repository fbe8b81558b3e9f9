import { describe, expect, it } from "vitest";
import { readContracts, readMeteringPoints } from "../../src/caruna/api/answers.js";
import { LoginChanged } from "../../src/caruna/index.js";
import { clientOf, errorOf, portalOf, sendJson, sendRedirect, tokenAnswer } from "../support/caruna.js";

const METER = { type: "meteringPoint", assetId: "A1" };
const read = (...items: unknown[]) => readMeteringPoints("GET /list", JSON.stringify(items), "1");

describe("a metering point with a hostile id is named, and costs no other", () => {
  it.each([".", "..", "A\u0000", "A\ud800", "A\n", "A".repeat(201)])("%j", (assetId) => {
    const { meteringPoints, unreadable } = read({ ...METER, assetId }, METER);
    expect(meteringPoints.map((point) => point.assetId)).toEqual(["A1"]);
    expect(unreadable).toEqual([expect.stringMatching(/^item 1: assetId: /)]);
  });

  it.each(["A/../B", "A?x=1#y", "A%2F", "Å 1"])("one that an address can carry is taken as it is: %j", (assetId) => {
    expect(read({ ...METER, assetId }).meteringPoints.map((point) => point.assetId)).toEqual([assetId]);
  });
});

it("what no table can hold of a name or an address is marked as unreadable", () => {
  const [point] = read({
    ...METER,
    address: { streetName: "Tie\u0000" },
    contractProductDesc: "Y\udc00",
  }).meteringPoints;
  expect(point).toMatchObject({ address: "Tie\ufffd", productDescription: "Y\ufffd" });
});

describe("a contract's date that no calendar has is not told", () => {
  it.each([
    ["2026-02-31", null],
    ["+275760-09-12T00:00:00Z", null],
    ["0001-01-01", null],
    ["2026-01-01T99:00:00Z", null],
    ["heti", null],
    ["2026-01-31", "2026-01-31"],
    ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"],
  ])("%s", (startDate, told) => {
    const body = JSON.stringify({ contracts: [{ id: "1", assetId: "A1", startDate }] });
    expect(readContracts("GET /contracts", body).contracts[0]?.startDate).toBe(told);
  });
});

it("a customer number that no address can carry ends the login with words, not with a fault of ours", async () => {
  const portal = await portalOf({
    "/first": (_, response) => sendRedirect(response, "/done"),
    "/api/authorization/token": (_, response) =>
      sendJson(response, tokenAnswer({ user: { ownCustomerNumbers: ["5\ud800"] } })),
  });
  const error = await errorOf(clientOf(portal.url).client.meteringPoints());
  expect(error).toBeInstanceOf(LoginChanged);
  expect(error.message).toContain("customer number");
});
