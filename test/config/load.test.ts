import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ConfigurationError, loadConfiguration, requireAccount } from "../../src/config/index.js";
import { ORIGINAL_INI } from "../support/original.js";
import { failure, folders, load, problems } from "./support.js";

const SERVER = { DB_HOST: "nas", DB_DATABASE: "energy", DB_USER: "matti" };

/** The `.env` beside it. */
const ORIGINAL_ENV = `DB_HOST=nas.local
DB_DATABASE=home
DB_USER=caruna
DB_PASSWORD=db-secret
CARUNA_USER=matti@example.com
CARUNA_PASSWORD=caruna-secret
`;

describe("what the original's users have", () => {
  const expected = {
    caruna: { username: "matti@example.com", password: "caruna-secret" },
    database: {
      kind: "server",
      host: "nas.local",
      port: 5432,
      database: "home",
      user: "caruna",
      password: "db-secret",
    },
    jobIntervalSeconds: 86400,
    daysToLoad: 7,
    warnings: [],
  };

  test("its config.ini and .env work unchanged as the package's file", () => {
    expect(load({ ini: ORIGINAL_INI, env: ORIGINAL_ENV })).toMatchObject(expected);
  });

  test("its config.ini works unchanged as CONFIG_FILE, from the environment or from .env", () => {
    const files = { "old.ini": ORIGINAL_INI };
    expect(load({ environment: { CONFIG_FILE: "old.ini" }, env: ORIGINAL_ENV, files })).toMatchObject(expected);
    expect(load({ env: `${ORIGINAL_ENV}CONFIG_FILE=old.ini\n`, files })).toMatchObject(expected);
  });
});

