import { describe, expect, test } from "vitest";
import { identify } from "../../src/database/index.js";

const G1 = "643007572000000001";
const G2 = "643007572000000002";
const listed = (assetId: string, gsrn: string | null = null, kind: "consumption" | "production" = "consumption") => ({
  assetId,
  gsrn,
  kind,
});
const known = (id: string, values: { assetId?: string; gsrn?: string; kind?: "production"; seen?: number } = {}) => ({
  id,
  assetId: values.assetId ?? id,
  gsrn: values.gsrn ?? null,
  kind: values.kind ?? ("consumption" as const),
  lastSeenEpochMs: values.seen ?? 0,
});
const idsOf = (...lists: Parameters<typeof identify>) => Object.fromEntries(identify(...lists));

describe("a metering point that is listed", () => {
  test("for the first time is given its asset id", () => {
    expect(idsOf([listed("A1", G1), listed("A2")], [])).toEqual({ A1: "A1", A2: "A2" });
  });

  test("is known by its asset id, whatever its GSRN", () => {
    expect(idsOf([listed("A1", G2)], [known("A1", { gsrn: G1 })])).toEqual({ A1: "A1" });
  });

  test("with another asset id is the same one by GSRN and kind, time and again", () => {
    expect(idsOf([listed("A9", G1)], [known("A1", { gsrn: G1 })])).toEqual({ A9: "A1" });
    expect(idsOf([listed("A12", G1)], [known("A1", { assetId: "A9", gsrn: G1 })])).toEqual({ A12: "A1" });
    expect(idsOf([listed("A1", G1)], [known("A1", { assetId: "A9", gsrn: G1 })])).toEqual({ A1: "A1" });
  });

  test("with another asset id is another one while the old id is still listed", () => {
    expect(idsOf([listed("A1", G1), listed("A9", G1)], [known("A1", { gsrn: G1 })])).toEqual({ A1: "A1", A9: "A9" });
  });

  test("with the GSRN of one of another kind is another one", () => {
    expect(idsOf([listed("A9", G1, "production")], [known("A1", { gsrn: G1 })])).toEqual({ A9: "A9" });
  });

  test("of which only the GSRN was known keeps that as its id", () => {
    expect(idsOf([listed("A1", G1)], [known(G1, { gsrn: G1 })])).toEqual({ A1: G1 });
  });

  test("of two with its GSRN is the one that was seen last", () => {
    const both = [known("A1", { gsrn: G1, seen: 1 }), known("A2", { gsrn: G1, seen: 2 })];
    expect(idsOf([listed("A9", G1)], both)).toEqual({ A9: "A2" });
  });

  test("with an asset id that is another one's id is given another", () => {
    expect(idsOf([listed("A1", G2)], [known("A1", { assetId: "A9", gsrn: G1 })])).toEqual({ A1: G2 });
    expect(idsOf([listed("A1")], [known("A1", { assetId: "A9", gsrn: G1 })])).toEqual({ A1: "A1 2" });
  });
});
