import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

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

/** Stands between the program and one site of Caruna+, byte by byte. */
export interface NetworkProxy {
  readonly url: string;
  /** Connections of the program that are open. */
  readonly connections: number;
  /** Where requests go. */
  leadTo(port: number): void;
  /** Nobody listens any more, and whoever was connected is cut off. */
  refuse(): Promise<void>;
  /** Listens again, on the same port. */
  allow(): Promise<void>;
  stop(): Promise<void>;
}

/** Serves on a free port of 127.0.0.1. */
export async function startNetworkProxy(weather: Weather): Promise<NetworkProxy> {
  const programs = new Set<Socket>();
  let targetPort = 0;
  const server = createServer((program) => {
    programs.add(program);
    program.on("close", () => programs.delete(program));
    join(program, connect(targetPort, "127.0.0.1"), weather);
  });
  const { port } = await listen(server, 0);
  const refuse = async () => {
    for (const program of programs) program.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: `http://127.0.0.1:${port}`,
    get connections() {
      return programs.size;
    },
    leadTo: (newPort) => {
      targetPort = newPort;
    },
    refuse,
    allow: async () => {
      if (!server.listening) await listen(server, port);
    },
    stop: refuse,
  };
}

function join(program: Socket, service: Socket, weather: Weather): void {
  let fault: NetworkFault | undefined;
  let answered = 0;
  const timers = new Set<NodeJS.Timeout>();
  const isSilent = () => fault?.kind === "black hole" || fault?.kind === "half-open" || fault?.kind === "byte a second";
  program.setNoDelay();
  program.on("error", () => service.destroy());
  service.on("error", () => program.destroy());
  program.on("close", () => {
    for (const timer of timers) clearInterval(timer);
    service.destroy();
  });
  // In silence even the end of the service's connection is not told.
  service.on("close", () => isSilent() || program.destroy());
  program.on("data", (bytes) => {
    if (/^(GET|POST) /.test(bytes.toString("latin1", 0, 5))) {
      fault = weather.strike();
      answered = 0;
    }
    if (fault?.kind === "reset before the request") program.resetAndDestroy();
    else if (fault?.kind !== "black hole") service.write(bytes);
  });
  service.on("data", (bytes) => {
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
  });
}

function everySecond(bytes: Buffer, program: Socket): NodeJS.Timeout {
  let sent = 0;
  return setInterval(() => {
    program.write(bytes.subarray(sent, sent + 1));
    sent += 1;
  }, 1000);
}

function listen(server: Server, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      if (address !== null && typeof address === "object") resolve(address);
      else reject(new Error("the proxy of the test has no port"));
    });
  });
}
