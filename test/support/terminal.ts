import { spawn } from "node:child_process";
import { type Running, watch } from "./program.js";

export interface Terminal extends Running {
  /** Types these keys. */
  type(keys: string): void;
  /** Resolves once the text is shown after what was waited for before; rejects when the program ends without. */
  shows(text: string): Promise<void>;
}

/** Runs a shell's command line in a pseudo-terminal, with these variables and a few that a terminal has. */
export function inTerminal(commandLine: string, settings: Record<string, string>, folder: string): Terminal {
  const child = spawn(
    "script",
    ["--quiet", "--return", "--echo", "never", "--command", `bash -c '${commandLine}'`, "/dev/null"],
    {
      cwd: folder,
      env: { PATH: process.env.PATH ?? "", HOME: folder, TERM: "xterm", ...settings },
      stdio: ["pipe", "pipe", "pipe"],
    },
  );
  const running = watch(child);
  let shown = "";
  let tell = () => {};
  let isOver = false;
  child.stdout.on("data", (chunk: Buffer) => {
    shown += chunk.toString();
    tell();
  });
  child.once("close", () => {
    isOver = true;
    tell();
  });
  const shows = (text: string) =>
    new Promise<void>((resolve, reject) => {
      tell = () => {
        const index = shown.indexOf(text);
        if (index >= 0) {
          shown = shown.slice(index + text.length);
          tell = () => {};
          resolve();
        } else if (isOver) reject(new Error(`it ended without showing "${text}":\n${shown}`));
      };
      tell();
    });
  return { ...running, type: (keys) => child.stdin.write(keys), shows };
}

/** What `stty -g` told, each time it was run. */
export function terminalStates(output: string): string[] {
  return output.split(/\r?\n/).filter((line) => /^[0-9a-f]+(:[0-9a-f]+){10,}$/.test(line));
}
