import { type Logger, pino } from "pino";
import pretty from "pino-pretty";
import type { Configuration } from "../config/index.js";

/**
 * The program's log, on stderr: a terminal's lines or JSON, as configured; by default the former where stderr is a
 * terminal. Written at once, so that nothing is lost when the program ends.
 */
export function createLogger({ logLevel, logFormat }: Pick<Configuration, "logLevel" | "logFormat">): Logger {
  const isPretty = logFormat === undefined ? process.stderr.isTTY : logFormat === "pretty";
  const options = { level: logLevel, base: null };
  const destination = pino.destination({ dest: 2, sync: true });
  // The terminal was closed, or the disk is full: the work goes on without a log.
  destination.on("error", () => {});
  if (!isPretty) return pino(options, destination);
  const colorize = process.stderr.isTTY && !process.env.NO_COLOR;
  const stream = pretty({ destination, colorize, translateTime: "SYS:yyyy-mm-dd HH:MM:ss" });
  return pino(options, stream);
}
