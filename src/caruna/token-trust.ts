import type { Session } from "./session.js";

/** The lists of a customer, any of which a good token may see. */
const LISTS = ["assets", "assets/meteringpoints", "contracts"] as const;

/** What a list said of a token; `unclear`: nothing, since the answer is neither data nor a refusal. */
export type Verdict = "accepted" | "refused" | "unclear";

/** Asks for one list of a customer, once. */
export type AskList = (customerId: string, list: string) => Promise<Verdict>;

/**
 * Tells the refusal of one resource from that of the token. A 403 alone says neither: it is the token's where the lists of
 * every customer that was asked about are refused too, and the resource's where one of them, or anything else that was asked
 * later, is answered.
 */
export class TokenTrust {
  #sent = 0;
  /** The newest call that a token was accepted for. */
  readonly #accepted = new WeakMap<Session, number>();
  /** The lists that a token was refused since then. */
  readonly #refused = new WeakMap<Session, Set<string>>();
  readonly #customers = new Set<string>();
  #looking: Promise<unknown> = Promise.resolve();

  /** Numbers a call that is about to be sent. */
  send(customerId: string): number {
    this.#customers.add(customerId);
    this.#sent += 1;
    return this.#sent;
  }

  accept(session: Session, sent: number): void {
    this.#accepted.set(session, Math.max(sent, this.#accepted.get(session) ?? 0));
    this.#refused.delete(session);
  }

  refuse(session: Session, customerId: string, list: string): void {
    const refused = this.#refused.get(session) ?? new Set();
    this.#refused.set(session, refused.add(keyOf(customerId, list)));
  }

  /** Whether the token is good although a call was refused: what is known, or else what the lists say. One caller at a time looks. */
  async isGood(session: Session, sent: number, ask: AskList): Promise<boolean> {
    const before = this.#looking;
    const looking = (async () => {
      await before;
      return (this.#accepted.get(session) ?? 0) >= sent || (await this.#look(session, ask));
    })();
    this.#looking = looking.catch(() => {});
    return await looking;
  }

  async #look(session: Session, ask: AskList): Promise<boolean> {
    let isUnclear = false;
    for (const customerId of this.#customers) {
      for (const list of LISTS) {
        if (this.#refused.get(session)?.has(keyOf(customerId, list))) continue;
        const sent = this.send(customerId);
        const verdict = await ask(customerId, list);
        if (verdict === "accepted") {
          this.accept(session, sent);
          return true;
        }
        if (verdict === "refused") this.refuse(session, customerId, list);
        else isUnclear = true;
      }
    }
    return isUnclear;
  }
}

function keyOf(customerId: string, list: string): string {
  return JSON.stringify([customerId, list]);
}
