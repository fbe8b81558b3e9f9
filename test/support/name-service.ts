import dns from "node:dns";
import { isIPv6 } from "node:net";
import { onTestFinished, vi } from "vitest";

/** Addresses in their order, or the code of an error. */
type Resolved = readonly string[] | "EAI_AGAIN" | "ENOTFOUND";

/** Has the system's name service answer for `localhost` as told until the test is over; other names are none of a test's. */
export function resolveLocalhostBy(resolve: () => Resolved): void {
  const lookup = vi.spyOn(dns, "lookup").mockImplementation((name: string, ...rest: unknown[]) => {
    const callBack = rest.at(-1);
    const [options] = rest;
    if (typeof callBack !== "function") throw new TypeError("a callback is missing");
    const found = name === "localhost" ? resolve() : "ENOTFOUND";
    const isAll = typeof options === "object" && options !== null && "all" in options && options.all === true;
    setImmediate(() => {
      if (typeof found === "string") {
        callBack(Object.assign(new Error(`getaddrinfo ${found} ${name}`), { code: found, syscall: "getaddrinfo" }));
        return;
      }
      const addresses = found.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
      if (isAll) callBack(null, addresses);
      else callBack(null, addresses[0]?.address, addresses[0]?.family);
    });
  });
  onTestFinished(() => lookup.mockRestore());
}
