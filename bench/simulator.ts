import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { MeteringPoint } from "../src/caruna/index.js";

/** What a measurement asks of the simulator. */
export const simulatorWish = z.object({
  latencyMs: z.number(),
  meters: z.array(z.object({ startDate: z.string() })),
});

const addresses = z.object({ plusUrl: z.string(), authUrl: z.string() });

/** Where a simulator is. */
export type SimulatorAddresses = z.infer<typeof addresses>;

/** The one account of every simulator, and its first meter. */
export const ACCOUNT = { username: "demo@example.com", password: "demo" } as const;
export const FIRST_METER: Pick<MeteringPoint, "customerId" | "assetId"> = {
  customerId: "50123456",
  assetId: "FSK000127",
};

/** Runs a task beside a simulator in a process of its own. */
export async function withSimulator<Result>(
  wish: z.infer<typeof simulatorWish>,
  task: (simulator: SimulatorAddresses) => Promise<Result>,
): Promise<Result> {
  const child = fork(fileURLToPath(new URL("simulator-process.js", import.meta.url)), [JSON.stringify(wish)]);
  try {
    const [message] = await once(child, "message");
    return await task(addresses.parse(message));
  } finally {
    child.disconnect();
    await once(child, "exit");
  }
}
