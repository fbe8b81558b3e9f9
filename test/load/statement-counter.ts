import { connect, createServer, type Socket } from "node:net";
import type { ServerSettings } from "../../src/database/index.js";

/** Stands between a program and PostgreSQL, and counts the statements that the program sends. */
export interface StatementCounter {
  /** How the program reaches the database through it. */
  readonly settings: ServerSettings;
  readonly statements: number;
  stop(): Promise<void>;
}

/**
 * Serves on a free port of 127.0.0.1. `settings`: of the database itself, without TLS.
 *
 * `onStatement` is told of each statement before it is passed on; its text where it has no values, else "".
 */
export async function startStatementCounter(
  settings: ServerSettings,
  onStatement: (text: string) => void = () => {},
): Promise<StatementCounter> {
  const sockets = new Set<Socket>();
  let statements = 0;
  const server = createServer((program) => {
    const database = connect(settings.port, settings.host);
    for (const [from, to] of [
      [program, database],
      [database, program],
    ] as const) {
      sockets.add(from);
      from.setNoDelay();
      from.on("error", () => to.destroy());
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
    database.pipe(program);
    const read = statementsIn((text) => {
      statements += 1;
      onStatement(text);
    });
    program.on("data", (chunk: Buffer) => {
      read(chunk);
      database.write(chunk);
    });
    program.on("end", () => database.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the counter of the test has no port");
  return {
    settings: { ...settings, host: "127.0.0.1", port: address.port },
    get statements() {
      return statements;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * Reads the messages of one program, however they are cut: a letter (the very first message has none), a length of four bytes
 * that counts itself, the rest. `Q` is a statement, and so is each `E` (execute) of a prepared one.
 */
function statementsIn(onStatement: (text: string) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  let isFirst = true;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const letters = isFirst ? 0 : 1;
      if (rest.length < letters + 4) return;
      const length = letters + rest.readUInt32BE(letters);
      if (rest.length < length) return;
      const letter = isFirst ? "" : String.fromCharCode(rest[0] ?? 0);
      if (letter === "Q") onStatement(rest.subarray(5, length - 1).toString());
      else if (letter === "E") onStatement("");
      isFirst = false;
      rest = rest.subarray(length);
    }
  };
}
