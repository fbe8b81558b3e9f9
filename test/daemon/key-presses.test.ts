import { expect, test } from "vitest";
import { KeyPresses } from "../../src/daemon/key-presses.js";

const ESC = "\u001b";

test.each([
  ["a letter", "q"],
  ["Enter", "\r"],
  ["Ctrl-C", "\u0003"],
  ["ä in UTF-8", "\u00c3\u00a4"],
  ["an arrow", `${ESC}[A`],
  ["an arrow in application mode", `${ESC}OA`],
  ["an arrow with Shift, in rxvt", `${ESC}[c`],
  ["F1", `${ESC}OP`],
  ["F1 of the Linux console", `${ESC}[[A`],
  ["F3 with Shift", `${ESC}[1;2R`],
  ["F5", `${ESC}[15~`],
  ["Insert", `${ESC}[2~`],
  ["Shift-Tab", `${ESC}[Z`],
  ["Alt-a", `${ESC}a`],
  ["Escape twice", `${ESC}${ESC}`],
  ["a key as kitty sends it", `${ESC}[97;5u`],
  ["pasted text", `${ESC}[200~text${ESC}[201~`],
  ["a key after a report", `${ESC}[Iq`],
])("%s is a key", (_, bytes) => {
  expect(new KeyPresses().hasKey(bytes)).toBe(true);
});

test.each([
  ["focus gained", `${ESC}[I`],
  ["focus lost", `${ESC}[O`],
  ["the mouse (SGR)", `${ESC}[<0;12;7M${ESC}[<0;12;7m`],
  ["the mouse (X10)", `${ESC}[M !"`],
  ["the mouse far to the right (X10)", `${ESC}[M \u00ff\u00ff`],
  ["the mouse (urxvt)", `${ESC}[32;12;7M`],
  ["the cursor's position", `${ESC}[24;1R`],
  ["the cursor's position, with its page", `${ESC}[?24;1;1R`],
  ["device attributes", `${ESC}[?62;1;22c`],
  ["secondary device attributes", `${ESC}[>41;367;0c`],
  ["the status", `${ESC}[0n`],
  ["a mode", `${ESC}[?2026;2$y`],
  ["the size of the window", `${ESC}[8;24;80t`],
  ["the flags of kitty's keyboard", `${ESC}[?0u`],
  ["the marks of an empty paste", `${ESC}[200~${ESC}[201~`],
  ["a colour", `${ESC}]11;rgb:1e1e/1e1e/1e1e${ESC}\\`],
  ["a colour that ends with BEL", `${ESC}]10;rgb:ffff/ffff/ffff\u0007`],
  ["the name of the terminal", `${ESC}P>|XTerm(367)${ESC}\\`],
  ["a capability", `${ESC}P1+r544e=787465726d${ESC}\\`],
  ["kitty's graphics", `${ESC}_Gi=31;OK${ESC}\\`],
])("%s is no key, whole or cut in two anywhere", (_, bytes) => {
  expect(new KeyPresses().hasKey(bytes)).toBe(false);
  for (let cut = 1; cut < bytes.length; cut += 1) {
    const keys = new KeyPresses();
    expect([keys.hasKey(bytes.slice(0, cut)), keys.hasKey(bytes.slice(cut))]).toEqual([false, false]);
    expect(keys.hasKey("q")).toBe(true);
  }
});

test.each([
  ["Escape", ESC],
  ["Alt with [", `${ESC}[`],
  ["F11 with Shift, in rxvt", `${ESC}[23$`],
])("%s may be the beginning of a report: time tells", (_, bytes) => {
  const keys = new KeyPresses();
  expect([keys.hasKey(bytes), keys.isEscapePending]).toEqual([false, true]);
});

test("a report that is cut off for good is no key", () => {
  const keys = new KeyPresses();
  expect([keys.hasKey(`${ESC}[?62;`), keys.isEscapePending]).toEqual([false, false]);
});
