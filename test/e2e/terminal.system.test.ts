import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { until } from "../support/caruna.js";
import { ENTRY } from "../support/program.js";
import { inTerminal as runInTerminal, terminalStates } from "../support/terminal.js";
import { newWorlds } from "../support/world.js";

const world = newWorlds();

const inTerminal = (commandLine: string) => runInTerminal(commandLine, world.settings, world.folder);

const START = `${process.execPath} ${ENTRY} start`;

test.each([
  ["a letter", "q"],
  ["Enter", "\r"],
  ["Ctrl-C", "\u0003"],
])("%s ends it with exit code 0 and gives the terminal back as it was", async (_, keys) => {
  const terminal = inTerminal(`stty -g; ${START}; echo exit code $?; stty -g`);
  await terminal.says("days loaded");
  terminal.type(keys);
  const { stdout } = await terminal.ended;
  expect(stdout).toContain("exit code 0");
  const states = terminalStates(stdout);
  expect(states).toHaveLength(2);
  expect(states[1]).toBe(states[0]);
});

test("what was typed before is dropped, reports of the terminal are no keys, and an arrow is one", async () => {
  const terminal = inTerminal(`sleep 1; ${START}; echo exit code $?`);
  terminal.type("typed ahead");
  await terminal.shows("press any key to end");
  await terminal.shows("days loaded");
  terminal.type("\u001b[I\u001b[<35;12;7M\u001b[24;1R\u001b[?62;1;22c\u001b[200~\u001b[201~\u001b]11;rgb:0/0/0\u0007");
  // It is still there, and knows nothing of a key.
  await terminal.shows("history:");
  terminal.type("\u001b[A");
  const { stdout } = await terminal.ended;
  expect(stdout.match(/a key was pressed/g)).toHaveLength(1);
  expect(stdout).toContain("exit code 0");
});

test.each(["nohup $0", "trap '' HUP; $0"])("%s: SIGHUP stays ignored, and SIGTERM ends it", async (how) => {
  const file = join(world.folder, "log");
  const settings = { ...world.settings, BACKFILL: "none" };
  const script = `${how.replace("$0", START)} > log 2>&1 & echo $! > pid; read -r line; kill -HUP $!; read -r line; kill $!; wait $!; echo exit code $?`;
  writeFileSync(join(world.folder, "script"), script);
  const terminal = runInTerminal("bash ./script", settings, world.folder);
  await until(() => existsSync(file) && readFileSync(file, "utf8").includes("days loaded"));
  terminal.type("\r");
  await until(() => !existsSync(file) || readFileSync(file, "utf8").includes("days loaded"));
  terminal.type("\r");
  const { stdout } = await terminal.ended;
  expect(readFileSync(file, "utf8")).toContain("SIGTERM received");
  expect(readFileSync(file, "utf8")).not.toContain("SIGHUP received");
  expect(stdout).toContain("exit code 0");
});

test("in the background of a shell it works on, is not stopped, and takes no key", async () => {
  const terminal = inTerminal(
    `set -m; ${START} & jobs; read -r line; echo the shell read $line; jobs; kill %1; wait %1; echo exit code $?`,
  );
  await terminal.says("days loaded");
  terminal.type("hello\r");
  const { stdout } = await terminal.ended;
  expect(stdout).toContain("the shell read hello");
  expect(stdout).not.toMatch(/Stopped/);
  expect(stdout).toContain("exit code 0");
});

test("stopped and fetched to the foreground, a key ends it", async () => {
  const terminal = inTerminal(`set -m; ${START} & read -r line; kill -STOP %1; wait %1; jobs; fg; echo exit code $?`);
  await terminal.says("days loaded");
  terminal.type("\r");
  await terminal.says("Stopped");
  terminal.type("x");
  const { stdout } = await terminal.ended;
  expect(stdout).toContain("a key was pressed");
  expect(stdout).toContain("exit code 0");
});

test("results are drawn for the terminal's width, whole columns left out, and without colours where none are wanted", async () => {
  const program = `${process.execPath} ${ENTRY}`;
  const narrow = await inTerminal(`stty cols 58; ${program} sync; ${program} metering-points`).ended;
  const [head = "", row = "", left = ""] = narrow.stdout.trimEnd().split(/\r?\n/).slice(-3);
  expect(head).toMatch(/^metering point {2}address +product$/);
  expect(row).toContain(world.simulator.household.meters[0]?.assetId);
  expect(left).toMatch(/^No room in this terminal for: .*GSRN/);
  const drawn = await inTerminal(`${program} status`).ended;
  expect(drawn.stdout).toContain("\u001b[32m█");
  const plain = await inTerminal(`NO_COLOR=1 ${program} status`).ended;
  expect(plain.stdout).toMatch(/█+/);
  expect(plain.stdout).not.toContain("\u001b[3");
});
