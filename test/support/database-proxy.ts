import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { ServerSettings } from "../../src/database/index.js";

/** Stands between a program and PostgreSQL, and fails as a network or a dying program does. */
export interface DatabaseProxy {
  /** How the program reaches the database through it. */
  readonly settings: ServerSettings;
  /** Whether what was ordered by `cutAfter` or `dieAfter` has happened. */
  readonly hasCut: boolean;
  /** Cuts every connection when the program has sent so many more messages; the last of them still arrives. */
  cutAfter(messages: number): void;
  /** The same, and lets nobody in any more. */
  dieAfter(messages: number): void;
  /** Takes back an order that was not carried out yet. */
  calmDown(): void;
  stop(): Promise<void>;
}

/** Serves on a free port of 127.0.0.1. `settings`: of the database itself. */
export async function startDatabaseProxy(settings: ServerSettings): Promise<DatabaseProxy> {
  const sockets = new Set<Socket>();
  let messagesLeft = Number.POSITIVE_INFINITY;
  let isToDie = false;
  let hasCut = false;
  let isDead = false;
  const cut = () => {
    hasCut = true;
    isDead = isToDie;
    messagesLeft = Number.POSITIVE_INFINITY;
    for (const socket of sockets) socket.destroy();
  };
  const join = (from: Socket, to: Socket) => {
    sockets.add(from);
    from.setNoDelay();
    from.on("error", () => to.destroy());
    from.on("close", () => {
      sockets.delete(from);
      to.destroy();
    });
  };
  const server = createServer((program) => {
    if (isDead) {
      program.on("error", () => {});
      program.destroy();
      return;
    }
    const database = connect(settings.port, settings.host);
    join(program, database);
    join(database, program);
    database.pipe(program);
    program.on("data", (message) => {
      messagesLeft -= 1;
      if (messagesLeft > 0) database.write(message);
      // What was sent last is done by the server; the program is never told.
      else database.end(message, cut);
    });
  });
  const { port } = await new Promise<AddressInfo>((resolve, reject) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address !== null && typeof address === "object") resolve(address);
      else reject(new Error("the proxy of the test has no port"));
    });
  });
  const order = (messages: number, deadly: boolean) => {
    messagesLeft = messages;
    isToDie = deadly;
    hasCut = false;
  };
  return {
    settings: { ...settings, host: "127.0.0.1", port },
    get hasCut() {
      return hasCut;
    },
    cutAfter: (messages) => order(messages, false),
    dieAfter: (messages) => order(messages, true),
    calmDown: () => order(Number.POSITIVE_INFINITY, false),
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
