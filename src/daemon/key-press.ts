import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { KeyPresses } from "./key-presses.js";

/** What was typed before is read within this time, and dropped. */
const DROPPED_MS = 100;
/** After so long without the rest of a sequence, what looks like its beginning was an Escape or Alt with another key. */
const ESCAPE_MS = 100;
const CTRL_C = "\u0003";

/**
 * Calls back once when any key is pressed (Ctrl-C is a key like any other here), and returns what restores the terminal.
 * What was typed before `onListening` is called is dropped; what a terminal reports of itself is no key.
 *
 * A program in the background of a shell that touches its terminal is stopped by the kernel (SIGTTIN, SIGTTOU): there it
 * listens to no key. A stopped job that is fetched to the foreground listens again; one that was running all the while
 * is told nothing by its shell, and ends with Ctrl-C. Not on a terminal, it does nothing.
 */
export function onKeyPress(input: NodeJS.ReadStream, onKey: () => void, onListening: () => void): () => void {
  if (!input.isTTY) return () => {};
  let ended = false;
  let listening = false;
  let isAnnounced = false;
  let pending: NodeJS.Timeout | undefined;
  const keys = new KeyPresses();
  const ignore = () => {
    clearTimeout(pending);
    input.off("data", read);
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
  const read = (bytes: Buffer) => {
    const text = bytes.toString("latin1");
    clearTimeout(pending);
    if (!isAnnounced) {
      if (text.includes(CTRL_C)) press();
    } else if (keys.hasKey(text)) press();
    else if (keys.isEscapePending) pending = setTimeout(press, ESCAPE_MS);
  };
  /** The loop reads what is there between the timer and its next turn, however late the timer is. */
  const announce = () => {
    if (isAnnounced) return;
    const timer = setTimeout(() => {
      setImmediate(() => {
        if (ended || !listening) return;
        isAnnounced = true;
        onListening();
      });
    }, DROPPED_MS);
    timer.unref();
  };
  const listen = async (isContinued: boolean) => {
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
    input.on("data", read);
    input.resume();
    // Who has fetched a stopped program means it with what is typed next, however slow it is to wake up.
    if (isContinued && !isAnnounced) {
      isAnnounced = true;
      onListening();
    } else announce();
    // A keyboard alone must not keep a program alive that has nothing left to do.
    input.unref();
  };
  const onContinue = () => void listen(true);
  // A terminal that goes away ends its stream with an error; SIGHUP tells the rest.
  const onError = () => {};
  input.on("error", onError);
  process.on("SIGCONT", onContinue);
  void listen(false);
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
