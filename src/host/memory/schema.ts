import type Database from 'libsql';

/** Counts up with each change of the tables. */
const SCHEMA = 1;

/** The database was written by another version of the server. */
export class WrongSchema extends Error {
  constructor(found: number) {
    super(`expected memory.db with schema ${SCHEMA}, found ${found}: use the version that wrote it`);
    this.name = 'WrongSchema';
  }
}

/**
 * Settings of the connection, and the tables where there are none. Each commit waits for the disk (`synchronous = full`): what was
 * acknowledged outlives a loss of power too. Commits are shared by what comes together, which makes that cheap.
 */
export function openSchema(database: Database.Database): void {
  database.exec('pragma auto_vacuum = incremental; pragma journal_mode = wal; pragma synchronous = full');
  database.exec('pragma trusted_schema = off; pragma temp_store = memory; pragma journal_size_limit = 16777216');
  const found = versionOf(database);
  if (found === 0) create(database);
  else if (found !== SCHEMA) throw new WrongSchema(found);
}

function versionOf(database: Database.Database): number {
  const [row] = database.prepare('pragma user_version').all([]) as { user_version: number }[];
  return row?.user_version ?? 0;
}

function create(database: Database.Database): void {
  database.exec(`
    begin immediate;
    create table namespaces (
      id integer primary key autoincrement,
      name text not null unique,
      keys integer not null,
      bytes integer not null
    ) strict;
    create table entries (
      id integer primary key,
      namespace integer not null,
      key blob not null,
      value blob not null,
      unique (namespace, key)
    ) strict;
    pragma user_version = ${SCHEMA};
    commit;
  `);
}
