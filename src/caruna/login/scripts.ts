import { refuseMoreThan } from "./html.js";
import { called, sum, unescaped, type Value, variableOf } from "./script-values.js";
import { type WicketCall, wicketCall } from "./wicket-calls.js";

/** What the scripts of a page do when it is loaded, as far as that can be said without running them. */
export interface ScriptedWays {
  /** Where they go. */
  readonly address: string | undefined;
  /** Where they go if something holds that is not known here. */
  readonly conditionalAddress: string | undefined;
  /** Code around each `submit()`, `requestSubmit()` and `click()`. */
  readonly submits: readonly string[];
}

const MOST_TOKENS = 200_000;
const MOST_WICKET_CALLS = 500;
/** What is read of the handlers of clicks: how many of a page, how much of each, and of the functions that it calls (in tokens). */
const MOST_HANDLERS = 200;
const LONGEST_HANDLER = 2_000;
const MOST_CALLS_OF_HANDLER = 5;
const LONGEST_FUNCTION = 2_000;
/** A person would not wait longer for a script to go on by itself. */
const LONGEST_DELAY_MS = 10_000;
const TOKEN =
  /\/\*[\s\S]*?(?:\*\/|$)|\/\/[^\n]*|"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?|`(?:\\[\s\S]|[^`\\])*`?|[A-Za-z_$][\w$]*|\d[\w.]*|=>|[=!]==?|[+|&]=|\|\||&&|\S/g;
