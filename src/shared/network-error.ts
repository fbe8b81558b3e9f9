import { errorCode } from "./error-code.js";

/** They only say that this machine has no way to an address, such as an IPv6 address on a host without IPv6. */
const NO_WAY = ["ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT"];

/**
 * The code of an error, where it has one. Where a name has several addresses and none could be connected to, Node.js gives
 * the code of the first: the one that tells most of the service is that of an address to which there was a way.
 */
export function networkErrorCode(error: unknown): string | undefined {
  if (error instanceof AggregateError) {
    const codes = error.errors.map(networkErrorCode).filter((code) => code !== undefined);
    return codes.find((code) => !NO_WAY.includes(code)) ?? codes.at(-1);
  }
  return errorCode(error);
}
