/** What a literal stands for; undefined for what only running the script would show. */
export type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value } | undefined;

/** What a variable, or a member of an object, holds. */
export function variableOf(path: string, variables: ReadonlyMap<string, Value>): Value {
  if (variables.has(path)) return variables.get(path);
  const dot = path.lastIndexOf(".");
  const object = dot === -1 ? undefined : variableOf(path.slice(0, dot), variables);
  const key = path.slice(dot + 1);
  if (typeof object !== "object" || Array.isArray(object) || !Object.hasOwn(object, key)) return undefined;
  return Object.entries(object).find(([name]) => name === key)?.[1];
}

/** What `+` makes of two values. */
export function sum(left: Value, right: Value): Value {
  const areTexts = [left, right].every((value) => typeof value === "string" || typeof value === "number");
  return areTexts ? `${String(left)}${String(right)}` : undefined;
}

/** What a function that every browser has makes of a text. */
export function called(name: string, argument: Value): Value {
  if (typeof argument !== "string") return undefined;
  try {
    if (name === "encodeURIComponent") return encodeURIComponent(argument);
    if (name === "encodeURI") return encodeURI(argument);
    if (/^(?:decodeURIComponent|decodeURI|unescape)$/.test(name)) return decodeURIComponent(argument);
    if (name === "atob") return atob(argument);
    return name === "String" ? argument : undefined;
  } catch {
    return undefined;
  }
}

/** The text that a literal stands for. */
export function unescaped(token: string): string {
  const quote = token[0] ?? "";
  return token
    .slice(1, token.length > 1 && token.endsWith(quote) ? -1 : undefined)
    .replace(
      /\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|(\r?\n)|([\s\S]))/gi,
      (_, unicode?: string, latin?: string, line?: string, other?: string) => {
        const code = unicode ?? latin;
        if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
        return line === undefined ? (CONTROL_ESCAPES[other ?? ""] ?? other ?? "") : "";
      },
    );
}

const CONTROL_ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  b: "\b",
  f: "\f",
  v: "\v",
  0: "\0",
};
