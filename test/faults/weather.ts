import type { Socket } from "node:net";
import { type Conduct, type ProxiedConnection, TcpProxy } from "../support/tcp-proxy.js";

/** What the network does to one request or to its answer. */
export type NetworkFault =
  /** The connection is reset when the request has arrived, which goes no further. */
  | { readonly kind: "reset before the request" }
  /** The answer is cut by a reset after so many bytes of it. */
  | { readonly kind: "reset in the answer"; readonly bytes: number }
  /** The same by an orderly end. */
  | { readonly kind: "end in the answer"; readonly bytes: number }
  /** Everything is taken, nothing goes anywhere, and the connection stays. */
  | { readonly kind: "black hole" }
  /** The service gets the request; its answer is lost, and the connection stays. */
  | { readonly kind: "half-open" }
  /** The answer comes a byte a second. */
  | { readonly kind: "byte a second" };

/** Counts the requests of several proxies together, and says what befalls which. */
export class Weather {
  #requests = 0;
  #order: { readonly request: number; readonly fault: NetworkFault } | undefined;
  #isForever = false;
  #hasStruck = false;

  /** Requests since the last order. */
  get requests(): number {
    return this.#requests;
  }
  get hasStruck(): boolean {
    return this.#hasStruck;
  }

  /** The request of that number, from 1 and from now on, meets this fault; with `forever` all after it too. */
  order(request: number, fault: NetworkFault, { forever = false } = {}): void {
    this.calmDown();
    this.#order = { request, fault };
    this.#isForever = forever;
  }

  calmDown(): void {
    this.#requests = 0;
    this.#order = undefined;
    this.#hasStruck = false;
  }

  /** A request has come: what befalls it. */
  strike(): NetworkFault | undefined {
    this.#requests += 1;
    const order = this.#order;
    if (order === undefined || this.#requests < order.request) return undefined;
    if (this.#requests > order.request && !this.#isForever) return undefined;
    this.#hasStruck = true;
    return order.fault;
  }
}

/** A proxy between the program and one site of Caruna+, in that weather. Where it leads is to be set. */
export async function startWeatherProxy(weather: Weather): Promise<TcpProxy> {
  return await TcpProxy.start(
    { host: "127.0.0.1", port: 0 },
    { conduct: (connection) => conductIn(weather, connection) },
  );
}

function conductIn(weather: Weather, { program, service }: ProxiedConnection): Conduct {
  let fault: NetworkFault | undefined;
  let answered = 0;
  const timers = new Set<NodeJS.Timeout>();
  return {
    fromProgram(bytes) {
      if (/^(GET|POST) /.test(bytes.toString("latin1", 0, 5))) {
        fault = weather.strike();
        answered = 0;
      }
      if (fault?.kind === "reset before the request") program.resetAndDestroy();
      else if (fault?.kind !== "black hole") service.write(bytes);
    },
    fromService(bytes) {
      if (fault === undefined) program.write(bytes);
      else if (fault.kind === "byte a second") timers.add(everySecond(bytes, program));
      else if (fault.kind === "reset in the answer" || fault.kind === "end in the answer") {
        const { kind, bytes: limit } = fault;
        const rest = bytes.subarray(0, Math.max(0, limit - answered));
        answered += rest.length;
        program.write(rest, () => {
          if (answered < limit) return;
          if (kind === "end in the answer") program.end();
          else program.resetAndDestroy();
        });
      }
    },
    // In silence even the end of the service's connection is not told.
    tellsEnd: () => fault === undefined || !SILENT.has(fault.kind),
    onClose() {
      for (const timer of timers) clearInterval(timer);
    },
  };
}

const SILENT = new Set<NetworkFault["kind"]>(["black hole", "half-open", "byte a second"]);

function everySecond(bytes: Buffer, program: Socket): NodeJS.Timeout {
  let sent = 0;
  return setInterval(() => {
    program.write(bytes.subarray(sent, sent + 1));
    sent += 1;
  }, 1000);
}
