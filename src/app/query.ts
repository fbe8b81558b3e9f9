import type { Configuration } from "../config/index.js";
import { Database, type Relation, type RowBatch } from "../database/index.js";
import type { Logger } from "../shared/logger.js";
import { databaseSettings } from "./state.js";

/** There is no database to look at yet. */
export class NothingToQuery extends Error {
  override readonly name = "NothingToQuery";

  constructor() {
    super("There is no database yet, so there is nothing to look at; load the last days with: caruna-integration sync");
  }
}

/**
 * Runs one statement that only reads, and hands over its rows as they come. Throws `NothingToQuery`, `QueryRefused`,
 * subclasses of `DatabaseError`, and what `take` throws.
 */
export async function queryDatabase(
  configuration: Configuration,
  logger: Logger,
  text: string,
  take: (batch: RowBatch) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const database = new Database(databaseSettings(configuration), logger);
  try {
    if (!(await database.query(text, take, signal))) throw new NothingToQuery();
  } finally {
    await database.stop();
  }
}

/** The tables and views that can be asked, with what each holds. Throws as `queryDatabase` does. */
export async function listTables(
  configuration: Configuration,
  logger: Logger,
  signal: AbortSignal,
): Promise<Relation[]> {
  const database = new Database(databaseSettings(configuration), logger);
  try {
    const relations = await database.relations(signal);
    if (relations.length === 0) throw new NothingToQuery();
    return relations;
  } finally {
    await database.stop();
  }
}
