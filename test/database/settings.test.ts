import { expect, test } from "vitest";
import { DatabaseAddressInvalid, parseDatabaseUrl } from "../../src/database/index.js";

test("a connection URL is taken apart, percent signs decoded", () => {
  expect(
    parseDatabaseUrl("postgres://me%40home:p%3A%2F%23%C3%A4@db.example:6543/Oma%20kanta?sslmode=verify-full"),
  ).toEqual({
    kind: "server",
    host: "db.example",
    port: 6543,
    database: "Oma kanta",
    user: "me@home",
    password: "p:/#ä",
    sslmode: "verify-full",
    sslRootCertificatePath: undefined,
  });
});

test("what a connection URL leaves out has libpq's defaults", () => {
  expect(parseDatabaseUrl("postgresql://caruna@[::1]")).toMatchObject({
    host: "::1",
    port: 5432,
    database: "caruna",
    password: undefined,
    sslmode: "prefer",
  });
  expect(parseDatabaseUrl("postgresql://caruna@/energy?host=/var/run/postgresql")).toMatchObject({
    host: "/var/run/postgresql",
    database: "energy",
  });
});

test.each([
  "salasana",
  "mysql://me:salasana@db/energy",
  "postgresql://me:salasana#x@db/energy",
  "postgresql://me:salasana%zz@db/energy",
  "postgresql://me:salasana@db:99999/energy",
  "postgresql://me:salasana@db/energy?sslmode=salasana",
  "postgresql://me:salasana@db/energy?options=salasana",
  "postgresql://:salasana@db/energy",
])("an unusable connection URL is refused without being shown (%#)", (url) => {
  expect(() => parseDatabaseUrl(url)).toThrow(DatabaseAddressInvalid);
  expect(() => parseDatabaseUrl(url)).toThrow(/^DATABASE_URL cannot be used: (?!.*salasana)/);
});
