import Database from 'libsql';
import { MEMORY_LIMITS } from '../../limits.js';
import { openSchema } from './schema.js';
import { searchableText } from './searchable.js';
import {
  type Entry,
  type Found,
  howManyFit,
  type KeySize,
  type MemoryBackend,
  type Quota,
  type Range,
  type SetResult,
  type Usage,
} from './store.js';

type Bindable = string | number | Uint8Array;
type Row = Record<string, unknown>;

/** Statements of namespaces' indexes that are kept prepared; beyond it they are prepared anew. */
const MAX_STATEMENTS = 1_024;
const NO_BYTES = new Uint8Array(0);

/**
 * Keeps everything in one SQLite database. What comes from a plugin is bound, never part of a statement, and as bytes: SQLite ends a
 * text at its first NUL. Each namespace has a full-text index of its own, so that what one plugin stores neither slows nor
 * ranks what another searches.
 */
export class SqliteMemory implements MemoryBackend {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();

  /**
   * Opens the file, or makes it.
   * @throws SqliteError where it is no database; WrongSchema where another version of the server wrote it
   */
  constructor(file: string) {
    this.#database = new Database(file);
    openSchema(this.#database);
  }

  get(namespace: string, key: Uint8Array): Uint8Array | undefined {
    const of = '(select id from namespaces where name = ?)';
    const [row] = this.#all(`select value from entries where namespace = ${of} and key = ?`, namespace, key);
    return row && bytesOf(row['value']);
  }

  set(namespace: string, { key, value }: Entry, quota: Quota): SetResult {
    const text = searchableText(value);
    if (text === undefined) return { outcome: 'not-json' };
    const id = this.#idOf(namespace);
    const before = this.#find(id, key);
    const used = this.usage(namespace);
    const keys = used.keys + (before === undefined ? 1 : 0);
    const bytes = used.bytes - (before?.bytes ?? 0) + key.length + value.length;
    if (keys > quota.keys) return { outcome: 'full', of: 'keys', used };
    if (bytes > quota.bytes) return { outcome: 'full', of: 'bytes', used };
    const into = id === NONE ? this.#make(namespace) : id;
    const entry = before === undefined ? this.#insert(into, key, value) : this.#update(before.id, value);
    this.#run(`insert or replace into search_${into} (rowid, text) values (?, ?)`, entry, text);
    this.#run('update namespaces set keys = ?, bytes = ? where id = ?', keys, bytes, into);
    return { outcome: 'stored' };
  }

  delete(namespace: string, key: Uint8Array): boolean {
    const id = this.#idOf(namespace);
    const found = this.#find(id, key);
    if (found === undefined) return false;
    this.#run('delete from entries where id = ?', found.id);
    this.#run(`delete from search_${id} where rowid = ?`, found.id);
    this.#run('update namespaces set keys = keys - 1, bytes = bytes - ? where id = ?', found.bytes, id);
    return true;
  }

  list(namespace: string, range: Range, maxBytes: number): Found {
    const { where, given } = this.#inRange(namespace, range);
    return this.#fitting(`select %s from entries where ${where} order by key limit ?`, given, range.limit, maxBytes);
  }

  search(namespace: string, query: { words: readonly string[]; limit: number }, maxBytes: number): Found {
    const id = this.#idOf(namespace);
    if (id === NONE || query.words.length === 0) return { entries: [], cut: false };
    const ranked = `select rowid as id, rank from search_${id}(?) order by rowid desc limit ${MEMORY_LIMITS.maxRanked}`;
    const best = `select id, rank from (${ranked}) order by rank limit ?`;
    const statement = `select %s from (${best}) as best join entries using (id) order by best.rank, key`;
    return this.#fitting(statement, [matchAll(query.words)], query.limit, maxBytes);
  }

  keys(namespace: string, range: Range): KeySize[] {
    const { where, given } = this.#inRange(namespace, range);
    const statement = `select key, length(value) as size from entries where ${where} order by key limit ?`;
    const rows = this.#all(statement, ...given, range.limit);
    return rows.map((row) => ({ key: bytesOf(row['key']), valueBytes: Number(row['size']) }));
  }

  usage(namespace: string): Usage {
    const [row] = this.#all('select keys, bytes from namespaces where name = ?', namespace);
    return { keys: Number(row?.['keys'] ?? 0), bytes: Number(row?.['bytes'] ?? 0) };
  }

  namespaces(): (Usage & { name: string })[] {
    const rows = this.#all('select name, keys, bytes from namespaces order by name');
    return rows.map((row) => ({
      name: String(row['name']),
      keys: Number(row['keys']),
      bytes: Number(row['bytes']),
    }));
  }

  drop(namespace: string): void {
    const id = this.#idOf(namespace);
    if (id === NONE) return;
    this.#statements.clear();
    this.#database.exec(`drop table search_${id}`);
    this.#run('delete from entries where namespace = ?', id);
    this.#run('delete from namespaces where id = ?', id);
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  /**
   * Runs `work` as one transaction: all of it is on the disk once this has returned, or nothing of it.
   * What `work` throws undoes all of it.
   */
  transaction<T>(work: () => T): T {
    this.#database.exec('begin immediate');
    try {
      const result = work();
      this.#database.exec('commit');
      return result;
    } catch (error) {
      // SQLite has ended the transaction itself where the disk was full, say.
      if (this.#database.inTransaction) this.#database.exec('rollback');
      throw error;
    }
  }

  /**
   * A part of a transaction: what it throws undoes this part alone.
   * @throws what `work` throws; the transaction goes on where `inTransaction` says so
   */
  step<T>(work: () => T): T {
    this.#database.exec('savepoint step');
    try {
      const result = work();
      this.#database.exec('release step');
      return result;
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec('rollback to step; release step');
      throw error;
    }
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  #idOf(namespace: string): number {
    const [row] = this.#all('select id from namespaces where name = ?', namespace);
    return row === undefined ? NONE : Number(row['id']);
  }

  #make(namespace: string): number {
    const id = this.#run('insert into namespaces (name, keys, bytes) values (?, 0, 0)', namespace);
    this.#database.exec(
      `create virtual table search_${id} using fts5 (text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2')`,
    );
    return id;
  }

  #find(namespace: number, key: Uint8Array): { id: number; bytes: number } | undefined {
    const statement = 'select id, length(key) + length(value) as bytes from entries where namespace = ? and key = ?';
    const [row] = this.#all(statement, namespace, key);
    return row && { id: Number(row['id']), bytes: Number(row['bytes']) };
  }

