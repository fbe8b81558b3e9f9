import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/**
 * Calls back once when any key is pressed (Ctrl-C is a key like any other here), and returns what restores the terminal.
 *
 * A program in the background of a shell that touches its terminal is stopped by the kernel (SIGTTIN, SIGTTOU): there it
 * listens to no key. A stopped job that is fetched to the foreground listens again; one that was running all the while
 * is told nothing by its shell, and ends with Ctrl-C. Not on a terminal, it does nothing.
 */
export function onKeyPress(input: NodeJS.ReadStream, onKey: () => void): () => void {
  if (!input.isTTY) return () => {};
  let ended = false;
  let listening = false;
  const ignore = () => {
    input.off("data", press);
    input.pause();
  };
  const restore = () => {
    if (!listening) return;
    listening = false;
    ignore();
    input.setRawMode(false);
  };
  const press = () => {
    restore();
    onKey();
  };
  const listen = async () => {
    const foreground = await isInForeground();
    if (ended) return;
    if (!foreground) {
      // Not `restore`: even to set the terminal back is forbidden from here, and by now it is the shell's.
      listening = false;
      ignore();
      return;
    }
    // While we were stopped, the shell set the terminal to its own liking: begin anew.
    restore();
    listening = true;
    input.setRawMode(true);
    input.on("data", press);
    input.resume();
    // A keyboard alone must not keep a program alive that has nothing left to do.
    input.unref();
  };
  const onContinue = () => void listen();
  // A terminal that goes away ends its stream with an error; SIGHUP tells the rest.
  const onError = () => {};
  input.on("error", onError);
  process.on("SIGCONT", onContinue);
  void listen();
  return () => {
    ended = true;
    process.off("SIGCONT", onContinue);
    restore();
    input.off("error", onError);
  };
}

/** True where the terminal's foreground process group is our own. Where that cannot be told, false: a signal still ends us. */
export async function isInForeground(): Promise<boolean> {
  if (process.platform === "win32") return true;
  try {
    const [group, foregroundGroup] = process.platform === "linux" ? await groupsOnLinux() : await groupsByPs();
    return group !== undefined && group === foregroundGroup;
  } catch {
    return false;
  }
}

/** proc(5): after the name in parentheses come state, ppid, pgrp, session, tty_nr, tpgid. */
async function groupsOnLinux(): Promise<(string | undefined)[]> {
  const stat = await readFile("/proc/self/stat", "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return [fields[2], fields[5]];
}

async function groupsByPs(): Promise<string[]> {
  const { stdout } = await promisify(execFile)("ps", ["-o", "pgid=,tpgid=", "-p", String(process.pid)]);
  return stdout.trim().split(/\s+/);
}
