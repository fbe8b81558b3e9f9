import { afterEach, describe, expect, it, vi } from "vitest";
import { simulatorCommand } from "../../src/cli/simulator.js";

afterEach(() => {
  vi.restoreAllMocks();
});

function complaintOf(...args: string[]): Promise<string> {
  const command = simulatorCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  return command.parseAsync(args, { from: "user" }).then(
    () => "none",
    (error: unknown) => String(error),
  );
}

describe("the command simulator", () => {
  it("prints what is needed to use it, serves, and ends on SIGTERM", async () => {
    let printed = "";
    const status = new Promise<number>((resolve, reject) => {
      vi.spyOn(process.stdout, "write").mockImplementation((text) => {
        printed += String(text);
        const url = /CARUNA_BASE_URL=(\S+)/.exec(printed)?.[1];
        if (url !== undefined) fetch(url).then((response) => resolve(response.status), reject);
        return true;
      });
    });
    const running = simulatorCommand().parseAsync(["--port", "0", "--auth-port", "0", "--meters", "2"], {
      from: "user",
    });
    expect(await status).toBe(200);
    process.emit("SIGTERM");
    await running;
    expect(printed).toMatch(/^CARUNA_ALLOWED_HOSTS=127\.0\.0\.1:\d+$/m);
    expect(printed).toMatch(/^CARUNA_USER=demo@example\.com$/m);
    expect(printed.match(/^metering point: /gm)).toHaveLength(2);
    const url = /CARUNA_BASE_URL=(\S+)/.exec(printed)?.[1] ?? "";
    await expect(fetch(url)).rejects.toThrow();
  });

  it.each([
    [["--port", "70000"], "0 to 65535"],
    [["--meters", "0"], "1 to 1000"],
    [["--latency", "soon"], "milliseconds"],
    [["--variant", "2019-01"], "2023-01, 2023-11"],
    [["--plus-url", "plus.example.com"], "https://plus.example.com"],
    [["--now", "2026-03-30"], "2026-03-30T12:00:00Z"],
  ])("explains what is wrong with %j", async (args, advice) => {
    expect(await complaintOf(...args)).toContain(advice);
  });
});
