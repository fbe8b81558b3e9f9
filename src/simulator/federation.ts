import { randomBytes } from "node:crypto";
import { Recent } from "./recent.js";

/** What the identity provider vouches for with a code. */
export interface IssuedCode {
  readonly state: string;
  readonly sessionState: string;
}

/** The codes that the auth site issues and the plus site redeems: in life, a call from server to server. */
export class Federation {
  readonly #codes = new Recent<IssuedCode>();

  issue(state: string): { code: string; sessionState: string } {
    const code = randomId();
    const sessionState = `${randomId(32)}.${randomId(16)}`;
    this.#codes.set(code, { state, sessionState });
    return { code, sessionState };
  }

  /** A code is good once. */
  redeem(code: string): IssuedCode | undefined {
    const issued = this.#codes.get(code);
    this.#codes.delete(code);
    return issued;
  }
}

export function randomId(bytes = 16): string {
  return randomBytes(bytes).toString("hex");
}
