import { nearest } from "../nearest.js";
import { quoteForMessage } from "../quote-for-message.js";
import { ALL_SETTINGS } from "../settings.js";
import type { NamedIniFile } from "../sources.js";
import { type IniEntry, iniName } from "./ini-file.js";

/** `[section] key` of every setting. */
const PLACES = ALL_SETTINGS.flatMap(({ ini }) => ini ?? []);
const SECTIONS = [...new Set(PLACES.map((place) => place.slice(1, place.indexOf("]"))))];

/** One sentence for everything in the file that has no effect: unknown sections and keys, lines that are neither, repeats. */
export function iniWarnings({ path, entries, strayLines }: NamedIniFile): string[] {
  const warnings = strayLines.map((line) => `${path}, line ${line}: no “key = value”, so it is left out`);
  const unknownSections = new Set<string>();
  for (const [index, entry] of entries.entries()) {
    const where = `${path}, line ${entry.line}`;
    const place = iniName(entry);
    if (PLACES.includes(place)) {
      if (entries.slice(index + 1).some((later) => iniName(later) === place)) {
        warnings.push(`${where}: ${place} is set again further down, and that one counts`);
      }
    } else if (SECTIONS.includes(entry.section) || placesOf(entry).length > 0) {
      warnings.push(`${where}: unknown setting ${name(entry)}${suggestion(entry)}; it is left out`);
    } else if (!unknownSections.has(entry.section)) {
      unknownSections.add(entry.section);
      warnings.push(`${where}: unknown ${sectionName(entry.section)}; what stands there is left out`);
    }
  }
  return warnings;
}

const inSection = (section: string | undefined) => PLACES.filter((place) => place.startsWith(`[${section}] `));
const keyOf = (place: string) => place.slice(place.indexOf(" ") + 1);

/** Where that key belongs; in the section whose name is like the one it stands in, where there is such a one. */
function placesOf({ key, section }: IniEntry): string[] {
  const places = PLACES.filter((place) => keyOf(place) === key);
  const near = inSection(nearest(section, SECTIONS)).filter((place) => places.includes(place));
  return near.length > 0 ? near : places;
}

/** The key in the right section, else a key like it in its own section, else a key like it anywhere. */
function suggestion(entry: IniEntry): string {
  const like = (places: string[]) => {
    const key = nearest(entry.key, places.map(keyOf));
    return places.filter((place) => keyOf(place) === key).slice(0, 1);
  };
  const candidates = [placesOf(entry), like(inSection(entry.section)), like(PLACES)];
  const meant = candidates.find((places) => places.length > 0);
  return meant === undefined ? "" : `, perhaps ${meant.join(" or ")} is meant`;
}

function name({ section, key }: IniEntry): string {
  return `${quoteForMessage(key)} ${section === "" ? "before the first [section]" : `in [${section}]`}`;
}

function sectionName(section: string): string {
  if (section === "") return "setting before the first [section]";
  const meant = nearest(section, SECTIONS);
  return `section ${quoteForMessage(section)}${meant === undefined ? "" : `, perhaps [${meant}] is meant`}`;
}
