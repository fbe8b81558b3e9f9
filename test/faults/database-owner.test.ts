import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DatabaseRightsMissing, DatabaseTableUnsuitable, type ServerSettings } from "../../src/database/index.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";
import { DAY_MS, HOUR_MS } from "../sync/engine-world.js";
import {
  allConnectionsGone,
  DatabaseWorld,
  type FaultyProgram,
  failureOf,
  openSession,
  queryOn,
} from "./database-world.js";

// What the owner of a database sets, locks, takes away or alters while the program goes on.

let database: TestDatabase;
let world: DatabaseWorld;
let program: FaultyProgram;
let roles: string[];

const TABLES = [
  "account",
  "energy_hourly",
  "metering_point",
  "metering_point_hourly",
  "metering_point_period",
  "sync_state",
  "writer_lease",
  "login_guard",
  "caruna_integration_migration",
];

beforeEach(async () => {
  roles = [];
  database = await createDatabase();
  world = await DatabaseWorld.create();
  program = world.program(database.settings);
  await program.cycle();
  dayPasses();
});

afterEach(async () => {
  await world.close();
  await database.drop();
  // What a role may do in a database goes with it; the role itself does not.
  if (roles.length > 0) await queryOn({ ...database.settings, database: "postgres" }, `DROP ROLE ${roles.join(", ")}`);
});

function dayPasses(): void {
  world.nowEpochMs += DAY_MS;
}

async function good(ofProgram = program): Promise<void> {
  await ofProgram.cycle();
  await world.expectTruth(database);
}

/** A default of the database holds for connections that are made from now on; those of the program are ended. */
async function setDefault(setting: string): Promise<void> {
  await database.query(
    `BEGIN READ WRITE; DO $$ BEGIN EXECUTE format('ALTER DATABASE %I ${setting.replaceAll("'", "''")}', current_database()); END $$; COMMIT`,
  );
  await database.query(
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
  );
}

describe("read-only", () => {
  test("by its owner: the message says so, and the cycle after it is good", async () => {
    await setDefault("SET default_transaction_read_only = on");
    expect(await failureOf(program.cycle())).toMatch(/^DatabaseFailed: .* is read-only .*Set DB_HOST/);
    await setDefault("RESET default_transaction_read_only");
    await good();
  });
});

