/** From one eighth of a character to seven, lying. */
const LYING = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
/** From one eighth of a line to all of it, standing. */
const STANDING = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/** Where there is no value. */
const NOTHING = "·";

/** A bar as long as that share of the room, 0 to 1, to an eighth of a character. */
export function bar(share: number, room: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * room * 8);
  return "█".repeat(Math.floor(eighths / 8)) + (LYING[eighths % 8] ?? "");
}

/** The same for a file or an old terminal, to a character. */
export function plainBar(share: number, room: number): string {
  return "#".repeat(Math.round(Math.min(1, Math.max(0, share)) * room));
}

/** A column a value, all in one line; the highest is the greatest value. `null`: there is none. */
export function columns(values: readonly (number | null)[]): string[] {
  const most = Math.max(0, ...values.map((value) => value ?? 0));
  return values.map((value) => {
    if (value === null) return NOTHING;
    const step = most <= 0 ? 0 : Math.max(0, Math.ceil((value / most) * STANDING.length) - 1);
    return STANDING[step] ?? NOTHING;
  });
}
