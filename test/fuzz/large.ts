import type { Kind } from "./inputs.js";

const MEGABYTE = 1_000_000;

/** Pieces up to this length in all. */
function many(piece: string, length = MEGABYTE): string {
  return piece.repeat(Math.floor(length / piece.length));
}

/**
 * What is large or deep, which random texts seldom are; as large as it can be without being refused for its size, where that
 * can be. Made when asked for: together they are many megabytes.
 */
const LARGE: Readonly<Record<"markup" | "json" | "words", Readonly<Record<string, () => string>>>> = {
  markup: {
    "tags nested 20,000 deep": () => "<div>".repeat(20_000),
    "messages nested 9,000 deep": () => `${"<div class=error>".repeat(9000)}No`,
    "9,000 messages beside each other": () => "<div class=error>x</div>".repeat(9000),
    "an attribute of a megabyte": () => `<input name="${"x".repeat(MEGABYTE)}">`,
    "attributes without end": () => `<input ${Array.from({ length: 100_000 }, (_, index) => `a${index}=1`).join(" ")}>`,
    "fields in fieldsets in fieldsets": () => `<form>${"<fieldset>".repeat(5000)}${"<input name=a>".repeat(1900)}`,
    "fields with labels": () =>
      `<form>${"<input name=a id=b>".repeat(1900)}${"<label for=c>x</label>".repeat(7000)}<label for=b>${many("word ", 200_000)}`,
    "fields between the tags of a table": () => `<table><form>${"<tr><td><input name=a id=b>".repeat(1900)}`,
    "fields of other forms": () =>
      `${"<form id=f></form>".repeat(99)}${Array.from({ length: 1900 }, () => "<input form=f>").join("")}`,
    "forms with calls": () =>
      `<script>${'Wicket.Ajax.ajax({"u":"./x-p","c":"i"});'.repeat(490)}</script>${"<form action='?1-1.-p'><input type=password name=p><input type=submit></form>".repeat(90)}`,
    "open formatting in every paragraph": () =>
      `${Array.from({ length: 5000 }, (_, index) => `<b id=${index}>`).join("")}${many("<p>", 100_000)}`,
    "an Ajax answer nested 20,000 deep": () => `<ajax-response>${"<a>".repeat(20_000)}`,
    "an Ajax answer of open parts": () => `<ajax-response>${many("<redirect ")}`,
    "an Ajax answer of open data": () => `<ajax-response><component>${many("<![CDATA[")}</component>`,
    "an Ajax answer of many parts": () =>
      `<ajax-response>${"<component><![CDATA[<p class=error>x]]></component>".repeat(4000)}`,
    "one word of a script": () => `<script>${many("a")}</script>`,
    "a script of open texts": () => `<script>${many('"\\')}</script>`,
    "a script of open templates": () => `<script>${many("`\\")}</script>`,
    "a script of open comments": () => `<script>${many("/*")}</script>`,
    "a script of open calls": () => `<script>${many("a.b({")}</script>`,
    "a script of dots": () => `<script>${many("a.")}</script>`,
    "a script with an open address": () => `<script>location='${many("a")}</script>`,
    "calls of Wicket that are open": () => `<script>${'Wicket.Ajax.ajax({"u":"'.repeat(490)}${many('"u":')}</script>`,
    "a refresh of digits": () => `<meta http-equiv=refresh content='${many("1")}'>`,
    "a refresh of spaces": () => `<meta http-equiv=refresh content='0${many(" ")}'>`,
  },
  json: {
    "JSON nested 20,000 deep": () => "[".repeat(20_000) + "]".repeat(20_000),
    "objects nested 20,000 deep": () => `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`,
    "a row of a hundred thousand bad parts": () =>
      JSON.stringify([
        {
          timestamp: "2025-03-30T00:00:00+02:00",
          totalConsumption: 1,
          invoicedConsumptionByTransferProductParts: Object.fromEntries(
            Array.from({ length: 100_000 }, (_, index) => [`p${index}`, "x"]),
          ),
        },
      ]),
  },
  words: {
    "an attribute that every object has": () =>
      "<form constructor id=a><input constructor=b name=c action<constructor=d>",
    "spaces without end": () => many(" "),
    "spaces between": () => `x${many(" ")}x`,
    "letters without end": () => many("x"),
    "digits without end": () => many("1"),
    "ats without end": () => many("a@"),
    "sentences without end": () => many("a. "),
    "less-than signs without end": () => many("<"),
    "quotes without end": () => many("'"),
    "lines without end": () => many("A=1\n", 200_000),
    "names without end": () => Array.from({ length: 20_000 }, (_, index) => `A${index}=1`).join("\n"),
    "blank lines without end": () => many("\n"),
    "one name again and again": () => many("NAME=1\n", 200_000),
    "open quotes of one name": () => many("NAME='x\n", 200_000),
  },
};

/** Those that a parser may meet: no parser of settings reads pages, but words stand everywhere. */
export function largeFor(kind: Kind): Readonly<Record<string, () => string>> {
  const own = kind === "words" ? {} : LARGE[kind === "json" ? "json" : "markup"];
  return { ...own, ...LARGE.words };
}
