import type { Value } from "./script-values.js";

/** A call of Wicket's Ajax in a script, by what its attributes mean. */
export interface WicketCall {
  /** `u`: the address, relative to the page. */
  readonly url: string;
  /** `m`; POST where the call does not say, since it is asked about the sending of forms only. */
  readonly method: "GET" | "POST";
  /** `c`: id of the component that the behaviour belongs to. */
  readonly componentId: string;
  /** `f`: id of the form. */
  readonly formId: string;
  /** `sc`: name of the submitting component. */
  readonly submitter: string;
  /** `ep`: extra parameters. */
  readonly extra: readonly (readonly [name: string, value: string])[];
  /** `mp`. */
  readonly isMultipart: boolean;
}

/** What the attributes of a call mean. */
export function wicketCall(value: Value): WicketCall {
  const attributes = typeof value === "object" && !Array.isArray(value) ? Object.entries(value) : [];
  const member = (name: string): Value => attributes.find(([key]) => key === name)?.[1];
  const text = (name: string) => (typeof member(name) === "string" ? String(member(name)) : "");
  return {
    url: text("u").replaceAll("&amp;", "&"),
    method: text("m").toUpperCase() === "GET" ? "GET" : "POST",
    componentId: text("c"),
    formId: text("f"),
    submitter: text("sc"),
    extra: extraParameters(member("ep")),
    isMultipart: member("mp") === true,
  };
}

/** An object, or a list of objects with name and value. */
function extraParameters(value: Value): [name: string, value: string][] {
  const isText = (item: Value) => typeof item === "string" || typeof item === "number" || typeof item === "boolean";
  if (typeof value !== "object") return [];
  const pairs: [string, Value][] = Array.isArray(value)
    ? value.map((item: Value) => {
        const object = typeof item === "object" ? Object.entries(item) : [];
        return [
          String(object.find(([key]) => key === "name")?.[1] ?? ""),
          object.find(([key]) => key === "value")?.[1],
        ];
      })
    : Object.entries(value);
  return pairs.filter(([name, item]) => name !== "" && isText(item)).map(([name, item]) => [name, String(item)]);
}
