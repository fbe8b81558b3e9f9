import { quoteIdentifier } from "../connection/connection-errors.js";
import { ENERGY_COLUMNS, mergedHour, mirroredHour } from "../hours/merge.js";
import { isSetAside } from "../hours/set-aside.js";

/** How a table goes into a backup, and how its rows meet those that are there when it is restored. */
export interface BackupTable {
  readonly name: string;
  /** Columns that tell its rows apart. */
  readonly key: readonly string[];
  /**
   * The expression, as SQL, for each of the other columns of a row that is there (`kept`) and in the backup (`EXCLUDED`) too.
   * NULL never overwrites a value.
   */
  readonly merged: (columns: readonly string[]) => string[];
  /** Columns that the database counts out itself, left alone where a table has rows already. */
  readonly counted?: readonly string[];
}

/** Where the condition holds the restored row's values count, else the kept row's; either fills in what the other lacks. */
const newer =
  (condition: string, kept: readonly string[] = []) =>
  (columns: readonly string[]) =>
    columns.map((name) => {
      const column = quoted(name);
      if (kept.includes(name)) return `kept.${column}`;
      return `CASE WHEN ${condition} THEN COALESCE(EXCLUDED.${column}, kept.${column}) ELSE COALESCE(kept.${column}, EXCLUDED.${column}) END`;
    });

/** As if Caruna+ had shown the earlier of the two, and then the later. */
function mergedHours(columns: readonly string[]): string[] {
  const names = columns.map(quoteIdentifier);
  const restoredLater = mergedHour(names, "kept", "EXCLUDED");
  const keptLater = mergedHour(names, "EXCLUDED", "kept");
  return columns.map(
    (_, index) =>
      `CASE WHEN EXCLUDED.updated_at > kept.updated_at THEN ${restoredLater[index]} ELSE ${keptLater[index]} END`,
  );
}

/** As if the kept row were mirrored into a table that has the restored one: a split is never made of both. */
function mergedEnergyHourly(columns: readonly string[]): string[] {
  const mirrored = new Map(
    mirroredHour("EXCLUDED", "kept").map((expression, index) => [String(ENERGY_COLUMNS[index]), expression]),
  );
  return columns.map((name) => mirrored.get(name) ?? `COALESCE(kept.${quoted(name)}, EXCLUDED.${quoted(name)})`);
}

const ENERGY_HOURLY: BackupTable = {
  name: "energy_hourly",
  key: ["datetime"],
  merged: mergedEnergyHourly,
  counted: ["id"],
};

/** All tables whose rows are backed up, in the order in which they are restored; those of `isSetAside` follow. */
export const BACKUP_TABLES: readonly BackupTable[] = [
  // Which account loads it is a matter of the database that it is restored into.
  { name: "metering_point", key: ["id"], merged: newer("EXCLUDED.last_seen > kept.last_seen", ["account"]) },
  { name: "metering_point_hourly", key: ["metering_point", "datetime"], merged: mergedHours },
  {
    name: "metering_point_period",
    key: ["metering_point", "span", "starts_on"],
    merged: newer("COALESCE(EXCLUDED.asked_at, '-infinity') > COALESCE(kept.asked_at, '-infinity')"),
  },
  { name: "sync_state", key: ["name"], merged: newer("false") },
  ENERGY_HOURLY,
];

/** How the rows of a table of a backup are merged; undefined for a table that this program does not know. */
export function backupTable(name: string, comment: string | undefined): BackupTable | undefined {
  if (isSetAside(name, comment)) return { ...ENERGY_HOURLY, name, counted: [] };
  return BACKUP_TABLES.find((table) => table.name === name);
}

export function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

/** Tables of the program that no backup has, and why. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  access_refusal: "says what Caruna+ refused lately; the next cycle finds out again",
  account: "is made again by the next cycle of each account, which then loads what it lists",
  login_guard: "holds hashes of passwords, and is about the account as it is now",
  writer_lease: "says which running program may write",
  caruna_integration_migration: "says what was done to the database that the backup is of; the manifest has it",
};

/** Those of them that an upgrade of the server copies all the same: the installation stays the one it is. */
export const TAKEN_OVER = ["account", "access_refusal", "login_guard"] as const;
