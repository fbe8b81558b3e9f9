import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { simulatorFor } from "../support/caruna.js";
import { accountSettings, runProgram, workingDirectory } from "../support/program.js";
import { serverUser, startNewServer } from "./server.js";

// Docker itself is not here: what is tested is the file, by the rules of Compose, and the scripts that the services run,
// with the programs that they run in the images.

const ROOT = resolve(import.meta.dirname, "../..");

function run(program: string, programArguments: readonly string[], environment: Record<string, string> = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, programArguments, {
    cwd: ROOT,
    encoding: "utf8",
    env: { PATH: process.env.PATH ?? "", ...environment },
  });
  if (error) throw error;
  return { status, stdout, stderr };
}

const service = z.looseObject({
  image: z.string(),
  user: z.string(),
  read_only: z.literal(true),
  cap_drop: z.tuple([z.literal("ALL")]),
  cap_add: z.array(z.string()).default([]),
  security_opt: z.tuple([z.literal("no-new-privileges:true")]),
  logging: z.object({
    driver: z.literal("json-file"),
    options: z.object({ "max-size": z.string(), "max-file": z.string() }),
  }),
  restart: z.enum(["no", "unless-stopped"]),
  mem_limit: z.string(),
  pids_limit: z.number(),
  cpus: z.number().optional(),
  healthcheck: z.union([z.object({ disable: z.literal(true) }), z.object({ test: z.array(z.string()) })]),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  environment: z.record(z.string(), z.string()).default({}),
  volumes: z.array(z.string()),
  networks: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
});
const composeFile = z.object({
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.object({ internal: z.boolean().optional() })),
  volumes: z.record(z.string(), z.object({})),
});

function readCompose() {
  const toJson = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)";
  const { stdout } = spawnSync("python3", ["-c", toJson], {
    input: readFileSync(join(ROOT, "compose.yaml")),
    encoding: "utf8",
  });
  return composeFile.parse(JSON.parse(stdout));
}

describe("compose.yaml", () => {
  const compose = readCompose();
  const services = Object.entries(compose.services);

  test("is a file that Compose takes, without a warning", () => {
    expect(run("docker-compose", ["--file", "compose.yaml", "config", "--quiet"])).toEqual({
      status: 0,
      stdout: "",
      stderr: "",
    });
  });

  test("publishes the page and Grafana alone, on the loopback interface", () => {
    expect(services.flatMap(([, { ports }]) => ports).sort()).toEqual(["127.0.0.1:3000:3000", "127.0.0.1:8480:8480"]);
  });

  test("gives no service more than it needs", () => {
    const powers = services.map(([name, { user, cap_add }]) => [name, user.split(":")[0], cap_add]);
    expect(powers).toEqual([
      ["first-start", "0", ["CHOWN", "DAC_READ_SEARCH"]],
      ["database", "999", []],
      ["caruna", "1000", []],
      ["reader", "1000", []],
      ["grafana", "472", []],
    ]);
  });

  test("keeps the database where nobody outside can reach it, and it nobody", () => {
    expect(compose.networks.database?.internal).toBe(true);
    expect(compose.services.database?.networks).toEqual(["database"]);
  });

  test("holds no secret: every one comes from a file", () => {
    const secrets = services.flatMap(([, { environment }]) =>
      Object.entries(environment).filter(([name]) => /PASSWORD|TOKEN|SECRET/.test(name)),
    );
    expect(secrets.length).toBeGreaterThan(2);
    expect(secrets.filter(([name, value]) => !name.endsWith("_FILE") || !value.startsWith("/secrets/"))).toEqual([]);
  });

  test("starts in order: passwords, database, program, Grafana's role, Grafana", () => {
    const order = services.map(([name, { depends_on }]) => [
      name,
      Object.entries(depends_on).map(([other, { condition }]) => `${other} ${condition}`),
    ]);
    expect(order).toEqual([
      ["first-start", []],
      ["database", ["first-start service_completed_successfully"]],
      ["caruna", ["database service_healthy"]],
      ["reader", ["database service_healthy", "caruna service_started"]],
      ["grafana", ["reader service_completed_successfully"]],
    ]);
  });

  test("asks after the health of everything that goes on", () => {
    const lasting = services.filter(([, { restart }]) => restart === "unless-stopped");
    expect(lasting.map(([name]) => name)).toEqual(["database", "caruna", "grafana"]);
    expect(lasting.filter(([, { healthcheck, cpus }]) => !("test" in healthcheck) || cpus === undefined)).toEqual([]);
  });

  test("mounts what is there, and nothing of it writable", () => {
    const mounts = services.flatMap(([, { volumes }]) => volumes).map((volume) => volume.split(":"));
    const folders = mounts.filter(([source = ""]) => source.startsWith("."));
    expect(folders.filter(([source = ""]) => !existsSync(join(ROOT, source)))).toEqual([]);
    expect(folders.filter(([, , mode]) => mode !== "ro")).toEqual([]);
    const named = new Set(mounts.map(([source = ""]) => source).filter((source) => !source.startsWith(".")));
    expect([...named].sort()).toEqual(Object.keys(compose.volumes).sort());
  });

  test("limits Node.js' heap as the image does", () => {
    const dockerfile = readFileSync(join(ROOT, "Dockerfile"), "utf8");
    const limits = compose.services.caruna?.entrypoint;
    for (const limit of z.array(z.string()).parse(limits).slice(1, -1)) expect(dockerfile).toContain(`"${limit}"`);
  });
});

