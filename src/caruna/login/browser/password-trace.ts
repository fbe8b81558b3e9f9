/** From this length on a password is looked for inside of other texts, too: a shorter one may be a part of any word. */
const LONG_ENOUGH = 8;

/** Finds the password in what a page is about to send, however a script or a form encodes it. */
export class PasswordTrace {
  readonly #values: ReadonlySet<string>;
  readonly #parts: readonly string[];

  constructor({ username, password }: { readonly username: string; readonly password: string }) {
    const base64 = (text: string) => {
      const standard = Buffer.from(text, "utf8").toString("base64");
      return [standard, standard.replace(/=+$/, ""), Buffer.from(text, "utf8").toString("base64url")];
    };
    const basic = base64(`${username}:${password}`);
    const formEncoded = new URLSearchParams({ p: password }).toString().slice(2);
    this.#values = new Set([password, ...base64(password), ...basic]);
    const written = [password, encodeURIComponent(password), formEncoded, JSON.stringify(password).slice(1, -1)];
    this.#parts = [...basic, ...(password.length < LONG_ENOUGH ? [] : [...written, ...base64(password)])];
  }

  /** Whether an address has it in its path or its query. */
  isInAddress(url: URL): boolean {
    const segments = url.pathname.split("/").map(decoded);
    return [...segments, ...url.searchParams.values()].some((value) => this.#isIn(value)) || this.#isIn(url.href);
  }

  /** Whether a header has it, `Authorization` and cookies among them. */
  isInHeaders(headers: Readonly<Record<string, string>>): boolean {
    return Object.values(headers).some((header) =>
      [header, ...header.split(/[\s;,=]+/), ...header.split(/;\s*/).map((cookie) => cookie.replace(/^[^=]*=/, ""))]
        .flatMap((part) => [part, decoded(part)])
        .some((part) => this.#isIn(part)),
    );
  }

  /** Whether a body has it: as a field of a form, a part of a multipart, a text in JSON, or anywhere. */
  isInBody(body: string): boolean {
    const fields = [...new URLSearchParams(body).values()];
    const parts = [...body.matchAll(/\r\n\r\n([\s\S]*?)\r\n--/g)].map(([, part = ""]) => part);
    return [body, ...fields, ...parts, ...textsOf(jsonOf(body))].some((text) => this.#isIn(text));
  }

  #isIn(text: string): boolean {
    return this.#values.has(text) || this.#parts.some((part) => text.includes(part));
  }
}

function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