const NAME = /^[A-Za-z_$]/;
const KEYWORD = /^(?:.|if|for|while|switch|catch|function|return|typeof|with)$/;
const TEXT = /^["'`]/;
const COMPUTES = /^(?:.*(?:encrypt|crypt|hash|digest|token|fingerprint).*|md5.*|(?:hex_)?sha\d*.*|rsa.*|btoa|hmac.*)$/i;

/** What a click does: whether it sends a form, and which fields, by name or id, it gives which literal. */
interface Clicked {
  readonly submits: boolean;
  readonly fills: readonly (readonly [string, string])[];
}

/** A script in tokens, comments left out, and how its brackets match. */
export class Script {
  readonly #clicked = new Map<string, Clicked>();
  readonly tokens: readonly string[];
  /** For an opening bracket the index of the one that closes it. */
  readonly #closing = new Map<number, number>();
  /** For every token the index of the innermost bracket that is open around it. */
  readonly #around: number[] = [];
  /** The first places of each name. */
  readonly #places = new Map<string, number[]>();

  constructor(code: string) {
    this.tokens = (code.match(TOKEN) ?? []).filter((token) => !/^\/[/*]/.test(token)).slice(0, MOST_TOKENS);
    const open: number[] = [];
    this.tokens.forEach((token, index) => {
      this.#around.push(open.at(-1) ?? -1);
      if (/^[([{]$/.test(token)) open.push(index);
      else if (/^[)\]}]$/.test(token)) this.#closing.set(open.pop() ?? -1, index);
    });
  }

  /** True where a name or a text of the script is this. */
  mentions(name: string): boolean {
    return this.tokens.some(
      (token) => token === name || (TEXT.test(token) && token.slice(1, -1).replace("#", "") === name),
    );
  }

  /** True where a script keeps a form from being sent as it is, and sends something by itself. */
  sendsByItself(): boolean {
    return (
      this.#uses("preventDefault").length > 0 &&
      /^(?:fetch|XMLHttpRequest|ajax|axios|sendBeacon)$/m.test([...this.#places.keys()].join("\n"))
    );
  }

  /** True where a field of one of these names is given a value that a script enciphers or computes. */
  fillsIn(names: readonly string[]): boolean {
    const isField = (token: string) =>
      names.some((name) => name !== "" && (token === name || (TEXT.test(token) && token.slice(1, -1) === name)));
    return this.#uses("value").some((index) => {
      if (this.tokens[index + 1] !== "=" || !this.tokens.slice(Math.max(0, index - 8), index).some(isField))
        return false;
      return this.tokens.slice(index + 2, this.#endOfExpression(index + 2)).some((token) => COMPUTES.test(token));
    });
  }

  /** What a click does whose handler is `onClick`, by itself or by a function of this script. */
  onClick(onClick: string): Clicked {
    const known = this.#clicked.get(onClick);
    if (known !== undefined) return known;
    // A page has a few buttons; one that has hundreds, each with a handler of its own, is no login.
    const clicked = this.#clicked.size < MOST_HANDLERS ? this.#click(onClick) : { submits: false, fills: [] };
    this.#clicked.set(onClick, clicked);
    return clicked;
  }

  #click(onClick: string): Clicked {
    const handler = new Script(onClick.slice(0, LONGEST_HANDLER));
    const run = [{ code: handler, from: 0, to: handler.tokens.length, variables: new Map<string, Value>() }];
    for (const { name, at } of handler.#namedCalls().slice(0, MOST_CALLS_OF_HANDLER)) {
      const start = this.#uses(name).find((use) => this.tokens[use - 1] === "function");
      if (start === undefined) continue;
      const parameters = this.tokens.slice(start + 2, this.#closing.get(start + 1)).filter((token) => NAME.test(token));
      const [argument] = handler.#value(at + 1, new Map());
      const variables = new Map(parameters.slice(0, 1).map((parameter) => [parameter, argument]));
      const to = Math.min(this.#endOfFunction(start - 1), start + LONGEST_FUNCTION);
      run.push({ code: this, from: start, to, variables });
    }
    return {
      submits: run.some(({ code, from, to }) => /submit/i.test(code.#code(from, to))),
      fills: run.flatMap(({ code, from, to, variables }) => code.#fills(from, to, variables)),
    };
  }

  #namedCalls(): { name: string; at: number }[] {
    return this.#indexes((index) => this.tokens[index] === "(" && this.tokens[index - 2] !== ".").map((at) => ({
      name: this.tokens[at - 1] ?? "",
      at,
    }));
  }

  /** `document.getElementById("consent").value = "approve"`, `form["pf.ok"].value = "clicked"`. */
  #fills(from: number, to: number, variables: ReadonlyMap<string, Value>): [field: string, value: string][] {
    return this.#uses("value").flatMap((index): [string, string][] => {
      if (index < from || index > to || this.tokens[index - 1] !== "." || this.tokens[index + 1] !== "=") return [];
      const [value] = this.#value(index + 2, variables);
      const field = this.tokens.slice(index - 4, index - 1).findLast((token) => TEXT.test(token) || NAME.test(token));
      if (typeof value !== "string" || field === undefined) return [];
      return [[TEXT.test(field) ? unescaped(field).replace(/^#/, "") : field, value]];
    });
  }

  /** All calls of Wicket's Ajax, wherever they stand. */
  wicketCalls(): WicketCall[] {
    const starts = this.#indexes(
      (index) =>
        this.tokens[index] === "Wicket" && /^Wicket\.Ajax\.(?:ajax|get|post)\($/.test(this.#code(index, index + 6)),
    );
    refuseMoreThan(MOST_WICKET_CALLS, starts.length, "calls of Wicket");
    return starts.map((start) => wicketCall(this.#value(start + 6, new Map())[0])).filter(({ url }) => url !== "");
  }

  /** Calls of functions and methods, with the keys of the object literal that is handed over. */
  calls(): { readonly name: string; readonly keys: readonly string[] }[] {
    return this.#indexes((index) => this.tokens[index] === "(" && NAME.test(this.tokens[index - 1] ?? "")).flatMap(
      (at) => {
        let start = at - 1;
        while (this.tokens[start - 1] === "." && NAME.test(this.tokens[start - 2] ?? "")) start -= 2;
        if (start === at - 1 && (KEYWORD.test(this.tokens[start] ?? "") || this.tokens[start - 1] === "function"))
          return [];
        const argument = this.tokens[at + 1] === "{" ? this.#value(at + 1, new Map())[0] : undefined;
        return [{ name: this.#code(start, at), keys: typeof argument === "object" ? Object.keys(argument) : [] }];
      },
    );
  }

  /** What runs when the page at this address is loaded: not what waits for a click, nor for longer than a person would. */
  waysOn(page: URL): ScriptedWays {
    const variables = new Map<string, Value>(Object.entries(locationOf(page)));
    const ways = this.#waysWith(variables);
    // A function may use what is given a value below it.
    return ways.address === undefined ? this.#waysWith(variables) : ways;
  }

  #waysWith(variables: Map<string, Value>): ScriptedWays {
    const addresses: (string | undefined)[] = [undefined, undefined];
    const submits: string[] = [];
    let conditionalUntil = 0;
    for (let index = 0; index < this.tokens.length; index++) {
      const token = this.tokens[index] ?? "";
      if (token === "function" || token === "=>") index = this.#isRun(index) ? index : this.#endOfFunction(index);
      else if (token === "if" || token === "else" || token === "catch")
        conditionalUntil = Math.max(conditionalUntil, this.#endOfBranch(index));
      else if (NAME.test(token) && this.tokens[index - 1] !== ".") {
        const [path, next] = this.#path(index);
        const goesTo = this.#assignment(path, next, variables);
        const which = index < conditionalUntil ? 1 : 0;
        if (typeof goesTo === "string") addresses[which] ??= goesTo;
      } else if (
        /^(?:submit|requestSubmit|click|trigger)$/.test(token) &&
        /^(?:\(|\.call\()/.test(this.#code(index + 1, index + 4))
      )
        submits.push(this.#code(Math.max(0, index - 14), index + 12));
    }
    return { address: addresses[0], conditionalAddress: addresses[1], submits };
  }

  /** Notes what a variable is given; returns the address where it is the page's own. */
  #assignment(path: string, next: number, variables: Map<string, Value>): Value {
    const operator = this.tokens[next];
    if (operator === "(") {
      const [first, end] = this.#value(next + 1, variables);
      if (/(?:^|\.)location\.(?:replace|assign)$|^navigate$/.test(path)) return first;
      return path === "open" && /^,["']_(?:self|top|parent)/.test(this.#code(end, end + 2)) ? first : undefined;
    }
    if (operator !== "=" && operator !== "+=") return undefined;
    const [right] = this.#value(next + 1, variables);
    if (/(?:^|\.)location(?:\.href)?$/.test(path)) return right;
    variables.set(path, operator === "=" ? right : sum(variableOf(path, variables), right));
    return undefined;
  }

  /** True for a function that runs when the page is loaded; `start` is its keyword or arrow. */
  #isRun(start: number): boolean {
    const isArrow = this.tokens[start] === "=>";
    const hasBrackets = isArrow && this.tokens[start - 1] === ")";
    let first = !isArrow ? start : hasBrackets ? (this.#openingOf(start - 1) ?? start) : start - 1;
    if (this.tokens[first - 1] === "async") first -= 1;
    const before = this.tokens[first - 1] ?? ";";
    if (before === "(" || before === ",") return this.#isRunAsArgument(first, this.#endOfFunction(start));
    const declared = isArrow ? "" : (this.tokens[start + 1] ?? "");
    const name = NAME.test(declared) ? declared : before === "=" ? (this.tokens[first - 2] ?? "") : "";
    if (/^on(?:load|pageshow)$/.test(name)) return true;
    if (name === "") return /^[!+;]$|^void$/.test(before);
    const end = this.#endOfFunction(start);
    const uses = this.#uses(name).filter((index) => index < first - 2 || index > end);
    return uses.some(
      (use) =>
        this.tokens[use + 1] === "(" ||
        this.#isRunAsArgument(use, use) ||
        /^on(?:load|pageshow)=$/.test(this.#code(use - 2, use)),
    );
  }

  /** True for a function that is handed to what calls it soon: a timer, the end of loading, itself. */
  #isRunAsArgument(first: number, last: number): boolean {
    const bracket = this.#around[first] ?? -1;
    const called = this.tokens[bracket - 1] ?? ";";
    if (this.tokens[bracket] !== "(") return false;
    if (!/^[\w$)\]]/.test(called)) return true;
    if (/^set(?:Timeout|Interval)$/.test(called))
      return Number(/^,(\d+)/.exec(this.#code(last + 1, last + 3))?.[1] ?? 0) <= LONGEST_DELAY_MS;
    if (/^(?:\$|jQuery|ready|load|requestAnimationFrame|queueMicrotask)$/.test(called)) return true;
    return this.tokens
      .slice(bracket, Math.min(first, bracket + 12))
      .some((token) => TEXT.test(token) && /load|ready|pageshow/i.test(token));
  }

  #endOfFunction(start: number): number {
    const body =
      this.tokens[start] === "=>" ? start + 1 : this.#after(this.tokens.slice(start, start + 4).indexOf("(") + start);
    return this.tokens[body] === "{"
      ? (this.#closing.get(body) ?? this.tokens.length)
      : this.#endOfExpression(body) - 1;
  }

  #endOfBranch(start: number): number {
    const body = this.tokens[start + 1] === "(" ? this.#after(start + 1) : start + 1;
    return this.tokens[body] === "{" ? this.#after(body) : this.#endOfExpression(body);
  }

  /** Index after a bracket and all in it. */
  #after(bracket: number): number {
    return (this.#closing.get(bracket) ?? this.tokens.length) + 1;
  }

  #openingOf(closing: number): number | undefined {
    for (let index = closing - 1; index > Math.max(-1, closing - 200); index--)
      if (this.#closing.get(index) === closing) return index;
    return undefined;
  }

  #endOfExpression(start: number): number {
    const last = Math.min(this.tokens.length, start + 2000);
    for (let index = start; index < last; index++) {
      const token = this.tokens[index] ?? "";
      if (/^[)\]},;]$/.test(token)) return index;
      index = this.#closing.get(index) ?? index;
    }
    return last;
  }

  /** Where a name stands. */
  #uses(name: string): readonly number[] {
    if (this.#places.size === 0)
      this.tokens.forEach((token, index) => {
        if (NAME.test(token)) this.#places.set(token, [...(this.#places.get(token) ?? []), index].slice(0, 50));
      });
    return this.#places.get(name) ?? [];
  }

  #indexes(isWanted: (index: number) => boolean): number[] {
    return [...this.tokens.keys()].filter(isWanted);
  }

  #code(start: number, end: number): string {
    return this.tokens.slice(start, end).join("");
  }

  /** `a.b["c"]` as `a.b.c`, without what stands for the page itself, and the index after it. */
  #path(start: number): [path: string, next: number] {
    const parts = [this.tokens[start] ?? ""];
    let index = start + 1;
    for (;;) {
      const [token = "", name = "", close = ""] = this.tokens.slice(index, index + 3);
      if (token === "." && NAME.test(name)) index += 2;
      else if (token === "[" && TEXT.test(name) && close === "]") index += 3;
      else break;
      parts.push(TEXT.test(name) ? unescaped(name) : name);
    }
    const path = parts.join(".").replace(/^(?:(?:window|self|top|parent|document|globalThis|this)\.)+(?=.)/, "");
    return [path, index];
  }

  /** The value of the expression at an index, and the index after it. */
  #value(start: number, variables: ReadonlyMap<string, Value>, depth = 0): [value: Value, next: number] {
    let [value, index] = this.#operand(start, variables, depth);
    for (;;) {
      const operator = this.tokens[index];
      if (operator !== "+" && operator !== "||") return [value, index];
      const [right, next] = this.#operand(index + 1, variables, depth);
      value = operator === "+" ? sum(value, right) : value || right;
      index = next;
    }
  }

  #operand(start: number, variables: ReadonlyMap<string, Value>, depth: number): [value: Value, next: number] {
    const token = this.tokens[start] ?? "";
    if (depth > 30) return [undefined, start];
    if (token === "`" || token.startsWith("`")) return [this.#template(token, variables, depth), start + 1];
    if (TEXT.test(token)) return this.#methods(unescaped(token), start + 1, variables, depth);
    if (/^\d/.test(token)) return [Number(token), start + 1];
    if (token === "true" || token === "false") return [token === "true", start + 1];
    if (token === "{" || token === "[")
      return this.#methods(this.#members(start, variables, depth), this.#after(start), variables, depth);
    if (token === "(")
      return this.#methods(this.#value(start + 1, variables, depth + 1)[0], this.#after(start), variables, depth);
    if (!NAME.test(token) || token === "function" || token === "new") return [undefined, start];
    const [path, next] = this.#path(start);
    if (this.tokens[next] !== "(") return [variableOf(path, variables), next];
    const [argument] = this.#value(next + 1, variables, depth + 1);
    const object = variableOf(path.replace(/\.\w+$/, ""), variables);
    const result = /\.(?:toString|trim|valueOf)$/.test(path)
      ? object
      : /\.concat$/.test(path)
        ? sum(object, argument)
        : called(path, argument);
    return [result, this.#after(next)];
  }

  /** `"a".concat("b")`, `["a", "b"].join("")`. */
  #methods(
    value: Value,
    index: number,
    variables: ReadonlyMap<string, Value>,
    depth: number,
  ): [value: Value, next: number] {
    const method = this.#code(index, index + 3);
    // What another method or member makes of it is unknown.
    if (this.tokens[index] === "." && method !== ".join(" && method !== ".concat(") return [undefined, index];
    if (method !== ".join(" && method !== ".concat(") return [value, index];
    const [argument] = this.#value(index + 3, variables, depth + 1);
    const joined =
      Array.isArray(value) && value.every((item) => typeof item === "string")
        ? value.join(typeof argument === "string" ? argument : ",")
        : undefined;
    const result = method === ".join(" ? joined : sum(value, argument);
    return this.#methods(result, this.#after(index + 2), variables, depth);
  }

  /** The members of an array or object literal; those that are no literals are undefined. */
  #members(start: number, variables: ReadonlyMap<string, Value>, depth: number): Value {
    const isObject = this.tokens[start] === "{";
    // Of one that is not closed nothing is known.
    const end = Math.min(this.#closing.get(start) ?? 0, start + 4000);
    const members: [key: string, value: Value][] = [];
    for (let index = start + 1; index < end; index = this.#endOfExpression(index) + 1) {
      const key = this.tokens[index] ?? "";
      if (isObject && this.tokens[index + 1] !== ":") continue;
      const [value] = this.#value(isObject ? index + 2 : index, variables, depth + 1);
      members.push([TEXT.test(key) ? unescaped(key) : key, value]);
    }
    return isObject ? Object.fromEntries(members) : members.map(([, value]) => value);
  }

  #template(token: string, variables: ReadonlyMap<string, Value>, depth: number): Value {
    let isKnown = true;
    const text = unescaped(token).replace(/\$\{([^}]*)\}/g, (_, code: string) => {
      const [value] = new Script(code).#value(0, variables, depth + 1);
      isKnown &&= typeof value === "string" || typeof value === "number";
      return String(value);
    });
    return isKnown ? text : undefined;
  }
}

function locationOf(page: URL): Record<string, string> {
  const { href, origin, protocol, host, hostname, port, pathname, search, hash } = page;
  const parts = Object.entries({ href, origin, protocol, host, hostname, port, pathname, search, hash });
  return {
    location: href,
    URL: href,
    ...Object.fromEntries(parts.map(([name, value]) => [`location.${name}`, value])),
  };
}
