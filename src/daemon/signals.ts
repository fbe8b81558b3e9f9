import { endingSignals } from "../shared/hangup.js";

/**
 * Calls back when the system asks the program to end, as often as it asks. Returns what stops listening.
 */
export function onEndingSignal(callBack: (signal: NodeJS.Signals) => void): () => void {
  const signals = endingSignals();
  for (const signal of signals) process.on(signal, callBack);
  return () => {
    for (const signal of signals) process.off(signal, callBack);
  };
}
