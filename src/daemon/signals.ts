const ENDING_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Calls back when the system asks the program to end, as often as it asks. Returns what stops listening.
 */
export function onEndingSignal(callBack: (signal: NodeJS.Signals) => void): () => void {
  for (const signal of ENDING_SIGNALS) process.on(signal, callBack);
  return () => {
    for (const signal of ENDING_SIGNALS) process.off(signal, callBack);
  };
}