  #insert(namespace: number, key: Uint8Array, value: Uint8Array): number {
    return this.#run('insert into entries (namespace, key, value) values (?, ?, ?)', namespace, key, value);
  }

  #update(entry: number, value: Uint8Array): number {
    this.#run('update entries set value = ? where id = ?', value, entry);
    return entry;
  }

  #inRange(namespace: string, { prefix, after }: Range): { where: string; given: Bindable[] } {
    const end = behind(prefix);
    const given: Bindable[] = [this.#idOf(namespace), prefix, after ?? NO_BYTES];
    const where = 'namespace = ? and key >= ? and key > ?';
    return end === undefined ? { where, given } : { where: `${where} and key < ?`, given: [...given, end] };
  }

  /** Sizes are looked at first: values are not read only to find that they do not fit. `statement` ends in a limit. */
  #fitting(statement: string, given: readonly Bindable[], limit: number, maxBytes: number): Found {
    const sizes = this.#all(statement.replace('%s', 'length(key) + length(value) as bytes'), ...given, limit);
    const count = howManyFit(
      sizes.map((row) => Number(row['bytes'])),
      maxBytes,
    );
    const rows = count === 0 ? [] : this.#all(statement.replace('%s', 'key, value'), ...given, count);
    const entries = rows.map((row) => ({ key: bytesOf(row['key']), value: bytesOf(row['value']) }));
    return { entries, cut: count < sizes.length };
  }

  #all(sql: string, ...given: Bindable[]): Row[] {
    return this.#prepared(sql).all(given) as Row[];
  }

  /** Returns the id of the row that was inserted last. */
  #run(sql: string, ...given: Bindable[]): number {
    return Number(this.#prepared(sql).run(given).lastInsertRowid);
  }

  #prepared(sql: string): Database.Statement {
    const found = this.#statements.get(sql);
    if (found !== undefined) return found;
    if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear();
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

/** Of no namespace. */
const NONE = 0;

/** SQLite's blobs come as an ArrayBuffer of their own each. */
function bytesOf(blob: unknown): Uint8Array {
  return new Uint8Array(blob as ArrayBuffer);
}

/** The least bytes that are larger than all that begin with `prefix`; undefined where there are none. */
function behind(prefix: Uint8Array): Uint8Array | undefined {
  const end = prefix.slice();
  for (let last = end.length - 1; last >= 0; last--) {
    if ((end[last] as number) < 255) {
      end[last] = (end[last] as number) + 1;
      return end.slice(0, last + 1);
    }
  }
  return undefined;
}

/** An expression of FTS5 that asks for every word. A quoted word has no syntax but the quote, which is doubled. */
function matchAll(words: readonly string[]): string {
  return words.map((word) => `"${word.replaceAll('"', '""')}"`).join(' ');
}
