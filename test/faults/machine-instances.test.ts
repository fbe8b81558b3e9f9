import { expect, test } from "vitest";
import { startProgram, workingDirectory } from "../support/program.js";
import { lastDates } from "../support/truth.js";
import { newWorlds } from "../support/world.js";
import { tableDifferences } from "./kills.js";

const [startDate = ""] = lastDates(Date.now(), 4);
const world = newWorlds({ meters: [{ startDate }, { startDate }] });

test("five instances, the one that writes killed again and again: the last one stores every hour, once", async () => {
  const settings = { ...world.settings, METERING_POINT: world.meter, BACKFILL: "none", JOB_INTERVAL: "1" };
  const directories = Array.from({ length: 5 }, () => workingDirectory());
  const programs = directories.map(({ path }) => startProgram(["start"], settings, path));
  try {
    const alive = new Map(programs.map((program) => [program.child.pid, program] as const));
    while (alive.size > 1) {
      const writer = await writerAmong(alive);
      writer.child.kill("SIGKILL");
      expect((await writer.ended).signal).toBe("SIGKILL");
      alive.delete(writer.child.pid);
      // A program that dies with the password on its way pauses the next login: a matter of the guard's own tests.
      await world.database.query("DELETE FROM login_guard");
    }
    const [last] = alive.values();
    // The others may have stored all there is.
    await last?.says('"unpublished"');
    expect(await tableDifferences(world.simulator, world.database)).toEqual([]);
    last?.child.kill("SIGTERM");
    expect(await last?.ended).toMatchObject({ exitCode: 0 });
    expect(world.simulator.passwordPosts).toBeLessThanOrEqual(5);
  } finally {
    for (const { child } of programs) child.kill("SIGKILL");
    await Promise.all(programs.map(({ ended }) => ended));
    for (const directory of directories) directory.remove();
  }
});

/** The one of these programs that writes now. */
async function writerAmong<Program>(alive: ReadonlyMap<number | undefined, Program>): Promise<Program> {
  for (;;) {
    const rows = await world.database.query("SELECT owner FROM writer_lease").catch(() => []);
    const writer = alive.get(Number(String(rows[0]?.owner).split(" ")[1]));
    if (writer !== undefined) return writer;
  }
}
