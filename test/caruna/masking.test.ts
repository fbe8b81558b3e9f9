import { expect, test } from "vitest";
import { maskedName, maskedPath, maskedText } from "../../src/caruna/masking.js";

test("four digits in a row are masked, three are not", () => {
  expect(maskedText("asiakas 1234, virhe 123")).toBe("asiakas …, virhe 123");
  expect(maskedText("x12345y")).toBe("x…y");
  expect(maskedPath(new URL("https://plus.caruna.fi/api/customers/1234/assets/123"))).toBe(
    "/api/customers/…/assets/123",
  );
  expect([maskedName("page1234"), maskedName("page123")]).toEqual(["page…", "page123"]);
});

test.each([
  "\u202A",
  "\u202B",
  "\u202C",
  "\u202D",
  "\u202E",
  "\u2066",
  "\u2067",
  "\u2068",
  "\u2069",
  "\u061C",
  "\u200E",
  "\u200F",
])("what turns the direction of the text is not handed to a terminal: %j", (mark) => {
  expect(maskedText(`Virhe${mark}teksti`)).toBe("Virhe teksti");
});

test("control characters and line breaks become one space", () => {
  expect(maskedText(" a\u001B[31m\r\n\tb\u0000 ")).toBe("a [31m b");
});

test("an e-mail address is masked whole, encoded or not", () => {
  expect(maskedText("tunnus matti@example.com ja matti%40example.com @")).toBe("tunnus …@… ja …@… @");
});