describe("a lock that somebody else holds", () => {
  test("on any table ends the cycle with how to find its holder, and leaves nobody waiting", async () => {
    await setDefault("SET lock_timeout = '50ms'");
    for (const table of TABLES) {
      const session = await openSession(database.settings, `LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
      expect(await failureOf(program.cycle()), table).toMatch(
        /^DatabaseFailed: .*lock timeout.*SELECT pid.*pg_terminate_backend\(pid\)/,
      );
      await session.end();
      await good();
      dayPasses();
    }
    await program.stop();
    await allConnectionsGone(database.settings);
  });

  test("that is taken in the middle of a cycle undoes the batch, and the next cycle stores it", async () => {
    await setDefault("SET lock_timeout = '100ms'");
    world.simulator.answerNext({ pathIncludes: "/energy", answer: { status: 503 } });
    let session: Awaited<ReturnType<typeof openSession>> | undefined;
    await database.query("UPDATE metering_point_period SET next_ask_at = to_timestamp(0)");
    await database.query("DELETE FROM metering_point_hourly");
    world.onRound = async () => {
      session ??= await openSession(database.settings, "LOCK TABLE metering_point_period IN ACCESS EXCLUSIVE MODE");
    };
    expect(await failureOf(program.cycle())).toMatch(/^DatabaseFailed: .*lock timeout/);
    await session?.end();
    for (let cycle = 0; cycle < 4; cycle += 1, world.nowEpochMs += HOUR_MS) await program.cycle();
    await good();
  });

  test("is given up by the server before the program stops waiting, at the isolation its statements are written for", async () => {
    await setDefault("SET default_transaction_isolation = serializable");
    await database.query(`
      CREATE TABLE noted (lock_timeout text, isolation text, idle_limit text);
      CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO noted VALUES (current_setting('lock_timeout'), current_setting('transaction_isolation'),
          current_setting('idle_in_transaction_session_timeout'));
        RETURN NULL;
      END $$;
      CREATE TRIGGER note AFTER INSERT ON metering_point_hourly FOR EACH STATEMENT EXECUTE FUNCTION note();`);
    await good();
    expect(await database.query("SELECT DISTINCT * FROM noted")).toEqual([
      { lock_timeout: "50s", isolation: "read committed", idle_limit: "1min" },
    ]);
  });

  test("on the right to write is told with the session that holds it, and the cycle goes on when that ends", async () => {
    const { settings } = database;
    const session = await openSession(settings, "SELECT FROM writer_lease FOR UPDATE");
    const isTold = () =>
      program.said.some(({ level, message }) => level === "warn" && message.includes("writer_lease"));
    world.onSleep = async () => {
      if (isTold()) await session.end();
      world.onSleep = isTold() ? async () => {} : world.onSleep;
    };
    await good();
    expect(program.said.find(({ message }) => message.includes("writer_lease"))).toMatchObject({
      fields: { sessions: [session.pid] },
      message: expect.stringContaining(`SELECT pg_terminate_backend(${session.pid});`),
    });
  });
});

describe("a limit of its owner", () => {
  test("on statements that is too short is told with the setting, not as a server that is out of reach", async () => {
    await database.query(`
      CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_sleep(600); RETURN NULL; END';
      CREATE TRIGGER dawdle BEFORE INSERT ON energy_hourly FOR EACH STATEMENT EXECUTE FUNCTION dawdle();`);
    await setDefault("SET statement_timeout = '500ms'");
    expect(await failureOf(program.cycle())).toMatch(
      /^DatabaseFailed: .*statement timeout.*ALTER ROLE caruna SET statement_timeout = '60s';/,
    );
    await database.query("DROP TRIGGER dawdle ON energy_hourly");
    await setDefault("RESET statement_timeout");
    await good();
  });

  test("on idle transactions, however short, ends neither a batch nor a login", async () => {
    await setDefault("SET idle_in_transaction_session_timeout = '1ms'");
    const posts = world.simulator.passwordPosts;
    await good(world.program(database.settings, { isGuarded: true }));
    expect(world.simulator.passwordPosts - posts).toBe(1);
  });

  test("on the connections of its role names what the program needs", async () => {
    await setDefault("CONNECTION LIMIT 0");
    const { settings } = await newRole();
    expect(await failureOf(world.program(settings).cycle())).toMatch(/^DatabaseUnreachable: .*no connection to spare/);
    await setDefault("CONNECTION LIMIT -1");
    await good();
  });
});

/** A role of its own that may do what `GRANT`s allow, and is dropped with the database's other test roles. */
async function newRole(): Promise<{ role: string; settings: ServerSettings }> {
  const role = `visitor_${database.settings.database}`;
  await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'salasana'`);
  roles.push(role);
  return { role, settings: { ...database.settings, user: role, password: "salasana" } };
}
describe("a role without rights", () => {
  const WRITTEN = TABLES.slice(0, 7).map((table) => `public.${table}`);
  const RIGHTS: readonly (readonly [right: string, object: string])[] = [
    ["USAGE", "SCHEMA public"],
    ...WRITTEN.flatMap((table) => ["SELECT", "INSERT", "UPDATE"].map((right) => [right, table] as const)),
    ...["SELECT", "INSERT", "UPDATE", "DELETE"].map((right) => [right, "public.login_guard"] as const),
    ...["SELECT", "INSERT", "UPDATE"].map((right) => [right, "public.access_refusal"] as const),
    ["USAGE", "SEQUENCE public.energy_hourly_id_seq"],
    ["SELECT", "public.caruna_integration_migration"],
  ];

  test(`is told the GRANT of each of the ${RIGHTS.length} rights in turn at its start, and is well with it`, async () => {
    const { role, settings } = await newRole();
    await database.query("REVOKE ALL ON SCHEMA public FROM PUBLIC");
    for (const [right, object] of RIGHTS) await database.query(`GRANT ${right} ON ${object} TO ${role}`);
    for (const [right, object] of RIGHTS) {
      await database.query(`REVOKE ${right} ON ${object} FROM ${role}`);
      const visitor = world.program(settings).database;
      const error: unknown = await visitor.check().catch((problem: unknown) => problem);
      expect(error, `without ${right} on ${object}`).toBeInstanceOf(DatabaseRightsMissing);
      const statements = error instanceof DatabaseRightsMissing ? error.statements : [];
      expect(statements).toEqual([`GRANT ${right} ON ${object} TO ${role};`]);
      await database.query(statements.join("\n"));
      await visitor.check();
      await visitor.stop();
    }
    await good(world.program(settings));
  });

  test("that loses one in the middle of a cycle is told which", async () => {
    const { role, settings } = await newRole();
    for (const [right, object] of RIGHTS) await database.query(`GRANT ${right} ON ${object} TO ${role}`);
    const visitor = world.program(settings);
    let isTaken = false;
    world.onRound = async () => {
      if (!isTaken) await database.query(`REVOKE SELECT ON metering_point_period FROM ${role}`);
      isTaken = true;
    };
    expect(await failureOf(visitor.cycle())).toContain(`GRANT SELECT ON public.metering_point_period TO ${role};`);
    await database.query(`GRANT SELECT ON metering_point_period TO ${role}`);
    await good(visitor);
  });

  test("whom row-level security hides the hours from is told, and nothing is taken for stored", async () => {
    const { role, settings } = await newRole();
    for (const [right, object] of RIGHTS) await database.query(`GRANT ${right} ON ${object} TO ${role}`);
    const visitor = world.program(settings);
    for (const table of ["energy_hourly", "metering_point_hourly"]) {
      await database.query(`
        ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
        CREATE POLICY writes ON ${table} FOR INSERT TO ${role} WITH CHECK (true);`);
      const failure = await failureOf(visitor.cycle());
      expect(failure).toMatch(/^Database(Failed: .*row-level security|HoursHidden: .*row-level security)/);
      await database.query(`ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY`);
      await good(visitor);
      dayPasses();
      // The hours that are there already, asked for once more, must be seen too.
      await database.query("UPDATE metering_point_period SET next_ask_at = to_timestamp(0) WHERE span = 'day'");
    }
    await good(visitor);
  });
});

describe("energy_hourly, altered by its owner", () => {
  test.each([
    ["a total without decimals", "ALTER COLUMN kwh_total TYPE integer", /kwh_total is a "integer"/],
    ["a numeric without decimals", "ALTER COLUMN kwh_day TYPE numeric(10)", /kwh_day is a "numeric\(10,0\)"/],
    ["a total as text", "ALTER COLUMN kwh_total TYPE text", /kwh_total is a "text"/],
    [
      "a tariff that is cut short",
      "ALTER COLUMN tariff TYPE varchar(5) USING left(tariff, 5)",
      /tariff is a "character varying\(5\)"/,
    ],
    [
      "local times",
      "ALTER COLUMN datetime TYPE timestamp USING datetime AT TIME ZONE 'UTC'",
      /datetime is a "timestamp without/,
    ],
    ["a column dropped", "DROP COLUMN kwh_night", /kwh_night is missing/],
    ["the unique constraint dropped", "DROP CONSTRAINT datetime", /no unique constraint/],
    [
      "a column that must have a value",
      "ADD COLUMN remark text, ALTER COLUMN remark SET NOT NULL",
      /remark demands a value/,
    ],
    ["a part that must have a value", "ALTER COLUMN kwh_night_winter SET NOT NULL", /kwh_night_winter demands a value/],
    ["an id that counts no more", "ALTER COLUMN id DROP DEFAULT", /id counts no more/],
  ])("with %s: the message has the statements that mend it, and they do", async (_, alteration, message) => {
    await database.query("DELETE FROM energy_hourly");
    await database.query(`ALTER TABLE energy_hourly ${alteration}`);
    const error: unknown = await program.cycle().catch((problem: unknown) => problem);
    expect(error).toBeInstanceOf(DatabaseTableUnsuitable);
    expect(String(error)).toMatch(message);
    const statements = error instanceof DatabaseTableUnsuitable ? error.statements : [];
    await database.query("CREATE SEQUENCE IF NOT EXISTS energy_hourly_id_seq");
    await database.query(statements.join("\n"));
    await good();
  });

  test.each([
    ["the unique constraint renamed", "ALTER TABLE energy_hourly RENAME CONSTRAINT datetime TO an_hour_once"],
    ["a column of its own", "ALTER TABLE energy_hourly ADD COLUMN remark text NOT NULL DEFAULT ''"],
    ["a domain for its kWh", "CREATE DOMAIN kwh AS float8; ALTER TABLE energy_hourly ALTER COLUMN kwh_total TYPE kwh"],
    [
      "a trigger that keeps a copy",
      `
      CREATE TABLE copy (LIKE energy_hourly);
      CREATE FUNCTION copy() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO copy VALUES (NEW.*); RETURN NEW; END';
      CREATE TRIGGER copy BEFORE INSERT ON energy_hourly FOR EACH ROW EXECUTE FUNCTION copy()`,
    ],
    [
      "children that a trigger sends the rows to",
      `
      CREATE TABLE energy_hourly_of_now () INHERITS (energy_hourly);
      ALTER TABLE energy_hourly_of_now ADD UNIQUE (datetime);
      CREATE FUNCTION send() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO energy_hourly_of_now VALUES (NEW.*) ON CONFLICT DO NOTHING; RETURN NULL; END';
      CREATE TRIGGER send BEFORE INSERT ON energy_hourly FOR EACH ROW EXECUTE FUNCTION send()`,
    ],
    [
      "partitions",
      `
      ALTER TABLE energy_hourly RENAME TO energy_hourly_before;
      CREATE TABLE energy_hourly (LIKE energy_hourly_before INCLUDING DEFAULTS) PARTITION BY RANGE (datetime);
      ALTER TABLE energy_hourly ADD UNIQUE (datetime);
      CREATE TABLE energy_hourly_2026 PARTITION OF energy_hourly FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
      INSERT INTO energy_hourly SELECT * FROM energy_hourly_before`,
    ],
  ])("with %s: all is well", async (_, alteration) => {
    await database.query(alteration);
    await good();
    dayPasses();
    await good();
  });

  test.each([
    ["keeps rows out", "RETURN NULL", /^DatabaseHoursHidden: .*trigger/],
    ["refuses them", "RAISE EXCEPTION 'not on Sundays'", /^DatabaseFailed: .*not on Sundays.*Nothing was half written/],
  ])("with a trigger that %s: the message says so, and nothing is taken for stored", async (_, action, message) => {
    await database.query(`
      CREATE FUNCTION deny() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${action}; END $$;
      CREATE TRIGGER deny BEFORE INSERT ON energy_hourly FOR EACH ROW EXECUTE FUNCTION deny();`);
    expect(await failureOf(program.cycle())).toMatch(message);
    await database.query("DROP TRIGGER deny ON energy_hourly");
    await good();
  });

  test("with no partition for the new year: the message names it, and the hours come when there is one", async () => {
    await database.query(`
      ALTER TABLE energy_hourly RENAME TO energy_hourly_before;
      CREATE TABLE energy_hourly (LIKE energy_hourly_before INCLUDING DEFAULTS) PARTITION BY RANGE (datetime);
      ALTER TABLE energy_hourly ADD UNIQUE (datetime);
      CREATE TABLE early PARTITION OF energy_hourly FOR VALUES FROM ('2026-01-01') TO ('2026-11-19T22:00:00Z');
      INSERT INTO energy_hourly SELECT * FROM energy_hourly_before`);
    expect(await failureOf(program.cycle())).toMatch(/^DatabaseFailed: .*no partition of relation "energy_hourly"/);
    await database.query(
      "CREATE TABLE late PARTITION OF energy_hourly FOR VALUES FROM ('2026-11-19T22:00:00Z') TO ('2027-01-01')",
    );
    await good();
  });
});

describe("a table of the program", () => {
  test("that its owner dropped is made anew, and so is what it held", async () => {
    for (const table of TABLES) {
      await database.query(`DROP TABLE ${table} CASCADE`);
      await (table === "metering_point_hourly" ? checksPass() : aDayPasses());
      await world.expectTruth(database);
    }
    expect(program.said.filter(({ message }) => message.includes("made again"))).not.toEqual([]);
  });

  test.each(["energy_hourly", "metering_point_hourly", "metering_point_period"])(
    "%s that its owner set aside under another name is made anew",
    async (table) => {
      await database.query(`DROP VIEW energy_daily, energy_monthly; ALTER TABLE ${table} RENAME TO set_aside`);
      await checksPass();
      await world.expectTruth(database);
      expect(await database.query("SELECT count(*)::int AS days FROM energy_daily WHERE is_complete")).toEqual([
        { days: expect.any(Number) },
      ]);
    },
  );

  test.each([
    ["with a column dropped", "ALTER TABLE metering_point_hourly DROP COLUMN eur_vat", /eur_vat/],
    [
      "with a column of another type",
      "ALTER TABLE metering_point_hourly ALTER COLUMN eur_vat TYPE text",
      /types double precision and text cannot be matched/,
    ],
    [
      "with a column that must have a value",
      "ALTER TABLE metering_point_hourly ADD COLUMN remark text NOT NULL DEFAULT 'x'; ALTER TABLE metering_point_hourly ALTER COLUMN remark DROP DEFAULT",
      /remark/,
    ],
    [
      "without its key",
      "ALTER TABLE metering_point_hourly DROP CONSTRAINT metering_point_hourly_pkey",
      /unique or exclusion constraint/,
    ],
    ["with a key more", "ALTER TABLE metering_point_period ADD CHECK (times_asked < 0) NOT VALID", /check constraint/],
  ])("%s is told as one that was altered, and set aside it is made anew", async (_, alteration, message) => {
    // Hours that are there already are read.
    await database.query("UPDATE metering_point_period SET next_ask_at = to_timestamp(0) WHERE span = 'day'");
    await database.query(alteration);
    const failure = await failureOf(program.cycle());
    expect(failure).toMatch(message);
    expect(failure).toMatch(/^DatabaseFailed: .*not as this program made it.*rename that table/);
    const table = alteration.includes("_period") ? "metering_point_period" : "metering_point_hourly";
    await database.query(`DROP VIEW energy_daily, energy_monthly; ALTER TABLE ${table} RENAME TO set_aside`);
    await checksPass();
    await world.expectTruth(database);
  });
});

async function aDayPasses(): Promise<void> {
  await program.cycle();
  dayPasses();
  await program.cycle();
}

/** The checks of totals come daily for the last months and weekly for the years. */
async function checksPass(): Promise<void> {
  for (const end = world.nowEpochMs + 9 * DAY_MS; world.nowEpochMs < end; world.nowEpochMs += DAY_MS) {
    await program.cycle();
  }
  world.nowEpochMs += DAY_MS;
  await program.cycle();
  await program.cycle();
}
