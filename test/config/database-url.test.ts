import { describe, expect, test } from "vitest";
import { failure, load } from "./support.js";

const databaseOf = (url: string) => load({ environment: { DATABASE_URL: url } }).database;

describe("DATABASE_URL", () => {
  test("is taken apart, percent signs decoded", () => {
    const url =
      "postgres://me%40home:p%3A%2F%23%C3%A4@db.example:6543/Oma%20kanta?sslmode=verify-full&sslrootcert=/a.crt";
    expect(databaseOf(url)).toEqual({
      kind: "server",
      host: "db.example",
      port: 6543,
      database: "Oma kanta",
      user: "me@home",
      password: "p:/#ä",
      sslmode: "verify-full",
      sslRootCertificatePath: "/a.crt",
    });
  });

  test("has libpq's defaults for what it leaves out", () => {
    expect(databaseOf("postgresql://caruna@[::1]")).toEqual({
      kind: "server",
      host: "::1",
      port: 5432,
      database: "caruna",
      user: "caruna",
      password: undefined,
      sslmode: "prefer",
    });
    const bySocket = { host: "/var/run/postgresql", database: "energy" };
    expect(databaseOf("postgresql://caruna@/energy?host=/var/run/postgresql")).toMatchObject(bySocket);
    expect(databaseOf("postgresql:///energy?host=/var/run/postgresql&user=caruna")).toMatchObject(bySocket);
  });

  test("may hold libpq's parameters of a session, as hosting companies write them", () => {
    const url =
      "postgresql://me:x@db/energy?sslmode=require&channel_binding=require&application_name=Oma+ohjelma%20%C3%A4" +
      "&options=-c%20statement_timeout%3D5min&connect_timeout=15";
    expect(databaseOf(url)).toMatchObject({
      sslmode: "require",
      channelBinding: "require",
      // libpq takes a + for a plus.
      applicationName: "Oma+ohjelma ä",
      sessionOptions: "-c statement_timeout=5min",
      connectTimeoutSeconds: 15,
    });
    expect(databaseOf("postgresql://me@db?connect_timeout=0&options=&user=you&user=we")).toMatchObject({
      user: "we",
      connectTimeoutSeconds: undefined,
      sessionOptions: undefined,
    });
  });

  test.each([
    ["salasana", "is not of the form postgresql://"],
    ["mysql://me:salasana@db/energy", "is not of the form postgresql://"],
    ["postgresql://me:salasana@db/energy#x", "write %23 for a # in the password"],
    ["postgresql://me:salasana%zz@db/energy", "write %25 for a % in the password"],
    ["postgresql://me:salasana@db:99999/energy", "is not of the form"],
    ["postgresql://me:salasana@db/energy?port=0", "a port that is not a number from 1 to 65535"],
    [
      "postgresql://me:salasana@db/energy?sslmode=salasana",
      "none of disable, allow, prefer, require, verify-ca, verify-full",
    ],
    ["postgresql://me:salasana@db/energy?channel_binding=salasana", "none of disable, prefer, require"],
    ["postgresql://me:salasana@db/energy?connect_timeout=salasana", "no number of seconds"],
    ["postgresql://me:salasana@db/energy?salasana=salasana", "application_name, options, connect_timeout"],
    ["postgresql://me:salasana@db/energy?__proto__=salasana", "application_name, options, connect_timeout"],
    ["postgresql://me:salasana@db/energy?host=a,b", "names several hosts"],
    ["postgresql://:salasana@db/energy", "names no user"],
  ])("that cannot be used is refused with the configuration, and not shown: %s", (url, reason) => {
    const { message, problems } = failure({ environment: { DATABASE_URL: url } });
    expect(problems).toMatchObject([{ setting: "DATABASE_URL", problem: expect.stringContaining(reason) }]);
    expect(message).not.toContain("salasana");
  });
});
