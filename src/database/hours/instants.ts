/** For `$n::timestamptz[]`: instants given in milliseconds since the epoch. */
export function instants(values: readonly (number | null)[]): (string | null)[] {
  return values.map((value) => (value === null ? null : new Date(value).toISOString()));
}
