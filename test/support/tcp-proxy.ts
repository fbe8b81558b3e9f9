import { connect, createServer, type Server, type Socket } from "node:net";

/** Where a proxy leads. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** A connection through a proxy: the program on one side, what it wants to reach on the other. */
export interface ProxiedConnection {
  readonly program: Socket;
  readonly service: Socket;
  /** Ends it towards both sides at once, with a reset. */
  cut(): void;
}

/** What a proxy does on one connection; what is left out passes as it is. */
export interface Conduct {
  fromProgram?(bytes: Buffer): void;
  fromService?(bytes: Buffer): void;
  /** The program has said all that it will. */
  onProgramEnd?(): void;
  /** Whether the program is told that the service's side is gone. */
  tellsEnd?(): boolean;
  /** Both sides are closed, or will be. */
  onClose?(): void;
}

export interface TcpProxyOptions {
  /** Called for each connection. Undefined: it is refused. */
  readonly conduct?: (connection: ProxiedConnection) => Conduct | undefined;
  /** What listens; a server that speaks TLS, say. */
  readonly serverOf?: (onConnection: (program: Socket) => void) => Server;
}

/** Stands between a program and a service on this machine, byte by byte, and fails as a network does. */
export class TcpProxy {
  /** Where new connections lead. */
  target: Target;
  readonly #server: Server;
  readonly #conduct: NonNullable<TcpProxyOptions["conduct"]>;
  readonly #open = new Set<ProxiedConnection>();
  #port = 0;

  private constructor(target: Target, { conduct = () => ({}), serverOf = createServer }: TcpProxyOptions) {
    this.target = target;
    this.#conduct = conduct;
    this.#server = serverOf((program) => this.#join(program));
  }

  /** Listens on a free port of 127.0.0.1. */
  static async start(target: Target, options: TcpProxyOptions = {}): Promise<TcpProxy> {
    const proxy = new TcpProxy(target, options);
    await proxy.allow();
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  /** How many connections there are through it. */
  get connections(): number {
    return this.#open.size;
  }

  /** Resets every connection. */
  cutAll(): void {
    for (const connection of [...this.#open]) connection.cut();
  }

  /** Closes every connection, as the end of a program does. */
  closeAll(): void {
    for (const { program, service } of [...this.#open]) {
      program.destroy();
      service.destroy();
    }
  }

  /** Nobody listens any more, and whoever was connected is cut off. */
  async refuse(): Promise<void> {
    this.closeAll();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Listens again, on the same port. */
  async allow(): Promise<void> {
    if (this.#server.listening) return;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#port, "127.0.0.1", () => resolve());
    });
    const address = this.#server.address();
    if (address === null || typeof address !== "object") throw new Error("the proxy of the test has no port");
    this.#port = address.port;
  }

  async stop(): Promise<void> {
    await this.refuse();
  }

  #join(program: Socket): void {
    const service = connect(this.target.port, this.target.host);
    const connection: ProxiedConnection = {
      program,
      service,
      cut: () => {
        this.#open.delete(connection);
        program.resetAndDestroy();
        service.resetAndDestroy();
      },
    };
    const conduct = this.#conduct(connection);
    program.on("error", () => service.destroy());
    service.on("error", () => program.destroy());
    if (conduct === undefined) {
      program.destroy();
      service.destroy();
      return;
    }
    this.#open.add(connection);
    program.setNoDelay();
    service.setNoDelay();
    program.on("data", (bytes) => (conduct.fromProgram ? conduct.fromProgram(bytes) : service.write(bytes)));
    service.on("data", (bytes) => (conduct.fromService ? conduct.fromService(bytes) : program.write(bytes)));
    program.on("end", () => (conduct.onProgramEnd ? conduct.onProgramEnd() : service.end()));
    program.on("close", () => {
      this.#open.delete(connection);
      conduct.onClose?.();
      service.destroy();
    });
    service.on("close", () => {
      if (conduct.tellsEnd?.() !== false) program.destroySoon();
    });
  }
}
