import { type IncomingMessage, request, type ServerResponse } from "node:http";
import type { SimulatorOptions } from "../../src/simulator/index.js";
import { atTheEnd, type Received, rawServer } from "../support/caruna.js";
import { EngineWorld } from "../sync/engine-world.js";

/** What the simulator answered. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Stands between: answers in the simulator's place, or asks it by `pass` and sends on what it likes of that. */
export type Between = (
  received: Received,
  response: ServerResponse,
  pass: () => Promise<Answer>,
) => void | Promise<void>;

/** What stands between the program and Caruna+ now; undefined: every answer passes as it is. */
export interface Interception {
  between: Between | undefined;
  /** Requests that were met since that was last set to 0. */
  met: number;
}

/** A world whose two sites stand behind servers of the test, both of which end with it. */
export async function interceptedWorld(
  options: SimulatorOptions = {},
): Promise<{ interception: Interception; world: EngineWorld }> {
  const interception: Interception = { between: undefined, met: 0 };
  const ports = { plus: 0, auth: 0 };
  const site = (which: keyof typeof ports) =>
    rawServer(async (received, response) => {
      interception.met += 1;
      const pass = () => asked(ports[which], received);
      if (interception.between === undefined) send(response, await pass());
      else await interception.between(received, response, pass);
    });
  const plus = await site("plus");
  const auth = await site("auth");
  const world = await EngineWorld.create("2026-09-10T10:10", {
    ...{ plusUrl: plus.url, authUrl: auth.url },
    meters: [{ product: "nightly", startDate: "2026-09-07" }],
    ...options,
  });
  atTheEnd(() => world.close());
  ports.plus = world.simulator.port;
  ports.auth = world.simulator.authPort;
  return { interception, world };
}

async function asked(port: number, { method, address, headers, body }: Received): Promise<Answer> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ host: "127.0.0.1", port, method, path: address, headers, agent: false }, resolve)
      .on("error", reject)
      .end(body);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(Buffer.from(chunk));
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    body: Buffer.concat(chunks).toString("utf8"),
  };
}

/** Sends an answer on, with whatever length it has now. */
export function send(response: ServerResponse, { status, headers, body }: Answer): void {
  const { "content-length": _, "transfer-encoding": __, connection: ___, ...others } = headers;
  response.writeHead(status, others).end(body);
}
