import type { ServerSettings } from "../../src/database/index.js";
import { type ProxiedConnection, TcpProxy } from "./tcp-proxy.js";

/** What happens to a packet of the program that is on its way to the server. */
export type Fate = "pass" | "cut before it" | "cut after it";

/** Decides on a packet; the connection's `service.localPort` is what the server sees as `client_port`. */
export type OnPacket = (connection: ProxiedConnection) => Promise<Fate>;

/** A proxy before a PostgreSQL on this machine, which a test can lead elsewhere and cut at any packet. */
export interface PacketProxy {
  readonly proxy: TcpProxy;
  /** Asked for every packet of the program but a connection's first, before the server gets it. */
  onPacket: OnPacket;
}

/** @param port of the server that new connections get to */
export async function startPacketProxy(port: number): Promise<PacketProxy> {
  const conduct = (connection: ProxiedConnection) => packetConduct(connection, () => started.onPacket(connection));
  const proxy = await TcpProxy.start({ host: "127.0.0.1", port }, { conduct });
  const started: PacketProxy = { proxy, onPacket: async () => "pass" };
  return started;
}

/** Packets keep their order, whatever time the answer to one of them takes. */
function packetConduct(connection: ProxiedConnection, fateOf: () => Promise<Fate>) {
  const { service } = connection;
  let isFirst = true;
  let before: Promise<unknown> = Promise.resolve();
  const then = (step: () => unknown) => {
    before = before.then(step);
  };
  return {
    fromProgram(packet: Buffer) {
      const fate = isFirst ? async () => "pass" as const : fateOf;
      isFirst = false;
      then(async () => {
        const decided = await fate();
        if (decided === "cut before it") return connection.cut();
        service.write(packet);
        // The server does what it was told, and nobody hears of it.
        if (decided === "cut after it") service.once("data", () => connection.cut());
      });
    },
    onProgramEnd: () => then(() => service.end()),
  };
}

/** Stands between a program and PostgreSQL, and fails as a network or a dying program does. */
export interface DyingProxy {
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

/** @param settings of the database itself */
export async function startDyingProxy(settings: ServerSettings): Promise<DyingProxy> {
  const order = { messagesLeft: Number.POSITIVE_INFINITY, isDeadly: false };
  let hasCut = false;
  let isDead = false;
  const cut = () => {
    hasCut = true;
    isDead = order.isDeadly;
    order.messagesLeft = Number.POSITIVE_INFINITY;
    proxy.closeAll();
  };
  const conduct = ({ service }: ProxiedConnection) => {
    if (isDead) return undefined;
    return {
      fromProgram(message: Buffer) {
        order.messagesLeft -= 1;
        if (order.messagesLeft > 0) service.write(message);
        // What was sent last is done by the server; the program is never told.
        else service.end(message, cut);
      },
    };
  };
  const proxy = await TcpProxy.start(settings, { conduct });
  const give = (messagesLeft: number, isDeadly: boolean) => {
    Object.assign(order, { messagesLeft, isDeadly });
    hasCut = false;
  };
  return {
    settings: { ...settings, host: "127.0.0.1", port: proxy.port },
    get hasCut() {
      return hasCut;
    },
    cutAfter: (messages) => give(messages, false),
    dieAfter: (messages) => give(messages, true),
    calmDown: () => give(Number.POSITIVE_INFINITY, false),
    stop: () => proxy.stop(),
  };
}
