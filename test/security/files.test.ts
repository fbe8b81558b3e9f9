import { execFile } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fileSessionStore } from "../../src/caruna/index.js";
import { fileTranscripts } from "../../src/caruna/login/transcript-files.js";
import { writeSettings } from "../../src/config/index.js";
import { writeHealth } from "../../src/daemon/index.js";
import { writePrivately } from "../../src/shared/files.js";
import { silentLogger } from "../../src/shared/logger.js";
import { ENTRY } from "../support/program.js";
import { newWorlds } from "../support/world.js";

const run = promisify(execFile);

describe("what the program leaves", () => {
  const world = newWorlds();

  // The shell of the test sets the umask, as a service's unit or a person's profile does.
  test.each(["000", "077"])("is for its user alone, whatever the umask is (%s)", async (umask) => {
    const once = async () =>
      await run("/bin/sh", ["-c", `umask ${umask}; exec "$0" "$@"`, process.execPath, ENTRY, "start", "--once"], {
        cwd: world.folder,
        env: { PATH: process.env.PATH ?? "", HOME: world.folder, ...world.settings },
      }).catch(() => undefined);
    world.simulator.set({ maintenance: 200 });
    await once();
    world.simulator.set({ maintenance: false });
    await once();
    const left = everythingIn(join(world.folder, "state"));
    expect(left.map(({ name }) => name).filter((name) => !name.includes("transcripts/"))).toEqual(
      expect.arrayContaining(["health.json", "session.json", "transcripts"]),
    );
    expect(left.some(({ name }) => name.startsWith("transcripts/"))).toBe(true);
    expect(left.filter(({ mode }) => (mode & 0o077) !== 0)).toEqual([]);
    // Others may pass through the folder to the embedded server's data, and see nothing of what is in it.
    expect(statSync(join(world.folder, "state")).mode & 0o066).toBe(0);
  });
});

function everythingIn(folder: string): { readonly name: string; readonly mode: number }[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => ({
    name,
    mode: statSync(join(folder, name)).mode & 0o777,
  }));
}

describe("a link that somebody planted", () => {
  let folder: string;
  let state: string;
  let prey: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "caruna-integration-links-"));
    state = join(folder, "state");
    mkdirSync(state);
    prey = join(folder, "prey");
    writeFileSync(prey, "untouched", { mode: 0o644 });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const SESSION = {
    account: "a",
    token: "t",
    expiresAtEpochMs: 1,
    ownCustomerNumbers: [],
    representedCustomerNumbers: [],
  };
  const HEALTH = { endedEpochMs: 1, nextDueEpochMs: 2, problem: null, pageUrl: undefined };
  const WRITERS: [string, string, (file: string) => Promise<unknown>][] = [
    ["session", "session.json", (file) => fileSessionStore(file, silentLogger).save(SESSION)],
    ["file of a secret", "caruna-password", (file) => writePrivately(file, "secret")],
  ];

  test.each(WRITERS)("in the place of the %s is replaced, and not written through", async (_, name, write) => {
    const file = join(state, name);
    for (const target of [prey, relative(state, prey), join(folder, "not-there")]) {
      symlinkSync(target, file);
      await write(file);
      expect(lstatSync(file).isFile()).toBe(true);
      rmSync(file);
    }
    expect(readFileSync(prey, "utf8")).toBe("untouched");
    expect(statSync(prey).mode & 0o777).toBe(0o644);
    expect(existsSync(join(folder, "not-there"))).toBe(false);
    expect(readdirSync(state)).toEqual([]);
  });

  // Without a secret in them; their owner may want them elsewhere, and nobody else can plant a link here.
  test("for the health file or a transcript is followed: what it leads to is replaced whole, and private", async () => {
    const name = "2026-11-23T10-00-00-000Z-LoginChanged.json";
    const transcript = { beganAt: "2026-11-23T10:00:00.000Z", error: "LoginChanged", exchanges: [] };
    for (const target of [prey, join(folder, "not-there")]) {
      for (const [file, write] of [
        [join(state, "health.json"), async () => await writeHealth(join(state, "health.json"), HEALTH)],
        [join(state, name), async () => void (await fileTranscripts(state)(transcript))],
      ] as const) {
        symlinkSync(target, file);
        await write();
        expect(lstatSync(file).isSymbolicLink()).toBe(true);
        expect(JSON.parse(readFileSync(target, "utf8"))).toBeTypeOf("object");
        expect(statSync(target).mode & 0o777).toBe(0o600);
        rmSync(file);
      }
    }
    expect(readdirSync(state)).toEqual([]);
  });

  test("in the place of a session is read as what it is: no session, and nothing of it told", async () => {
    const file = join(state, "session.json");
    symlinkSync("/etc/passwd", file);
    expect(await fileSessionStore(file, silentLogger).load()).toBeUndefined();
  });

  // People keep their `.env` elsewhere and link to it; the folder is theirs.
  test("for .env by its owner stays a link, and what it leads to stays private", async () => {
    writeFileSync(prey, "DB_HOST=db\n", { mode: 0o644 });
    symlinkSync(prey, join(folder, ".env"));
    await writeSettings(
      { username: "matti@example.com", password: "secret", meteringPoint: undefined },
      { workingDirectory: folder, stateDir: state },
    );
    expect(lstatSync(join(folder, ".env")).isSymbolicLink()).toBe(true);
    expect(readFileSync(prey, "utf8")).toContain("CARUNA_PASSWORD=secret");
    expect(statSync(prey).mode & 0o777).toBe(0o600);
  });
});
