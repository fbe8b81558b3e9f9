/** What moves a terminal's cursor, begins a line of its own in a log, or turns the order of letters; a zero no database keeps. */
const UNPRINTABLE = /[\p{Cc}\u2028-\u202E\u2066-\u2069]+/gu;
const LONGEST_ID = 200;

/** Text of Caruna+ as it may stand in a terminal, a log and a table: on one line, and in whole characters. */
export function plain(text: string): string {
  return storable(text).replace(UNPRINTABLE, " ");
}

/** Whether an id can be a part of an address and a key of a table: "." and ".." would ask for something else. */
export function isUsableId(id: string): boolean {
  return id.length <= LONGEST_ID && id === plain(id) && !/^\.{1,2}$/.test(id);
}

/** Unicode that PostgreSQL takes as text and as JSON: it knows neither NUL nor half a surrogate pair. */
function storable(text: string): string {
  return text.replaceAll("\0", "\uFFFD").replace(/\p{Surrogate}/gu, "\uFFFD");
}
