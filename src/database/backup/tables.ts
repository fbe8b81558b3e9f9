/** How a table goes into a backup, and how its rows meet those that are there when it is restored. */
export interface BackupTable {
  readonly name: string;
  /** Columns that tell its rows apart. */
  readonly key: readonly string[];
  /**
   * An SQL condition on `kept` (the row that is there) and `EXCLUDED` (the restored one): where it holds, the restored row's values count,
   * else the kept row's. Either fills in what the other has as NULL.
   */
  readonly restoredWins: string;
  /** Columns that the database counts out itself, left alone where a table has rows already. */
  readonly counted?: readonly string[];
}

/** All tables whose rows are backed up, in the order in which they are restored. */
export const BACKUP_TABLES: readonly BackupTable[] = [
  { name: "metering_point", key: ["id"], restoredWins: "EXCLUDED.last_seen > kept.last_seen" },
  {
    name: "metering_point_hourly",
    key: ["metering_point", "datetime"],
    restoredWins: "EXCLUDED.updated_at > kept.updated_at",
  },
  {
    name: "metering_point_period",
    key: ["metering_point", "span", "starts_on"],
    restoredWins: "COALESCE(EXCLUDED.asked_at, '-infinity') > COALESCE(kept.asked_at, '-infinity')",
  },
  { name: "sync_state", key: ["name"], restoredWins: "false" },
  { name: "energy_hourly", key: ["datetime"], restoredWins: "false", counted: ["id"] },
];

/** Tables of the program that no backup has, and why. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  access_refusal: "says what Caruna+ refused lately; the next cycle finds out again",
  account: "is made again by the next cycle of each account, which then loads what it lists",
  login_guard: "holds hashes of passwords, and is about the account as it is now",
  writer_lease: "says which running program may write",
  caruna_integration_migration: "says what was done to the database that the backup is of; the manifest has it",
};
