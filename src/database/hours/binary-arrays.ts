/**
 * Arrays as parameters of a statement, in PostgreSQL's binary format: the driver sends a Buffer as it is. Thousands of
 * numbers written out as text would cost both sides more time than storing them.
 *
 * The format is that of PostgreSQL's `array_recv`: dimensions, whether there are NULLs, the element type, then length and
 * lower bound of the one dimension, then each element as its length (-1: NULL) and its bytes.
 */

/** Numbers of the types in PostgreSQL's catalog, the same in every version. */
const TYPE = { int4: 23, text: 25, float8: 701, timestamptz: 1184 } as const;
const HEADER_BYTES = 20;
const LENGTH_BYTES = 4;
/** PostgreSQL counts time from 2000-01-01 UTC. */
const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1);

/** For `$n::float8[]`; every bit of a value is kept. */
export function float8Array(values: readonly (number | null)[]): Buffer {
  return fixedArray(TYPE.float8, 8, values, (buffer, value, at) => buffer.writeDoubleBE(value, at));
}

/** For `$n::int4[]`. */
export function int4Array(values: readonly (number | null)[]): Buffer {
  return fixedArray(TYPE.int4, 4, values, (buffer, value, at) => buffer.writeInt32BE(value, at));
}

/** For `$n::timestamptz[]`: instants in whole milliseconds since the epoch. No time zone has a part in them. */
export function instantArray(values: readonly (number | null)[]): Buffer {
  return fixedArray(TYPE.timestamptz, 8, values, (buffer, value, at) =>
    buffer.writeBigInt64BE(BigInt(value - POSTGRES_EPOCH_MS) * 1000n, at),
  );
}

/** For `$n::text[]`. */
export function textArray(values: readonly (string | null)[]): Buffer {
  const bytes = values.reduce((sum, value) => sum + LENGTH_BYTES + (value === null ? 0 : Buffer.byteLength(value)), 0);
  const buffer = withHeader(TYPE.text, values, bytes);
  let at = HEADER_BYTES;
  for (const value of values) {
    const written = value === null ? 0 : buffer.write(value, at + LENGTH_BYTES);
    buffer.writeInt32BE(value === null ? -1 : written, at);
    at += LENGTH_BYTES + written;
  }
  return buffer;
}

function fixedArray(
  type: number,
  size: number,
  values: readonly (number | null)[],
  write: (buffer: Buffer, value: number, at: number) => void,
): Buffer {
  const bytes = values.reduce<number>((sum, value) => sum + LENGTH_BYTES + (value === null ? 0 : size), 0);
  const buffer = withHeader(type, values, bytes);
  let at = HEADER_BYTES;
  for (const value of values) {
    buffer.writeInt32BE(value === null ? -1 : size, at);
    at += LENGTH_BYTES;
    if (value !== null) {
      write(buffer, value, at);
      at += size;
    }
  }
  return buffer;
}

function withHeader(type: number, values: readonly unknown[], bytes: number): Buffer {
  const buffer = Buffer.alloc(HEADER_BYTES + bytes);
  buffer.writeInt32BE(1, 0);
  buffer.writeInt32BE(values.includes(null) ? 1 : 0, 4);
  buffer.writeInt32BE(type, 8);
  buffer.writeInt32BE(values.length, 12);
  buffer.writeInt32BE(1, 16);
  return buffer;
}
