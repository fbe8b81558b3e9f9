const LONGEST_SHOWN = 40;

/**
 * Text from a file or a variable, fit for a message: in quotes, on one line, not longer than 40 characters, and with
 * nothing of an address that carries a password. Only for settings that are no secret.
 */
export function quoteForMessage(text: string): string {
  if (/:\/\/[^/]*@/.test(text)) return "the address";
  const oneLine = text.replace(/\p{C}/gu, "�");
  const letters = [...oneLine];
  return `"${letters.length > LONGEST_SHOWN ? `${letters.slice(0, LONGEST_SHOWN).join("")}…` : oneLine}"`;
}
