// The results of a class in SQLite: in memory, or in a file that outlives the server.
import { closeSync, openSync } from 'node:fs';
import sqlite from 'node-sqlite3-wasm';
import type { ClassRow } from '../../classroom/protocol.ts';
import { type ClassResult, readResultText } from '../../classroom/result.ts';
import { refuse } from '../failure.ts';

/** Version of the tables. */
const layout = 1;

/** What keeps a class. A call is done, and on disk, when it returns. */
export interface ClassStore {
  /** Adds a result, or replaces the one with its id of the same student. */
  put(result: ClassResult): void;
  /** Rows with a higher revision, deleted ones among them, and the newest revision. */
  changes(since: number): { readonly revision: number; readonly rows: readonly ClassRow[] };
  /** Results that are there: of all, or of one student. */
  count(student?: string): number;
  /** Whether a student's result of this id is kept, which another of the id replaces. */
  has(student: string, id: string): boolean;
  /** Deletes results: one row, those of a student, or all. The answer is how many. */
  delete(which: { readonly row: number } | { readonly student: string } | 'all'): number;
  /** Takes the names away and leaves the results. */
  deleteNames(): void;
  /** A word that the class keeps, such as its join code. */
  word(name: string): string | undefined;
  keepWord(name: string, value: string): void;
  close(): void;
}

/** Opens a class. @param file undefined keeps it in memory @throws LabError when the file is no class, or of a newer version */
export function openClassStore(file?: string): ClassStore {
  const database = openDatabase(file);
  const words = (name: string): string | undefined => {
    const found = database.get('SELECT value FROM words WHERE name = ?', [name]);
    return found === null ? undefined : String(found.value);
  };
  let revision = Number(database.get('SELECT max(revision) AS newest FROM results')?.newest ?? 0);
  const next = (): number => {
    revision += 1;
    return revision;
  };
  /** Rows stay, empty: a page that looks later has to learn that they are gone. */
  const empty = (where: string, values: (string | number)[]): number =>
    database.run(
      `UPDATE results SET json = NULL, name = NULL, revision = ? WHERE json IS NOT NULL AND ${where}`,
      [next(), ...values],
    ).changes;
  return {
    put: ({ name, ...result }) => {
      database.run(
        `INSERT INTO results (student, id, name, json, revision) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (student, id) DO UPDATE SET name = excluded.name, json = excluded.json, revision = excluded.revision`,
        [result.student, result.id, name ?? null, JSON.stringify(result), next()],
      );
    },
    changes: (since) => {
      // A student's number is the row of the first result, whether or not that is still there.
      const rows = database.all(
        `SELECT row, name, json, revision, (SELECT min(row) FROM results AS first WHERE first.student = results.student)
         AS person FROM results WHERE revision > ? ORDER BY row`,
        [since],
      );
      return { revision, rows: rows.map((row) => rowOf(row as Record<string, unknown>)) };
    },
    count: (student) => {
      const where = student === undefined ? '' : ' AND student = ?';
      const found = database.get(
        `SELECT count(*) AS count FROM results WHERE json IS NOT NULL${where}`,
        student === undefined ? [] : [student],
      );
      return Number(found?.count ?? 0);
    },
    has: (student, id) =>
      database.get('SELECT 1 FROM results WHERE json IS NOT NULL AND student = ? AND id = ?', [
        student,
        id,
      ]) !== null,
    delete: (which) => {
      if (which === 'all') return empty('1', []);
      return 'row' in which ? empty('row = ?', [which.row]) : empty('student = ?', [which.student]);
    },
    deleteNames: () => {
      database.run('UPDATE results SET name = NULL, revision = ? WHERE name IS NOT NULL', [next()]);
    },
    word: words,
    keepWord: (name, value) => {
      database.run('INSERT OR REPLACE INTO words (name, value) VALUES (?, ?)', [name, value]);
    },
    close: () => database.close(),
  };
}

function openDatabase(file: string | undefined): sqlite.Database {
  let database: sqlite.Database | undefined;
  try {
    // For the owner alone: the teacher's key and the certificate's stand in it.
    if (file !== undefined) closeSync(openSync(file, 'a', 0o600));
    database = new sqlite.Database(file);
    const version = Number(database.get('PRAGMA user_version')?.user_version ?? 0);
    if (version > layout)
      refuse(
        'newerStorage',
        `class: ${file} is of version ${version}; this program reads ${layout}. Renew it.`,
      );
    const isForeign = version === 0 && database.get('SELECT name FROM sqlite_master LIMIT 1') !== null;
    if (isForeign)
      refuse('invalidFile', `class: ${file} is a database of something else. Name another file.`);
    database.exec(`PRAGMA secure_delete = ON; -- of what a student deletes, only that it was there stays in the file
      CREATE TABLE IF NOT EXISTS results (
        row INTEGER PRIMARY KEY, student TEXT NOT NULL, id TEXT NOT NULL, name TEXT, json TEXT,
        revision INTEGER NOT NULL, UNIQUE (student, id));
      CREATE INDEX IF NOT EXISTS results_by_revision ON results (revision);
      CREATE TABLE IF NOT EXISTS words (name TEXT PRIMARY KEY, value TEXT NOT NULL);
      PRAGMA user_version = ${layout};`);
    return database;
  } catch (error) {
    database?.close();
    if (!(error instanceof Error) || error.name === 'LabError') throw error;
    const isLocked = /locked|busy/i.test(error.message);
    const advice = isLocked
      ? `Another class server has it; or one was killed: then delete the folder ${file}.lock.`
      : 'Name a file that can be written, or one of flopscope class.';
    return refuse('invalidFile', `class: ${file ?? 'memory'} cannot be opened: ${error.message}. ${advice}`);
  }
}

/** A row of the table as the teacher sees it; one that cannot be read any more counts as deleted. */
function rowOf(values: Readonly<Record<string, unknown>>): ClassRow {
  const { row, person, revision, json, name } = values;
  const place = { row: Number(row), person: Number(person), revision: Number(revision) };
  const read = typeof json === 'string' ? readResultText(json) : undefined;
  if (read?.kind !== 'ok') return place;
  const { student: _secret, ...result } = read.value;
  return { ...place, result: { ...result, ...(typeof name === 'string' ? { name } : {}) } };
}
