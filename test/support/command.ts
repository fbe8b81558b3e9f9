import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { afterAll } from "vitest";
import type { Ended } from "./program.js";

const HOST = resolve(import.meta.dirname, "command-host.mjs");

let host: ChildProcess | undefined;
let previous: Promise<unknown> = Promise.resolve();
afterAll(() => {
  host?.disconnect();
  host = undefined;
});

/**
 * Runs the built program's command line as `runProgram` does, but in one process for all runs of a test file, which has
 * its modules loaded: several times quicker. What a process of its own shows (that it ends by itself, signals, memory,
 * standard input) is for `runProgram`.
 */
export async function runCommand(
  parameters: readonly string[],
  settings: Record<string, string>,
  cwd: string,
): Promise<Ended> {
  const run = previous.then(() => runOnHost(parameters, { PATH: process.env.PATH ?? "", HOME: cwd, ...settings }, cwd));
  previous = run.catch(() => undefined);
  return await run;
}

function startHost(): ChildProcess {
  const child = fork(HOST, { stdio: ["ignore", "pipe", "pipe", "ipc"], execArgv: [] });
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8");
  return child;
}

async function runOnHost(
  parameters: readonly string[],
  environment: Record<string, string>,
  folder: string,
): Promise<Ended> {
  host ??= startHost();
  const child = host;
  const mark = `\u0000${randomBytes(12).toString("hex")}\u0000`;
  return await new Promise<Ended>((resolveEnded, reject) => {
    const said = { stdout: "", stderr: "" };
    const onOutput = (name: "stdout" | "stderr") => (text: string) => {
      said[name] += text;
      if (!said.stdout.endsWith(mark) || !said.stderr.endsWith(mark)) return;
      stopListening();
      const stdout = said.stdout.slice(0, -mark.length);
      const [, stderr = "", exitCode] = /^(.*?)(\d+)$/s.exec(said.stderr.slice(0, -mark.length)) ?? [];
      resolveEnded({ exitCode: Number(exitCode), signal: null, stdout, stderr });
    };
    const onExit = () => {
      host = undefined;
      stopListening();
      reject(new Error(`the process of the command ended before it:\n${said.stdout}${said.stderr}`));
    };
    const [onStdout, onStderr] = [onOutput("stdout"), onOutput("stderr")];
    const stopListening = () => {
      child.stdout?.off("data", onStdout);
      child.stderr?.off("data", onStderr);
      child.off("exit", onExit);
    };
    child.stdout?.on("data", onStdout);
    child.stderr?.on("data", onStderr);
    child.on("exit", onExit);
    child.send({ parameters, environment, folder, mark });
  });
}
