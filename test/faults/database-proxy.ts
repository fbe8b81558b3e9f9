import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A connection through the proxy. */
export interface ProxiedConnection {
  /** What the server sees as `client_port`. */
  readonly serverSidePort: number;
  /** Ends it towards both sides at once, with a reset. */
  cut(): void;
}

/** What happens to a packet of the program that is on its way to the server. */
export type Fate = "pass" | "cut before it" | "cut after it";

/** A TCP proxy before a PostgreSQL on this machine, which a test can lead elsewhere and cut at any packet. */
export class DatabaseProxy {
  /** The port of the server that new connections get to. */
  target: number;
  /** Asked for every packet of the program but a connection's first, before the server gets it. */
  onPacket: (connection: ProxiedConnection) => Promise<Fate> = async () => "pass";
  readonly #server: Server;
  readonly #open = new Set<ProxiedConnection>();

  private constructor(target: number) {
    this.target = target;
    this.#server = createServer((client) => this.#serve(client));
  }

  static async start(target: number): Promise<DatabaseProxy> {
    const proxy = new DatabaseProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    const address: AddressInfo | string | null = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** How many connections there are through it. */
  get connections(): number {
    return this.#open.size;
  }

  cutAll(): void {
    for (const connection of [...this.#open]) connection.cut();
  }

  async stop(): Promise<void> {
    this.cutAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(client: Socket): void {
    const upstream = connect(this.target, "127.0.0.1");
    const connection: ProxiedConnection = {
      get serverSidePort() {
        return upstream.localPort ?? 0;
      },
      cut: () => {
        this.#open.delete(connection);
        client.resetAndDestroy();
        upstream.resetAndDestroy();
      },
    };
    this.#open.add(connection);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => {
        other.destroy();
        this.#open.delete(connection);
      });
    }
    upstream.on("data", (packet: Buffer) => client.write(packet));
    upstream.on("end", () => client.end());
    this.#forward(client, upstream, connection);
  }

  /** Packets keep their order, whatever time the answer to one of them takes. */
  #forward(client: Socket, upstream: Socket, connection: ProxiedConnection): void {
    let isFirst = true;
    let before: Promise<unknown> = Promise.resolve();
    const then = (step: () => unknown) => {
      before = before.then(step);
    };
    client.on("data", (packet: Buffer) => {
      const fate = isFirst ? () => Promise.resolve<Fate>("pass") : () => this.onPacket(connection);
      isFirst = false;
      then(async () => {
        const decided = await fate();
        if (decided === "cut before it") return connection.cut();
        upstream.write(packet);
        // The server does what it was told, and nobody hears of it.
        if (decided === "cut after it") upstream.once("data", () => connection.cut());
      });
    });
    client.on("end", () => then(() => upstream.end()));
  }
}
