/** A controller that is aborted with others' signals until it is released. */
export interface LinkedController {
  readonly controller: AbortController;
  /** Lets go of the others. */
  release(): void;
}

/**
 * A controller that is aborted with the first of several signals, for its reason. It holds on to them until it is released.
 *
 * `AbortSignal.any` keeps some bytes of every signal that it has made for as long as one of its sources lives (Node.js 20
 * does): the program's own lives for years.
 */
export function controllerUnder(...sources: readonly AbortSignal[]): LinkedController {
  const controller = new AbortController();
  const links = sources.map((source) => ({ source, abort: () => controller.abort(source.reason) }));
  for (const { source, abort } of links) {
    if (source.aborted) abort();
    else source.addEventListener("abort", abort);
  }
  return {
    controller,
    release: () => {
      for (const { source, abort } of links) source.removeEventListener("abort", abort);
    },
  };
}
