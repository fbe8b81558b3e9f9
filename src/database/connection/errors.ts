/**
 * What can go wrong between us and PostgreSQL. Every message says what happened, what it means and what to do; none
 * holds a password.
 */
export class DatabaseError extends Error {
  override readonly name: string = this.constructor.name;
}

/** Nobody answers at the address, or the server is busy, starting or stopping. */
export class DatabaseUnreachable extends DatabaseError {}

/** The server does not let this user in with this password. */
export class DatabaseLoginRejected extends DatabaseError {}

/** The server is there, the database on it is not. */
export class DatabaseMissing extends DatabaseError {}

/** We and the server do not agree on encryption, or its certificate is not to be trusted. */
export class DatabaseEncryptionFailed extends DatabaseError {}

/** The role may not do what the program needs. */
export class DatabaseRightsMissing extends DatabaseError {
  /** The statements that an administrator of the database runs to mend it. */
  readonly statements: readonly string[];

  constructor(role: string, database: string, statements: readonly string[]) {
    super(
      `The database user ${role} lacks rights on the database ${database}, so no hours can be stored. ` +
        `As the owner of the tables or an administrator, run there:\n${statements
          .flatMap((statement) => statement.split("\n"))
          .map((line) => `  ${line}`)
          .join("\n")}`,
    );
    this.statements = statements;
  }
}

/** A newer version of this program has changed the tables in a way that this one does not know how to write to. */
export class DatabaseNewer extends DatabaseError {
  constructor(migrations: readonly string[]) {
    super(
      `A newer version of caruna-integration has changed the tables of this database (${migrations.join(", ")}), and this ` +
        "version must not write to them any more: it could damage what the newer one keeps. Nothing was written. Update this program.",
    );
  }
}

/** `public.energy_hourly` exists, but not as the program needs it. */
export class DatabaseTableUnsuitable extends DatabaseError {
  /** The statements that mend it. */
  readonly statements: readonly string[];

  constructor(problems: readonly string[], statements: readonly string[]) {
    super(
      `The table public.energy_hourly is not as this program needs it: ${problems.join("; ")}. ` +
        "Nothing was changed. Look at what the table holds, make a backup, and then mend it as its owner with:\n" +
        statements.map((line) => `  ${line}`).join("\n"),
    );
    this.statements = statements;
  }
}

/** A table takes hours and does not show them, so that nobody could tell what is stored. */
export class DatabaseHoursHidden extends DatabaseError {
  constructor(table: string, hours: number) {
    super(
      `The table ${table} took no notice of ${hours} hours that were written to it, and does not show them: a trigger, a rule or ` +
        "row-level security of its owner keeps them out or hides them. Nothing of this batch was stored. " +
        `See what the table has (in psql: \\d ${table}), and let this user read and write all rows.`,
    );
  }
}

/** The PostgreSQL that we run ourselves cannot be prepared, started or stopped. */
export class EmbeddedServerFailed extends DatabaseError {}

/** PostgreSQL answered with an error that has no class of its own here. */
export class DatabaseFailed extends DatabaseError {}