describe("the scripts of compose.yaml", () => {
  let directory: ReturnType<typeof workingDirectory>;
  let secrets: string;
  let settings: string;
  let firstStart: Record<string, string>;

  beforeEach(async () => {
    directory = workingDirectory();
    secrets = join(directory.path, "secrets");
    settings = join(directory.path, ".env");
    mkdirSync(secrets);
    const ourselves = `${process.getuid?.()}:${process.getgid?.()}`;
    const postgres = await serverUser(directory.path);
    firstStart = {
      SECRETS: secrets,
      SETTINGS: settings,
      DATABASE_USER: postgres === undefined ? ourselves : `${postgres.uid}:${postgres.gid}`,
      CARUNA_USER_ID: ourselves,
      GRAFANA_USER: ourselves,
    };
  });
  afterEach(() => directory.remove());

  const secret = (name: string) => readFileSync(join(secrets, name), "utf8");
  const handedOut = () => ["database/superuser", "database/caruna", "database/reader"].map(secret);

  test("make passwords at the first start, long ones, no two alike, for each service alone", () => {
    writeFileSync(settings, "CARUNA_USER=demo@example.com\n");
    expect(run("deploy/first-start.sh", [], firstStart)).toMatchObject({ status: 0, stderr: "" });
    const made = [...handedOut(), secret("grafana/admin"), secret("caruna/http_token")];
    expect(new Set(made).size).toBe(5);
    for (const password of made) expect(password).toMatch(/^[0-9a-f]{48}$/);
    expect(secret("caruna/database")).toBe(secret("database/caruna"));
    expect(secret("grafana/reader")).toBe(secret("database/reader"));
    const [databaseUser] = (firstStart.DATABASE_USER ?? "").split(":").map(Number);
    const { mode, uid } = statSync(join(secrets, "database/caruna"));
    expect([mode & 0o777, uid]).toEqual([0o400, databaseUser]);
    expect(statSync(join(secrets, "made")).mode & 0o777).toBe(0o700);
  });

  test("keep the passwords at the next start, and take over an account that was changed", () => {
    writeFileSync(settings, "CARUNA_PASSWORD='old'\n", { mode: 0o600 });
    run("deploy/first-start.sh", [], firstStart);
    const before = handedOut();
    const exact = "CARUNA_PASSWORD='pa$word # \"with\" $(all)'\n";
    writeFileSync(settings, exact);
    expect(run("deploy/first-start.sh", [], firstStart).status).toBe(0);
    expect(handedOut()).toEqual(before);
    expect(secret("caruna/.env")).toBe(exact);
  });

  test("print no password", () => {
    writeFileSync(settings, "CARUNA_PASSWORD=of-the-account\n");
    const { stdout, stderr } = run("deploy/first-start.sh", [], firstStart);
    expect(`${stdout}${stderr}`).toBe("The passwords are in place.\n");
  });

  test("say what is missing where there is no .env", () => {
    const { status, stderr } = run("deploy/first-start.sh", [], firstStart);
    expect(status).toBe(1);
    expect(stderr).toContain("copy .env.example to .env");
  });

  test("take an empty database to one that Grafana's role reads, and may be run again", async () => {
    const simulator = await simulatorFor({ publishHour: 0 });
    const lines = Object.entries(accountSettings(simulator)).map(([name, value]) => `${name}='${value}'`);
    writeFileSync(settings, `${lines.join("\n")}\n`);
    run("deploy/first-start.sh", [], firstStart);
    const server = await startNewServer(directory.path, join(secrets, "database/superuser"));
    try {
      const connection = { PGHOST: "127.0.0.1", PGPORT: String(server.port), SECRETS: secrets };
      const superuser = { ...connection, PGPASSWORD: secret("database/superuser"), ROLES: join(ROOT, "sql/roles") };
      expect(run("deploy/database.sh", [], superuser)).toEqual({ status: 0, stdout: "", stderr: "" });

      const asProgram = { ...connection, PGDATABASE: "energy", PGUSER: "caruna", SQL: join(ROOT, "sql") };
      const tooEarly = run("deploy/reader.sh", [], { ...asProgram, TRIES: "1" });
      expect(tooEarly.status).toBe(1);
      expect(tooEarly.stderr).toContain("docker compose logs caruna");

      const environment = {
        ...{ DB_HOST: "127.0.0.1", DB_PORT: String(server.port), DB_DATABASE: "energy", DB_USER: "caruna" },
        ...{ DB_PASSWORD_FILE: join(secrets, "caruna/database"), DB_SSLMODE: "disable", STATE_DIR: directory.path },
      };
      const loaded = await runProgram(["start", "--once"], environment, join(secrets, "caruna"));
      expect(loaded.stderr).toContain("days loaded");
      expect(loaded.exitCode).toBe(0);

      for (const _ of ["once", "again"]) {
        expect(run("deploy/reader.sh", [], asProgram)).toEqual({
          status: 0,
          stdout: "Grafana may read the tables.\n",
          stderr: "",
        });
      }
      const client = new pg.Client({
        ...{ host: "127.0.0.1", port: server.port, database: "energy" },
        ...{ user: "energy_reader", password: secret("grafana/reader") },
      });
      await client.connect();
      const { rows } = await client.query("SELECT count(*) > 100 AS many FROM metering_point_hourly");
      await client.end();
      expect(rows).toEqual([{ many: true }]);
    } finally {
      await server.stop();
      rmSync(join(directory.path, "data"), { recursive: true });
    }
  });
});
