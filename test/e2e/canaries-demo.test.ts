import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { CANARIES, canaryService, found, privateFiles } from "../support/canaries.js";
import { atTheEnd } from "../support/caruna.js";
import { runProgram, workingDirectory } from "../support/program.js";

const SESSION = z.object({ token: z.string(), cookies: z.string() });
const COOKIES = z.object({ cookies: z.array(z.object({ value: z.string() })) });

test("the demo uses and shows nothing of an account that is set, and none of its own secrets", async () => {
  const service = await canaryService();
  const folder = workingDirectory();
  atTheEnd(async () => {
    await service.stop();
    folder.remove();
  });
  const account = {
    CARUNA_USER: CANARIES.user,
    CARUNA_PASSWORD: CANARIES.password,
    CARUNA_BASE_URL: service.simulator.plusUrl,
    CARUNA_ALLOWED_HOSTS: new URL(service.simulator.authUrl).host,
    DATABASE_URL: `postgresql://user:${CANARIES.json}@127.0.0.1:9/${CANARIES.text}`,
    HTTP_TOKEN: CANARIES.header,
    LOG_LEVEL: "trace",
  };
  const lines = Object.entries(account).map(([name, value]) => `${name}='${value}'\n`);
  writeFileSync(join(folder.path, ".env"), lines.join(""), { mode: 0o600 });
  const { exitCode, stdout, stderr } = await runProgram(["demo", "--once"], account, folder.path);
  expect([exitCode, stderr]).toEqual([0, expect.stringContaining("days loaded")]);
  expect(service.simulator.requests).toEqual([]);
  const {
    "session.json": session = "",
    "postgres/pgpass": pgpass = "",
    ...files
  } = privateFiles(join(folder.path, "state/demo"));
  const { token, cookies } = SESSION.parse(JSON.parse(session));
  const values = COOKIES.parse(JSON.parse(cookies)).cookies.map(({ value }) => value);
  const databasePassword = pgpass.trim().split(":")[4] ?? "";
  const own = [token, databasePassword, ...values.filter((value) => value.length >= 8)];
  expect(own.length).toBeGreaterThan(2);
  expect(databasePassword.length).toBeGreaterThan(8);
  expect(found({ stdout, stderr }, [...Object.values(CANARIES), ...own])).toEqual([]);
  expect(found({ session, pgpass, ...files }, Object.values(CANARIES))).toEqual([]);
});
