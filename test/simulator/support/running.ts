import { afterEach } from "vitest";
import { type Simulator, type SimulatorOptions, startSimulator } from "../../../src/simulator/index.js";

const running: Simulator[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.stop()));
});

/** A simulator that ends with the test. */
export async function simulatorFor(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator(options);
  running.push(simulator);
  return simulator;
}

/** A clock that stands still. */
export function clockAt(instant: string): () => number {
  const epochMs = Date.parse(instant);
  return () => epochMs;
}
