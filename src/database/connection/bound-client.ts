import { EventEmitter } from "node:events";
import { Client, type ClientConfig } from "pg";
import { DatabaseEncryptionFailed } from "./errors.js";

/**
 * A connection for `channel_binding=require`: it sends no password unless the server takes SCRAM-SHA-256-PLUS, by which the
 * server too proves, over this very TLS connection, that it knows the password. pg binds where that is offered and goes on
 * without it where it is not, so what the server asks for is looked at first.
 */
export class BoundClient extends Client {
  constructor(config?: ClientConfig) {
    super(config);
    const connection: unknown = Reflect.get(this, "connection");
    if (!(connection instanceof EventEmitter))
      throw new TypeError("this version of pg cannot be made to require channel binding");
    let isBound = false;
    const refuse = () => connection.emit("error", notBound());
    const answers = connection.listeners("authenticationSASL");
    for (const request of ["authenticationSASL", "authenticationCleartextPassword", "authenticationMD5Password"])
      connection.removeAllListeners(request);
    connection.on("authenticationSASL", (message: { readonly mechanisms: readonly string[] }) => {
      isBound = message.mechanisms.includes("SCRAM-SHA-256-PLUS");
      if (!isBound) refuse();
      else for (const answer of answers) Reflect.apply(answer, connection, [message]);
    });
    connection.on("authenticationCleartextPassword", refuse);
    connection.on("authenticationMD5Password", refuse);
    connection.on("authenticationOk", () => isBound || refuse());
  }
}

function notBound(): DatabaseEncryptionFailed {
  return new DatabaseEncryptionFailed(
    "PostgreSQL does not offer channel binding (SCRAM-SHA-256-PLUS), and DATABASE_URL demands it. " +
      "Set password_encryption = 'scram-sha-256' there and the password again, or channel_binding=prefer in DATABASE_URL.",
  );
}
