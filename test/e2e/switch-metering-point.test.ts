import { randomBytes } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { runCommand } from "../support/command.js";
import { lastDates, storedRows, trueRows } from "../support/truth.js";
import { newWorlds } from "../support/world.js";

const world = newWorlds({ meters: 2 });

/** What a role may do in a database goes with it; the role itself does not. */
let roles: string[] = [];
afterEach(async () => {
  for (const role of roles) await world.database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  roles = [];
});

const secondMeter = () => world.simulator.household.meters[1]?.assetId ?? "";
const run = (command: string, changes: Readonly<Record<string, string>> = {}) =>
  runCommand([command], { ...world.settings, ...changes }, world.folder);

test("switch-metering-point names the rights that it lacks, then switches and keeps the rows of before", async () => {
  await world.once({ METERING_POINT: world.meter });
  const before = await storedRows(world.database);
  const role = `switcher_${randomBytes(4).toString("hex")}`;
  roles.push(role);
  await world.database.query(`
    CREATE ROLE ${role} LOGIN PASSWORD 'salasana';
    GRANT USAGE ON SCHEMA public TO ${role};
    GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO ${role};
    GRANT DELETE ON login_guard TO ${role};
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO ${role};`);
  const second = { METERING_POINT: secondMeter(), DB_USER: role, DB_PASSWORD: "salasana" };

  const lacking = await run("switch-metering-point", second);
  expect(lacking.exitCode).toBe(5);
  const grants = lacking.stderr.match(/GRANT [^;]+;/g) ?? [];
  expect(grants).toEqual([
    `GRANT CREATE ON SCHEMA public TO ${role};`,
    `GRANT DELETE ON public.energy_hourly TO ${role};`,
  ]);
  expect(await storedRows(world.database)).toEqual(before);

  await world.database.query(grants.join("\n"));
  const switched = await run("switch-metering-point", second);
  expect(switched.stdout).toContain(`energy_hourly mirrors metering point ${secondMeter()}`);
  expect(switched.exitCode).toBe(0);
  expect(await storedRows(world.database)).toEqual(trueRows(world.simulator, secondMeter(), lastDates(Date.now(), 7)));
  const [, keptIn = ""] = /are in the table (\S+) now/.exec(switched.stdout) ?? [];
  expect(await world.database.query(`SELECT count(*)::int AS rows FROM ${keptIn}`)).toEqual([{ rows: before.length }]);

  const again = await run("switch-metering-point", second);
  expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("nothing was changed") });
});

test("after a move status says which metering point is there now, and doctor where to look", async () => {
  await world.once({ METERING_POINT: world.meter });
  await world.database.query("UPDATE metering_point SET contract_to = current_date - 7 WHERE id = $1", [world.meter]);
  const status = await run("status");
  expect(status.stdout).toContain(`METERING_POINT=${secondMeter()}`);
  expect(JSON.parse((await runCommand(["status", "--json"], world.settings, world.folder)).stdout)).toMatchObject({
    moved: { message: expect.stringContaining(world.meter) },
  });
  const doctor = await run("doctor", { METERING_POINT: world.meter });
  expect(doctor.stdout).toContain("caruna-integration status has the line to set");
});
