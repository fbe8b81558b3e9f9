import { z } from "zod";

// A backup is a gzipped tar of CSV files (RFC 4180 as PostgreSQL's COPY writes it: UTF-8, a header line, an empty field
// is NULL and "" an empty text; times in UTC), some for each table, and at its end manifest.json. docs/backup.md has it for readers.

export const MANIFEST_NAME = "manifest.json";
export const FORMAT = "caruna-integration backup";
/** Raised when an older program could not read a newer backup. */
export const FORMAT_VERSION = 1;

/** The largest part that is read into memory; what is written is much smaller. */
export const LARGEST_PART_BYTES = 64 * 1024 * 1024;

const part = z.object({
  file: z.string(),
  rows: z.int().min(0),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const table = z.object({
  name: z.string(),
  columns: z.array(z.string()).min(1),
  /** PostgreSQL's type of each column, for those that a user has added. */
  types: z.array(z.string()).optional(),
  /** That of a table with rows that `energy_hourly` had. */
  comment: z.string().optional(),
  rows: z.int().min(0),
  parts: z.array(part),
});

/** What a backup says of itself. */
export const manifestSchema = z.object({
  format: z.literal(FORMAT),
  formatVersion: z.int(),
  /** ISO 8601, UTC. */
  createdAt: z.iso.datetime(),
  /** Version of the program that wrote it. */
  program: z.string(),
  /** Number of the newest file of sql/ that was run on its database. */
  schemaVersion: z.int(),
  tables: z.array(table),
});

export type BackupManifest = z.infer<typeof manifestSchema>;
export type ManifestTable = BackupManifest["tables"][number];
export type ManifestPart = ManifestTable["parts"][number];
