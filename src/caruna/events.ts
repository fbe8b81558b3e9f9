/** What a client did, for those who count. Names no customer and no metering point. */
export type ClientEvent =
  /** A request to the API went out, and was answered or not. */
  | {
      readonly kind: "request";
      /** The last word of the path: "energy", "assets", "meteringpoints", "contracts", "info". */
      readonly of: string;
      /** `undefined`: there was no answer. */
      readonly status: number | undefined;
      /** From the request to its answer, without the wait for its turn. */
      readonly milliseconds: number;
    }
  /** A request is sent once more after a failure. */
  | { readonly kind: "retry" }
  /** A login ended. One that the guard paused was none. */
  | { readonly kind: "login"; readonly succeeded: boolean };
