import { describe, expect, test } from "vitest";
import { Listing } from "../../src/sync/index.js";
import { clientFor, collectedLog, simulatorFor } from "../support/caruna.js";
import { at } from "./engine-world.js";

const { signal } = new AbortController();
const POINT = { customerId: "50123456", assetId: "A1", productDescription: null };
const delivering = { assetId: "A1", type: "energyDeliveringContract" };
const NIGHT = "Yösiirto 25 A";
const FLAT = "Yleissiirto 25 A";

/** The listing of one metering point with these contracts. */
async function listingOf(contracts: readonly object[]) {
  const simulator = await simulatorFor({
    meters: [{ assetId: "A1" }],
    refusals: [{ resources: ["contracts"], status: 200, body: JSON.stringify({ contracts }) }],
  });
  const listing = new Listing(clientFor(simulator).client, "all", collectedLog());
  const [listed] = await listing.read(signal);
  const productAt = await listing.productOf(POINT, signal);
  return {
    from: listed?.contractFrom?.toString(),
    to: listed?.contractTo?.toString(),
    at: (wall: string) => productAt(at(wall)),
  };
}

describe("of several contracts that cover an hour", () => {
  test("that of energy delivery counts, and of these the one that began last", async () => {
    const contracts = [
      { id: "1", assetId: "A1", type: "energyJunctionContract", productDescription: FLAT, startDate: "2026-05-01" },
      { ...delivering, id: "2", productDescription: FLAT, startDate: "2020-01-01" },
      { ...delivering, id: "3", productDescription: NIGHT, startDate: "2026-03-01" },
    ];
    for (const order of [contracts, contracts.toReversed()]) {
      const listing = await listingOf(order);
      expect(listing.at("2026-06-01T12:00")).toBe("night");
      expect(listing.at("2026-02-01T12:00")).not.toBe("night");
      expect(listing.from).toBe("2020-01-01");
    }
  });

  test("one that cannot be read, or is of another kind, says nothing about the metering point", async () => {
    const listing = await listingOf([
      { id: "1", type: "energyDeliveringContract", startDate: "2010-01-01", endDate: "2011-01-01" },
      { id: "2", assetId: "A1", type: "energyJunctionContract", startDate: "2001-01-01" },
      { ...delivering, id: "3", productDescription: NIGHT, startDate: "2026-03-01", endDate: "2026-06-30" },
    ]);
    expect([listing.from, listing.to]).toEqual(["2026-03-01", "2026-06-30"]);
    expect(listing.at("2026-04-01T12:00")).toBe("night");
  });
});

test("an end without a time includes that day", async () => {
  const listing = await listingOf([
    { ...delivering, id: "1", productDescription: NIGHT, startDate: "2026-01-01", endDate: "2026-06-30" },
    { ...delivering, id: "2", productDescription: FLAT, startDate: "2026-07-01" },
  ]);
  expect(listing.at("2026-06-30T23:00")).toBe("night");
  expect(listing.at("2026-07-01T00:00")).not.toBe("night");
  expect(listing.to).toBeUndefined();
});
