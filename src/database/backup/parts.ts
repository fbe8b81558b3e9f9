/** A run of whole CSV rows. */
export interface CsvPart {
  readonly content: Buffer;
  readonly rows: number;
}

const QUOTE = 0x22;
const NEWLINE = 0x0a;

/**
 * Cuts a stream of CSV rows between rows into parts of about `partBytes`. A line break inside quotes belongs to a value;
 * a quote inside quotes is doubled, so that counting quotes is enough.
 */
export async function* partsOf(pieces: AsyncIterable<Buffer>, partBytes: number): AsyncGenerator<CsvPart> {
  let pending: Buffer[] = [];
  let bytes = 0;
  let rows = 0;
  let isQuoted = false;
  for await (const piece of pieces) {
    let end = 0;
    for (let index = 0; index < piece.length; index += 1) {
      const byte = piece[index];
      if (byte === QUOTE) isQuoted = !isQuoted;
      if (byte !== NEWLINE || isQuoted) continue;
      rows += 1;
      end = index + 1;
    }
    const isFull = end > 0 && bytes + end >= partBytes;
    if (isFull) yield { content: Buffer.concat([...pending, piece.subarray(0, end)]), rows };
    const rest = isFull ? piece.subarray(end) : piece;
    if (isFull) pending = [];
    pending.push(rest);
    bytes = isFull ? rest.length : bytes + rest.length;
    if (isFull) rows = 0;
  }
  if (bytes > 0) yield { content: Buffer.concat(pending), rows };
}
