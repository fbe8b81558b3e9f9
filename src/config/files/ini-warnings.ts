import { nearest } from "../nearest.js";
import { ALL_SETTINGS, iniName } from "../settings.js";
import { shown } from "../shown.js";
import type { NamedIniFile } from "../sources.js";
import type { IniEntry } from "./ini-file.js";

const PLACES = ALL_SETTINGS.flatMap(({ ini }) => (ini === undefined ? [] : [ini]));
const SECTIONS = [...new Set(PLACES.map(({ section }) => section))];

/** One sentence for everything in the file that has no effect: unknown sections and keys, lines that are neither, repeats. */
export function iniWarnings(ini: NamedIniFile): string[] {
  const warnings = ini.strayLines.map((line) => `${ini.path}, line ${line}: no “key = value”, so it is left out`);
  const toldSections = new Set<string>();
  for (const entry of ini.entries) {
    const where = `${ini.path}, line ${entry.line}`;
    if (isKnown(entry)) {
      if (isRepeated(ini, entry)) {
        warnings.push(`${where}: ${iniName(entry.section, entry.key)} is set again further down, and that one counts`);
      }
    } else if (SECTIONS.includes(entry.section) || placesOf(entry.key, entry.section).length > 0) {
      warnings.push(`${where}: unknown setting ${name(entry)}${suggestion(entry)}; it is left out`);
    } else if (!toldSections.has(entry.section)) {
      toldSections.add(entry.section);
      warnings.push(`${where}: unknown ${sectionName(entry.section)}; what stands there is left out`);
    }
  }
  return warnings;
}

function isKnown(entry: IniEntry): boolean {
  return PLACES.some(({ section, key }) => section === entry.section && key === entry.key);
}

function isRepeated(ini: NamedIniFile, entry: IniEntry): boolean {
  return ini.entries.some(
    ({ section, key, line }) => section === entry.section && key === entry.key && line > entry.line,
  );
}

/** Where that key belongs; in the section whose name is like the one it stands in, where there is such a one. */
function placesOf(key: string, section: string): string[] {
  const places = PLACES.filter((place) => place.key === key);
  const near = places.filter((place) => place.section === nearest(section, SECTIONS));
  return (near.length > 0 ? near : places).map((place) => iniName(place.section, place.key));
}

/** The key in the right section, else a key like it in its own section, else a key like it anywhere. */
function suggestion({ section, key }: IniEntry): string {
  const elsewhere = placesOf(key, section);
  if (elsewhere.length > 0) return `, perhaps ${elsewhere.join(" or ")} is meant`;
  const inSection = PLACES.filter((place) => place.section === section);
  const meant = nearestPlace(key, inSection) ?? nearestPlace(key, PLACES);
  return meant === undefined ? "" : `, perhaps ${meant} is meant`;
}

function nearestPlace(key: string, places: readonly { section: string; key: string }[]): string | undefined {
  const found = nearest(
    key,
    places.map((place) => place.key),
  );
  const place = places.find((candidate) => candidate.key === found);
  return place && iniName(place.section, place.key);
}

function name({ section, key }: IniEntry): string {
  return section === "" ? `${shown(key)} before the first [section]` : `${shown(key)} in [${section}]`;
}

function sectionName(section: string): string {
  if (section === "") return "setting before the first [section]";
  const meant = nearest(section, SECTIONS);
  return `section ${shown(section)}${meant === undefined ? "" : `, perhaps [${meant}] is meant`}`;
}
