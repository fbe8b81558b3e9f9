import { startSimulator } from "../src/simulator/index.js";
import { simulatorWish } from "./simulator.js";

/** The simulator in a process of its own, so that what is measured has its own thread to itself. */
const simulator = await startSimulator(simulatorWish.parse(JSON.parse(process.argv[2] ?? "{}")));
process.send?.({ plusUrl: simulator.plusUrl, authUrl: simulator.authUrl });
process.once("disconnect", () => void simulator.stop());
