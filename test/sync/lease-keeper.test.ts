import { spawnSync } from "node:child_process";
import { expect, onTestFinished, test, vi } from "vitest";
import { LeaseLost } from "../../src/database/index.js";
import { silentLogger } from "../../src/shared/logger.js";
import { LeaseKeeper } from "../../src/sync/lease/lease-keeper.js";
import { fingerprintOf } from "../../src/sync/lease/machine.js";
import { newLeased } from "../support/leased.js";

const leased = newLeased();
const { signal } = new AbortController();

const leaseRow = async () =>
  (
    await leased.testDatabase.query(
      "SELECT owner, expires_at > now() + interval '2 minutes' AS is_fresh FROM writer_lease WHERE name = 'writer of home'",
    )
  )[0];

/** Runs a task with the lease of an account; `waits` counts how often somebody else had it, who gives it back then. */
async function holding<Result>(task: (signal: AbortSignal) => Promise<Result>) {
  let waits = 0;
  const sleep = async () => {
    waits += 1;
    await leased.testDatabase.query("UPDATE writer_lease SET expires_at = now() WHERE name = 'writer of home'");
  };
  const keeper = new LeaseKeeper(leased.database, sleep, silentLogger);
  const result = await keeper.holding("home", (_, ending) => task(ending), signal);
  return { result, waits };
}

function timersOfTest(): void {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
}

test("the lease is renewed every minute while the work goes on, and given back after it", async () => {
  timersOfTest();
  await holding(async () => {
    await leased.testDatabase.query("UPDATE writer_lease SET expires_at = now() + interval '1 second'");
    vi.advanceTimersByTime(60_000);
    while (!(await leaseRow())?.is_fresh);
  });
  expect(await leaseRow()).toMatchObject({ is_fresh: false });
});

test("a lease that turns out to be lost when it is renewed ends the work", async () => {
  timersOfTest();
  const work = holding(async (ending) => {
    await leased.testDatabase.query("UPDATE writer_lease SET owner = 'somebody else', epoch = epoch + 1");
    const ended = new Promise((resolve) => ending.addEventListener("abort", resolve));
    vi.advanceTimersByTime(60_000);
    await ended;
    ending.throwIfAborted();
  });
  await expect(work).rejects.toThrow(LeaseLost);
  // What another one has is not given back.
  expect(await leaseRow()).toEqual({ owner: "somebody else", is_fresh: true });
});

test("a machine is the same while both its kernel and its pid namespace are", () => {
  const fingerprint = fingerprintOf("boot-1", "pid:[1]");
  expect(fingerprintOf("boot-1", "pid:[1]")).toBe(fingerprint);
  expect(fingerprintOf("boot-1", "pid:[2]")).not.toBe(fingerprint);
  expect(fingerprintOf("boot-2", "pid:[1]")).not.toBe(fingerprint);
});

const gone = () => spawnSync(process.execPath, ["--version"]).pid;

test.each<[string, (owner: string) => string, number]>([
  [
    "of this machine, which was killed, is not waited for",
    (owner) => owner.replace(/ \d+ \S+ /, ` ${gone()} dead `),
    0,
  ],
  ["that had this process' number is not waited for", (owner) => owner.replace(/( \d+) \S+ /, "$1 dead "), 0],
  ["of this machine, which lives, is waited for", (owner) => owner.replace(/ \d+ \S+ /, ` ${process.ppid} alive `), 1],
  [
    "of a container with the same host name is waited for, whatever its number",
    (owner) => owner.replace(/\/\S+ \d+ \S+ /, `/0123456789ab ${gone()} other `),
    1,
  ],
  [
    "of a machine that names neither kernel nor namespace is waited for",
    (owner) => owner.replace(/\/\S+ \d+ \S+ /, `/unknown ${gone()} other `),
    1,
  ],
])("a program %s", async (_, ownerFrom, waits) => {
  const { result: own } = await holding(async () => String((await leaseRow())?.owner));
  await leased.testDatabase.query(
    "UPDATE writer_lease SET owner = $1, expires_at = now() + interval '3 minutes' WHERE name = 'writer of home'",
    [ownerFrom(own)],
  );
  expect(await holding(async () => {})).toMatchObject({ waits });
});
