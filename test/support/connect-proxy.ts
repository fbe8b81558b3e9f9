import { createServer, type IncomingHttpHeaders } from "node:http";
import { connect, type Socket } from "node:net";
import { atTheEnd } from "./caruna.js";

export interface ConnectProxy {
  readonly port: number;
  /** Each CONNECT that came in. */
  readonly asked: { readonly authority: string; readonly headers: IncomingHttpHeaders }[];
  /** Every byte that passed, either way. */
  readonly seen: Buffer[];
}

/**
 * An HTTP proxy on 127.0.0.1 until the test is over. `lead` says to which local port a host and port leads; a status in its
 * place refuses, and "hang" never answers.
 */
export async function connectProxy(
  lead: (authority: string) => { readonly port: number } | { readonly status: number } | "hang",
): Promise<ConnectProxy> {
  const asked: ConnectProxy["asked"] = [];
  const seen: Buffer[] = [];
  const sockets = new Set<Socket>();
  const kept = (socket: Socket) => sockets.add(socket.on("error", () => {}));
  const server = createServer((_, response) => response.writeHead(405).end());
  server.on("connection", kept);
  server.on("connect", ({ url = "", headers }, program: Socket) => {
    asked.push({ authority: url, headers });
    const to = lead(url);
    if (to === "hang") return;
    if ("status" in to) return void program.end(`HTTP/1.1 ${to.status} No\r\nContent-Length: 9\r\n\r\n{"a":"b"}`);
    const service = connect(to.port, "127.0.0.1");
    kept(service);
    program.write("HTTP/1.1 200 Connection established\r\n\r\n");
    program.on("data", (bytes) => seen.push(bytes)).pipe(service);
    service.on("data", (bytes) => seen.push(bytes)).pipe(program);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  atTheEnd(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address !== "object") throw new Error("the proxy of the test has no port");
  return { port: address.port, asked, seen };
}