describe("where a setting comes from", () => {
  test("the environment stands above .env, .env above the ini, the ini above the default", () => {
    const ini = "[main]\njob_interval = 1000\ndays_to_load = 10\nlog_level = error\n";
    const env = "JOB_INTERVAL=2000\nDAYS_TO_LOAD=20\n";
    expect(load({ environment: { JOB_INTERVAL: "3000" }, env, ini })).toMatchObject({
      jobIntervalSeconds: 3000,
      daysToLoad: 20,
      logLevel: "error",
      logFormat: undefined,
    });
  });

  test("an empty variable is not set, in the environment as in .env", () => {
    const given = {
      environment: { JOB_INTERVAL: "", CARUNA_PASSWORD: "" },
      env: "JOB_INTERVAL=\nCARUNA_PASSWORD=kept\n",
    };
    expect(load(given)).toMatchObject({ jobIntervalSeconds: 3600, caruna: { password: "kept" } });
  });

  test("with nothing set at all the defaults hold", () => {
    const { workingDirectory, packageDirectory } = folders({});
    const loaded = loadConfiguration({ environment: {}, workingDirectory, packageDirectory });
    expect(loaded).toEqual({
      caruna: {
        username: undefined,
        password: undefined,
        meteringPoint: undefined,
        customers: "all",
        requestsAtOnce: 4,
        browser: "auto",
        baseUrl: "https://plus.caruna.fi",
        allowedHosts: ["caruna.fi", "*.caruna.fi", "plus.caruna.fi"],
      },
      database: { kind: "embedded" },
      jobIntervalSeconds: 3600,
      daysToLoad: 7,
      askFromMinutes: 480,
      backfill: "all",
      stateDir: join(workingDirectory, "state"),
      logLevel: "info",
      logFormat: undefined,
      http: { host: "127.0.0.1", port: 8480, token: undefined },
      warnings: [],
      sources: [
        "environment",
        `${join(workingDirectory, ".env")} (no such file)`,
        `${join(packageDirectory, "config", "config.ini")} (no such file)`,
      ],
    });
  });

  test("the shipped config.ini changes nothing of the defaults and lets the environment and .env win", () => {
    const ini = readFileSync(new URL("../../config/config.ini", import.meta.url));
    const without = { ...load({}), stateDir: "", sources: [] };
    expect({ ...load({ ini }), stateDir: "", sources: [] }).toEqual(without);
    const environment = { JOB_INTERVAL: "60", STATE_DIR: "/srv/state", LOG_FORMAT: "json", ...SERVER, DB_PORT: "5433" };
    expect(load({ ini, environment, env: "DAYS_TO_LOAD=3\nDB_PASSWORD=abc\n" })).toMatchObject({
      jobIntervalSeconds: 60,
      daysToLoad: 3,
      stateDir: "/srv/state",
      logFormat: "json",
      database: { kind: "server", host: "nas", port: 5433, password: "abc" },
    });
  });

  test("the package's own config.ini is found from any working directory", () => {
    const { workingDirectory } = folders({});
    const { sources } = loadConfiguration({ environment: {}, workingDirectory });
    expect(sources.at(-1)).toBe(join(import.meta.dirname, "..", "..", "config", "config.ini"));
  });

  test("CARUNA_USERNAME is understood too; where both differ, CARUNA_USER counts and a warning says so", () => {
    expect(load({ environment: { CARUNA_USERNAME: "matti" } }).caruna.username).toBe("matti");
    const both = load({ environment: { CARUNA_USERNAME: "matti", CARUNA_USER: "maija" } });
    expect(both.caruna.username).toBe("maija");
    expect(both.warnings).toEqual(["CARUNA_USER and CARUNA_USERNAME (environment) differ: CARUNA_USER counts"]);
  });

  test("the process's own environment is never changed", () => {
    load({ env: "CARUNA_CONFIG_TEST=leaked\nCARUNA_USER=leaked\n" });
    expect(process.env.CARUNA_CONFIG_TEST).toBeUndefined();
  });

  test("the result is frozen all the way down", () => {
    const loaded = load({ environment: SERVER });
    for (const part of [loaded, loaded.caruna, loaded.caruna.allowedHosts, loaded.database, loaded.warnings]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  test("names like __proto__ and constructor are settings nobody knows, nothing more", () => {
    const ini = "[__proto__]\npolluted = 1\n[constructor]\nprototype = 1\n[main]\n__proto__ = 1\npassword[] = x\n";
    expect(load({ ini, env: "__proto__=x\n" }).warnings).toHaveLength(4);
    expect({}).not.toHaveProperty("polluted");
  });
});

test("of a key that is set twice in the ini the later counts, an empty one too", () => {
  const levelOf = (...lines: string[]) => load({ ini: ["[main]", ...lines].join("\n") }).logLevel;
  expect(levelOf("log_level = warn", "log_level = error")).toBe("error");
  expect(levelOf("log_level = error", "log_level = warn", "[other]", "log_level = debug")).toBe("warn");
  expect(levelOf("log_level = error", "log_level =")).toBe("info");
});

describe("variables in the ini", () => {
  const password = (ini: string, environment: Record<string, string> = {}, env = "") =>
    load({ ini: `[caruna]\n${ini}\n`, environment, env }).caruna.password;

  test("exactly $NAME or $" + "{NAME} means the variable, from the environment or .env", () => {
    for (const written of ["$MY_SECRET", "$" + "{MY_SECRET}", '"$MY_SECRET"', "$MY_SECRET ; a note"]) {
      expect(password(`password = ${written}`, { MY_SECRET: "abc" })).toBe("abc");
      expect(password(`password = ${written}`, {}, "MY_SECRET=abc")).toBe("abc");
    }
  });

  test("in single quotes it is literal, for a password that looks like one", () => {
    expect(password("password = '$MY_SECRET'", { MY_SECRET: "abc" })).toBe("$MY_SECRET");
  });

  test("what the variable holds is not looked into again", () => {
    expect(password("password = $MY_SECRET", { MY_SECRET: '$HOME;"#"' })).toBe('$HOME;"#"');
  });

  test("anything else with a dollar sign is literal", () => {
    for (const written of ["x$MY_SECRET", "$MY_SECRET!", "$$MY_SECRET", "$" + "{MY_SECRET", "$1a", "$"]) {
      expect(password(`password = ${written}`, { MY_SECRET: "abc" })).toBe(written);
    }
  });

  test("a variable that is not set or empty means not set", () => {
    expect(password("password = $CARUNA_PASSWORD")).toBeUndefined();
    expect(password("password = $CARUNA_PASSWORD", { CARUNA_PASSWORD: "" })).toBeUndefined();
    expect(load({ ini: "[main]\njob_interval = $MINE\n" }).jobIntervalSeconds).toBe(3600);
  });

  test("the variable's _FILE is honoured for secrets", () => {
    const files = { pass: "from-file\n" };
    const ini = "[caruna]\npassword = $CARUNA_PASSWORD\n[postgresql]\npassword = $MINE\n";
    const loaded = load({ ini, files, environment: { CARUNA_PASSWORD_FILE: "pass", MINE_FILE: "pass", ...SERVER } });
    expect(loaded).toMatchObject({ caruna: { password: "from-file" }, database: { password: "from-file" } });
  });

  test("a password that looks like the name of a variable that is not set is told of without showing it", () => {
    const { warnings, caruna } = load({ ini: "[caruna]\npassword = $ecretWord\n" });
    expect(caruna.password).toBeUndefined();
    expect(warnings.join()).toMatch(/\[caruna\] password .* single quotes/);
    expect(warnings.join()).not.toContain("ecretWord");
  });
});

describe("secrets from files", () => {
  test("one newline at the end is left out, nothing else", () => {
    const of = (content: string | Buffer) =>
      load({ environment: { CARUNA_PASSWORD_FILE: "secret" }, files: { secret: content } }).caruna.password;
    expect(of("abc\n")).toBe("abc");
    expect(of("abc\r\n")).toBe("abc");
    expect(of("abc")).toBe("abc");
    expect(of(" a#b;$c=\"ä€' \n")).toBe(" a#b;$c=\"ä€' ");
    expect(of("abc\n\n")).toBe("abc\n");
    expect(of(Buffer.from("\uFEFFabc\n"))).toBe("abc");
  });

  test("each of the three secrets may come from a file", () => {
    const files = { one: "caruna\n", two: "database\n", three: "postgresql://u:p@h/d\n" };
    const environment = { CARUNA_PASSWORD_FILE: "one", DB_PASSWORD_FILE: "two", ...SERVER };
    expect(load({ environment, files })).toMatchObject({
      caruna: { password: "caruna" },
      database: { password: "database" },
    });
    expect(load({ env: "DATABASE_URL_FILE=three\n", files }).database).toMatchObject({ kind: "server", password: "p" });
  });

  test("a file that is missing, empty, a folder or not UTF-8 is a problem", () => {
    const files = { empty: "\n", "folder/x": "", latin: Buffer.from([0xe4, 0x0a]) };
    const of = (path: string) => problems({ environment: { DB_PASSWORD_FILE: path, ...SERVER }, files });
    expect(of("nowhere")).toEqual([expect.stringMatching(/^DB_PASSWORD_FILE: names a file that does not exist/)]);
    expect(of("empty")).toEqual([expect.stringMatching(/^DB_PASSWORD_FILE: names an empty file/)]);
    expect(of("folder")).toEqual([expect.stringMatching(/is a folder/)]);
    expect(of("latin")).toEqual([expect.stringMatching(/not UTF-8/)]);
  });

  test("a secret and its file in the same source are a problem; in two sources the higher wins", () => {
    const files = { pass: "file" };
    const environment = { CARUNA_PASSWORD: "plain", CARUNA_PASSWORD_FILE: "pass" };
    expect(problems({ environment, files })).toEqual([
      expect.stringMatching(/^CARUNA_PASSWORD: .*CARUNA_PASSWORD_FILE/),
    ]);
    const inTwo = { environment: { CARUNA_PASSWORD_FILE: "pass" }, env: "CARUNA_PASSWORD=plain\n", files };
    expect(load(inTwo).caruna.password).toBe("file");
  });
});

describe("problems", () => {
  test("all are told at once, each with its name, source and an example", () => {
    const given = {
      environment: { JOB_INTERVAL: "hourly", DB_HOST: "nas:5432", DB_PORT: "0" },
      env: "LOG_LEVEL=inof\nCARUNA_BASE_URL=http://plus.caruna.fi\n",
      ini: "[main]\n\ndays_to_load = 3661\n",
    };
    const { message, problems: told } = failure(given);
    expect(told.map(({ setting }) => setting).sort()).toEqual([
      "CARUNA_BASE_URL",
      "DB_DATABASE",
      "DB_HOST",
      "DB_PORT",
      "DB_USER",
      "JOB_INTERVAL",
      "LOG_LEVEL",
      "[main] days_to_load",
    ]);
    expect(message).toContain(
      'JOB_INTERVAL (environment) "hourly" is not a whole number from 1 to 2147483. Example: JOB_INTERVAL=3600',
    );
    expect(message).toMatch(/LOG_LEVEL \(\/.*\.env\) "inof" is none of .*; perhaps info is meant/);
    expect(message).toMatch(/\[main\] days_to_load \(.*config\.ini, line 3\) .* 1 to 3660\. Example: days_to_load = 7/);
    expect(message).toMatch(/CARUNA_BASE_URL .* not encrypted/);
  });

  test.each([
    ["JOB_INTERVAL", ["0", "-1", "1.5", "1e3", "2147484", "3 600", "٣"]],
    ["DAYS_TO_LOAD", ["0", "3661", "seven"]],
    ["DB_PORT", ["0", "65536", "postgres"]],
    ["DB_SSLMODE", ["on", "verify", "required!"]],
    ["DB_HOST", ["postgresql://nas/x", "nas:5432", "[::1]:5432", "a b", "user@nas"]],
    ["LOG_LEVEL", ["verbose"]],
    ["LOG_FORMAT", ["text"]],
    ["METERING_POINT", ["1,2"]],
    ["CARUNA_CUSTOMERS", ["mine", "12a", "1;2"]],
    ["REQUESTS_AT_ONCE", ["0", "9", "many"]],
    ["ASK_FROM", ["8", "24:00", "08:60", "morning"]],
    ["BACKFILL", ["yes", "2024", "2024-02-30", "1.1.2024", "0000-01-01"]],
    ["STATE_DIR", ["~/state"]],
    [
      "CARUNA_BASE_URL",
      [
        "plus.caruna.fi",
        "http://plus.caruna.fi",
        "http://10.0.0.1",
        "http://127.evil.example",
        "ftp://x",
        "https://u:p@x.fi",
        "https://x.fi/?a",
        "https://x.fi/#",
        "https://x.fi/path",
        "https://",
      ],
    ],
    [
      "CARUNA_ALLOWED_HOSTS",
      ["*", "*.fi", "https://caruna.fi", "a b", "caruna.fi/x", "*.caruna.fi:444", ",", "x@caruna.fi"],
    ],
    ["HTTP_PORT", ["-1", "65536", "http", "8480.5"]],
    ["HTTP_HOST", ["http://127.0.0.1", "127.0.0.1:8480", "[::1]:8480", "a b", "x@y"]],
    ["HTTP_TOKEN", ["fifteen-letters", "sixteen letters!", "plus+and/slash==16", "ääkköset-ääkköset"]],
    ["DATABASE_URL", ["mysql://x/y", "nas", "postgres://u:p#x@h/d", "postgres://u:p%x@h/d"]],
  ])("%s is checked", (name, values) => {
    for (const value of values) {
      const environment = { ...(name.startsWith("DB_") ? SERVER : {}), [name]: value };
      const { problems: told } = failure({ environment });
      expect(
        told.map(({ setting }) => setting),
        value,
      ).toEqual([name]);
    }
  });

  test.each([
    [{ JOB_INTERVAL: "1" }, { jobIntervalSeconds: 1 }],
    [{ JOB_INTERVAL: " 2147483 " }, { jobIntervalSeconds: 2147483 }],
    [{ DAYS_TO_LOAD: "3660" }, { daysToLoad: 3660 }],
    [{ CARUNA_CUSTOMERS: "OWN" }, { caruna: { customers: "own" } }],
    [{ CARUNA_CUSTOMERS: "123, 456" }, { caruna: { customers: ["123", "456"] } }],
    [{ REQUESTS_AT_ONCE: "1" }, { caruna: { requestsAtOnce: 1 } }],
    [{ CARUNA_BROWSER: "None" }, { caruna: { browser: "none" } }],
    [{ CARUNA_BROWSER: "/opt/chrome/chrome" }, { caruna: { browser: "/opt/chrome/chrome" } }],
    [{ ASK_FROM: "9:30" }, { askFromMinutes: 570 }],
    [{ BACKFILL: "None" }, { backfill: "none" }],
    [
      { LOG_LEVEL: "DEBUG", LOG_FORMAT: "Json" },
      { logLevel: "debug", logFormat: "json" },
    ],
    [{ METERING_POINT: "6430 0757 2000 0000 00" }, { caruna: { meteringPoint: "643007572000000000" } }],
    [{ CARUNA_BASE_URL: "HTTPS://Plus.Caruna.fi/" }, { caruna: { baseUrl: "https://plus.caruna.fi" } }],
    [
      { CARUNA_BASE_URL: "http://[::1]:80/" },
      { caruna: { baseUrl: "http://[::1]", allowedHosts: ["caruna.fi", "*.caruna.fi", "[::1]:80"] } },
    ],
    [
      { CARUNA_BASE_URL: "http://127.3.2.1:8490" },
      { caruna: { baseUrl: "http://127.3.2.1:8490", allowedHosts: ["caruna.fi", "*.caruna.fi", "127.3.2.1:8490"] } },
    ],
    [
      { CARUNA_ALLOWED_HOSTS: "Auth.Example.com:443, localhost:8491,,*.Example.com" },
      { caruna: { allowedHosts: ["auth.example.com", "localhost:8491", "*.example.com", "plus.caruna.fi"] } },
    ],
    [
      { ...SERVER, DB_HOST: "/var/run/postgresql", DB_SSLMODE: "Verify-Full" },
      { database: { host: "/var/run/postgresql", sslmode: "verify-full" } },
    ],
    [{ ...SERVER, DB_HOST: "::1" }, { database: { host: "::1", sslmode: "prefer", port: 5432, password: undefined } }],
    [
      { DATABASE_URL: "postgres://u:p%23@h/d?sslmode=require" },
      { database: { kind: "server", host: "h", password: "p#", sslmode: "require" } },
    ],
    [{ HTTP_PORT: "0" }, { http: { host: "127.0.0.1", port: 0, token: undefined } }],
    [{ HTTP_HOST: "[::1]", HTTP_PORT: "80" }, { http: { host: "::1", port: 80 } }],
    [{ HTTP_HOST: "localhost" }, { http: { host: "localhost", token: undefined } }],
    [
      { HTTP_HOST: "0.0.0.0", HTTP_TOKEN: "0123456789abcdef" },
      { http: { host: "0.0.0.0", token: "0123456789abcdef" } },
    ],
    [{ HTTP_HOST: "0.0.0.0", HTTP_PORT: "0" }, { http: { host: "0.0.0.0", port: 0 } }],
  ])("%o is accepted", (environment, expected) => {
    expect(load({ environment })).toMatchObject(expected);
  });

  test.each(["0.0.0.0", "::", "192.168.1.5", "nas.local", "localhost.example"])(
    "a page that others can reach (on %s) needs a token, which the error says how to make",
    (host) => {
      const { problems, message } = failure({ environment: { HTTP_HOST: host } });
      expect(problems.map(({ setting }) => setting)).toEqual(["HTTP_TOKEN"]);
      expect(message).toContain("openssl rand -hex");
    },
  );

  test("a token may come from a file, and is never shown", () => {
    const files = { token: "0123456789abcdef\n", short: "Geheim-4711\n" };
    const environment = { HTTP_HOST: "0.0.0.0", HTTP_TOKEN_FILE: "token" };
    expect(load({ environment, files }).http.token).toBe("0123456789abcdef");
    expect(failure({ environment: { HTTP_TOKEN_FILE: "short" }, files }).message).not.toContain("Geheim");
  });

  test("a secret is never shown, whatever is wrong with it", () => {
    const secret = "Geheim-4711";
    const messages = [
      failure({ environment: { DATABASE_URL: `mysql://u:${secret}@h/d` } }),
      failure({ environment: { DATABASE_URL: secret } }),
      failure({ environment: { DATABASE_URL: `postgres://u:${secret}@h/d`, DB_PASSWORD: secret } }),
      failure({ environment: { CARUNA_BASE_URL: `https://u:${secret}@plus.caruna.fi` } }),
      failure({ environment: { DB_HOST: `postgres://u:${secret}@h/d`, DB_PASSWORD: secret } }),
      failure({ env: `CARUNA_PASSWORD='${secret}'s#x'\n` }),
      failure({ ini: `[caruna]\npassword = ${secret};x\n` }),
      failure({ ini: `[caruna]\npassword = "${secret}"x"\n` }),
      failure({ environment: { DB_PASSWORD: secret } }),
    ].map(({ message, problems: told }) => message + JSON.stringify(told));
    for (const message of messages) expect(message).not.toContain(secret);
  });

  test("a long or many-lined value is cut to 40 characters on one line", () => {
    const { message } = failure({ environment: { JOB_INTERVAL: `1\n${"x".repeat(200)}` } });
    expect(message).toContain(`"1�${"x".repeat(38)}…"`);
    expect(message.split("\n")).toHaveLength(2);
  });

  test("a CONFIG_FILE or .env that cannot be read is a problem, and the other settings are still checked", () => {
    const given = { environment: { CONFIG_FILE: "nowhere.ini", JOB_INTERVAL: "x" } };
    expect(problems(given)).toEqual([
      expect.stringMatching(/^CONFIG_FILE: names \/.*nowhere\.ini, which does not exist/),
      expect.stringMatching(/^JOB_INTERVAL/),
    ]);
    expect(problems({ files: { ".env/x": "" } })).toEqual([".env: is a folder, not a file"]);
    expect(problems({ env: Buffer.from("CARUNA_PASSWORD=\xe4", "latin1") })).toEqual([
      expect.stringMatching(/^\.env: is not UTF-8/),
    ]);
  });
});

describe("which database", () => {
  test("some DB_ settings without a host are an error", () => {
    expect(problems({ environment: { DB_PASSWORD: "x" }, env: "DB_USER=matti\n" })).toEqual([
      expect.stringMatching(/^DB_HOST: is not set, but DB_USER, DB_PASSWORD is/),
    ]);
    expect(problems({ ini: "[postgresql]\nport = 5432\n" })).toEqual([
      expect.stringMatching(/^DB_HOST: .*\[postgresql\] port/),
    ]);
  });

  test("a host without database or user names what is needed", () => {
    expect(problems({ environment: { DB_HOST: "nas" } })).toEqual([
      expect.stringMatching(/^DB_DATABASE: is not set/),
      expect.stringMatching(/^DB_USER: is not set/),
    ]);
  });

  test("DATABASE_URL and DB_ from one source are a problem that names both", () => {
    const told = problems({ environment: { DATABASE_URL: "postgres://u@h/d", ...SERVER } });
    expect(told).toEqual([expect.stringMatching(/^DATABASE_URL: .*DB_HOST, DB_DATABASE, DB_USER/)]);
    expect(problems({ env: "DATABASE_URL=postgres://u@h/d\nDB_PORT=1\n" })).toHaveLength(1);
  });

  test("from two sources the higher wins, and a warning names what is not used", () => {
    const url = load({
      environment: { DATABASE_URL: "postgres://u@h/d" },
      env: "DB_HOST=nas\nDB_USER=u\nDB_DATABASE=d\n",
    });
    expect(url.database).toMatchObject({ kind: "server", host: "h" });
    expect(url.warnings).toEqual([expect.stringMatching(/^DB_HOST, DB_DATABASE, DB_USER .*not used: DATABASE_URL/)]);
    const server = load({ environment: SERVER, env: "DATABASE_URL=postgres://u@h/d\n" });
    expect(server.database).toMatchObject({ kind: "server", host: "nas" });
    expect(server.warnings).toEqual([expect.stringMatching(/^DATABASE_URL .*not used: DB_HOST/)]);
    const aboveIni = load({ env: "DATABASE_URL=postgres://u@h/d\n", ini: "[postgresql]\nhost = nas\n" });
    expect(aboveIni.database).toMatchObject({ kind: "server", host: "h" });
  });

  test("DATABASE_URL stands beside an ini whose DB_ variables are not set", () => {
    const loaded = load({ environment: { DATABASE_URL: "postgres://u@h/d" }, ini: ORIGINAL_INI });
    expect(loaded).toMatchObject({ database: { kind: "server", host: "h" }, warnings: [] });
  });
});

describe("warnings", () => {
  test.each([
    [
      "[main]\njob_intervall = 1\n",
      /line 2: unknown setting "job_intervall" in \[main\], perhaps \[main\] job_interval is meant/,
    ],
    ["[main]\nusername = x\n", /"username" in \[main\], perhaps \[caruna\] username is meant/],
    ["[main]\npassword = x\n", /perhaps \[caruna\] password or \[postgresql\] password is meant/],
    ["[caruna]\nmetering-point = x\n", /perhaps \[caruna\] metering_point is meant/],
    ["[postgres]\nhst = x\n", /unknown section "postgres", perhaps \[postgresql\] is meant/],
    ["[postgres]\nhost = x\n", /"host" in \[postgres\], perhaps \[postgresql\] host is meant/],
    ["host = x\n", /"host" before the first \[section\], perhaps \[postgresql\] host or \[http\] host is meant/],
    ["[main]\nzzzzzzzzz = x\n", /unknown setting "zzzzzzzzz" in \[main\]; it is left out/],
    ["[main]\njob_interval: 5\n", /line 2: no “key = value”/],
    ["[main]\nlog_level = info\nlog_level = warn\n", /line 2: \[main\] log_level is set again/],
  ])("%j is told of", (ini, expected) => {
    expect(load({ ini }).warnings).toEqual([expect.stringMatching(expected)]);
  });

  test("a user name or password in quotes in the environment is told of, with the value unchanged and not shown", () => {
    for (const quoted of ['"hunter2"', "'hunter2'", "`hunter2`"]) {
      const { caruna, warnings } = load({ environment: { CARUNA_USER: quoted, CARUNA_PASSWORD: quoted } });
      expect(caruna).toMatchObject({ username: quoted, password: quoted });
      expect(warnings).toEqual([
        expect.stringMatching(/^CARUNA_USER .*quotation/),
        expect.stringMatching(/^CARUNA_PASSWORD .*quotation/),
      ]);
      expect(warnings.join()).not.toContain("hunter2");
    }
    expect(load({ environment: { CARUNA_PASSWORD: `"a'` }, env: 'CARUNA_USER="matti"\n' }).warnings).toEqual([]);
  });

  test("other settings in quotes in the environment name the quotes as the cause", () => {
    expect(problems({ environment: { JOB_INTERVAL: '"3600"' } })).toEqual([expect.stringMatching(/--env-file/)]);
  });

  test("an interval that would burden Caruna+ is told of, but not one against this machine", () => {
    expect(load({ environment: { JOB_INTERVAL: "10" } }).warnings).toEqual([expect.stringMatching(/10 seconds/)]);
    const local = { JOB_INTERVAL: "10", CARUNA_BASE_URL: "http://127.0.0.1:8490" };
    expect(load({ environment: local }).warnings).toEqual([]);
  });
});

describe("requireAccount", () => {
  const WRONG = { JOB_INTERVAL: "x", DAYS_TO_LOAD: "x", DATABASE_URL: "postgres://u@h/d?x=y" };
  const listed = (changes: Record<string, string>, needsAccount = true) =>
    failure({ environment: { ...WRONG, ...changes }, needsAccount }).problems.map(({ setting }) => setting);

  test("a missing account is listed with the other wrong settings, for the commands that need one", () => {
    const wrong = ["DATABASE_URL", "JOB_INTERVAL", "DAYS_TO_LOAD"];
    expect(listed({ CARUNA_PASSWORD: "x" })).toEqual([...wrong, "CARUNA_USER"]);
    expect(listed({})).toEqual([...wrong, "CARUNA_USER", "CARUNA_PASSWORD"]);
    expect(listed({}, false)).toEqual(wrong);
    // A part that is set and cannot be read is one problem, not two.
    expect(listed({ CARUNA_USER: "matti", CARUNA_PASSWORD_FILE: "nowhere" })).toEqual([
      "CARUNA_PASSWORD_FILE",
      ...wrong,
    ]);
    expect(failure({ environment: WRONG, needsAccount: true }).message).toMatch(
      /^5 settings cannot be used[\s\S]*CARUNA_USER \(environment, .*\) is not set\. Example: CARUNA_USER=matti@example\.com$/m,
    );
  });

  test("hands out a complete account", () => {
    const environment = { CARUNA_USER: "matti", CARUNA_PASSWORD: " pass word " };
    expect(requireAccount(load({ environment }))).toEqual({ username: "matti", password: " pass word " });
  });

  test("says in three lines what is missing, where it looked, how to set it, and that the demo needs none", () => {
    const without = () => requireAccount(load({}));
    expect(without).toThrow(ConfigurationError);
    expect(without).toThrow(
      /^The Caruna\+ account.*CARUNA_USER and CARUNA_PASSWORD.*\.env \(no such file\).*config\.ini.*\n.*\.env.*\n.*npm run demo$/,
    );
    const withoutPassword = () => requireAccount(load({ environment: { CARUNA_USER: "matti" } }));
    expect(withoutPassword).toThrow(/not complete: CARUNA_PASSWORD is not set/);
  });
});
