import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";
import { expect, test } from "vitest";
import { atTheEnd } from "../support/caruna.js";
import { newAuthority } from "../support/certificates.js";
import { connectProxy } from "../support/connect-proxy.js";
import { runProgram } from "../support/program.js";
import { lastDates, storedRows, trueRows } from "../support/truth.js";
import { newWorlds } from "../support/world.js";

const world = newWorlds({ plusUrl: "https://plus.caruna.fi", authUrl: "https://authentication2.caruna.fi" });

test("a login and a cycle go through HTTPS_PROXY, which sees two host names and nothing else", async () => {
  const authority = newAuthority("Authority of the test");
  const { cert, key } = authority.issue({ names: ["plus.caruna.fi", "authentication2.caruna.fi"] });
  const trusted = join(world.folder, "authority.pem");
  writeFileSync(trusted, authority.certificate);
  const site = async (port: number) => {
    const server = createServer({ cert, key }, (program) => {
      const service = connect(port, "127.0.0.1");
      program.on("error", () => service.destroy()).pipe(service);
      service.on("error", () => program.destroy()).pipe(program);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    atTheEnd(() => void server.close());
    const address = server.address();
    return { port: typeof address === "object" && address !== null ? address.port : 0 };
  };
  const plus = await site(world.simulator.port);
  const auth = await site(world.simulator.authPort);
  const proxy = await connectProxy((host) => (host === "plus.caruna.fi:443" ? plus : auth));

  // Node.js reads NODE_EXTRA_CA_CERTS when it starts.
  const settings = {
    ...world.settings,
    CARUNA_BASE_URL: "https://plus.caruna.fi",
    CARUNA_ALLOWED_HOSTS: "caruna.fi,*.caruna.fi",
    NODE_EXTRA_CA_CERTS: trusted,
    HTTPS_PROXY: `http://matti:p%40ss-4711@127.0.0.1:${proxy.port}`,
    LOG_LEVEL: "trace",
  };
  const ended = await runProgram(["start", "--once"], settings, world.folder);
  expect(ended.stderr).toContain("7 days loaded");
  expect(ended.exitCode).toBe(0);
  expect(await storedRows(world.database)).toEqual(trueRows(world.simulator, world.meter, lastDates(Date.now(), 7)));
  expect(new Set(proxy.asked.map(({ authority: host }) => host))).toEqual(
    new Set(["plus.caruna.fi:443", "authentication2.caruna.fi:443"]),
  );
  expect(proxy.asked[0]?.headers["proxy-authorization"]).toBe(`Basic ${btoa("matti:p@ss-4711")}`);
  // The API keeps its connections open through the proxy too.
  expect(proxy.asked.length).toBeLessThan(world.simulator.requestCount);
  const passed = Buffer.concat(proxy.seen).toString("latin1");
  expect(passed).not.toMatch(/demo@example|Bearer|HTTP\/1\.1/);
  expect(ended.stderr).not.toContain("4711");
});
