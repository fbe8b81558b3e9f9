import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { CarunaClientOptions } from "../../src/caruna/index.js";
import { type SimulatorOptions, scriptedVariantNames } from "../../src/simulator/index.js";
import { atTheEnd, clientFor, errorOf, simulatorFor } from "../support/caruna.js";

const ACCOUNT = { user: "äijö@example.com", password: 'pä"ss<w>ö&rd $+ €' };

/** A client of a simulated portal that may start a browser, and the folder of its profiles. */
async function browsingClient(options: SimulatorOptions, clientOptions: Partial<CarunaClientOptions> = {}) {
  const simulator = await simulatorFor({ ...ACCOUNT, ...options });
  const folder = await mkdtemp(join(tmpdir(), "caruna-browser-"));
  atTheEnd(() => rm(folder, { recursive: true, force: true }));
  const authUrl = new URL(simulator.authUrl);
  const { client, log } = clientFor(simulator, {
    username: ACCOUNT.user,
    password: ACCOUNT.password,
    allowedHosts: [authUrl.host, `localhost:${authUrl.port}`],
    browser: { executable: process.env.CHROMIUM ?? "/usr/bin/chromium", profileFolder: folder },
    ...clientOptions,
  });
  return { simulator, client, log, folder };
}

describe("portals that only a browser passes", () => {
  it.each(scriptedVariantNames())("%s: one password post, and the callback is never loaded", async (variant) => {
    const { simulator, client, folder } = await browsingClient({ variant });
    expect(await client.customerNumbers()).toHaveLength(1);
    expect(simulator.passwordPosts).toBe(1);
    expect(simulator.requests.filter(({ kind }) => kind === "callback")).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it.each(scriptedVariantNames())("%s: a wrong password is reported as one", async (variant) => {
    const { simulator, client } = await browsingClient({ variant }, { password: "something else" });
    expect(await errorOf(client.customerNumbers())).toMatchObject({ name: "CredentialsRejected" });
    expect(simulator.passwordPosts).toBe(1);
  });
});
