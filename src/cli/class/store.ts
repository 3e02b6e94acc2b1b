// The results of a class in SQLite: in memory, or in a file that outlives the server.
import { closeSync, openSync } from 'node:fs';
import sqlite from 'node-sqlite3-wasm';
import type { ClassChanges, ClassRow } from '../../classroom/protocol.ts';
import { type ClassResult, readResultText } from '../../classroom/result.ts';
import { refuse } from '../failure.ts';

/** Version of the tables. */
const layout = 2;

/** Numbers of rows and people are never given again: who deletes one by its number deletes no other. */
const tables = `
  CREATE TABLE IF NOT EXISTS people (person INTEGER PRIMARY KEY AUTOINCREMENT, student TEXT NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS results (
    row INTEGER PRIMARY KEY AUTOINCREMENT, student TEXT NOT NULL, id TEXT NOT NULL, name TEXT, json TEXT NOT NULL,
    revision INTEGER NOT NULL, UNIQUE (student, id));
  CREATE INDEX IF NOT EXISTS results_by_revision ON results (revision);
  CREATE TABLE IF NOT EXISTS words (name TEXT PRIMARY KEY, value TEXT NOT NULL);`;

/** Layout 1 kept an empty row of every result deleted. Its revisions go on, and so do its numbers, of those rows too. */
const setFirstAside = 'DROP INDEX results_by_revision; ALTER TABLE results RENAME TO first;';
const takeFirst = `
  INSERT INTO people (person, student) SELECT min(row), student FROM first WHERE json IS NOT NULL GROUP BY student;
  INSERT INTO results SELECT row, student, id, name, json, revision FROM first WHERE json IS NOT NULL;
  INSERT INTO words SELECT word, (SELECT coalesce(max(revision), 0) FROM first)
    FROM (SELECT 'revision' AS word UNION SELECT 'deletion');
  DELETE FROM sqlite_sequence WHERE name IN ('people', 'results');
  INSERT INTO sqlite_sequence (name, seq) SELECT name, (SELECT coalesce(max(row), 0) FROM first)
    FROM (SELECT 'people' AS name UNION SELECT 'results');
  DROP TABLE first;`;

/** What keeps a class. A call is done, and on disk, when it returns. */
export interface ClassStore {
  /** Adds a result, or replaces the one with its id of the same student. */
  put(result: ClassResult): void;
  /** Rows with a higher revision, the newest revision, and which rows are left where some were deleted since. */
  changes(since: number): Pick<ClassChanges, 'revision' | 'rows' | 'left'>;
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
  const keepWord = (name: string, value: string | number): void => {
    database.run('INSERT OR REPLACE INTO words (name, value) VALUES (?, ?)', [name, String(value)]);
  };
  /** Does all of a change or nothing, under the next revision. */
  const change = (work: (revision: number) => number): number => {
    database.exec('BEGIN IMMEDIATE');
    try {
      const revision = Number(words('revision') ?? 0) + 1;
      const changed = work(revision);
      keepWord('revision', revision);
      database.exec('COMMIT');
      return changed;
    } catch (error) {
      database.exec('ROLLBACK');
      throw error;
    }
  };
  /** Nothing of a row stays: a page that looks later learns from the rows that are left that it is gone. */
  const remove = (where: string, values: number[] | string[]): number =>
    change((revision) => {
      const { changes } = database.run(`DELETE FROM results WHERE ${where}`, values);
      database.exec('DELETE FROM people WHERE student NOT IN (SELECT student FROM results)');
      if (changes > 0) keepWord('deletion', revision);
      return changes;
    });
  return {
    put: ({ name, ...result }) => {
      change((revision) => {
        if (database.get('SELECT 1 FROM people WHERE student = ?', [result.student]) === null)
          database.run('INSERT INTO people (student) VALUES (?)', [result.student]);
        return database.run(
          `INSERT INTO results (student, id, name, json, revision) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (student, id) DO UPDATE SET name = excluded.name, json = excluded.json, revision = excluded.revision`,
          [result.student, result.id, name ?? null, JSON.stringify(result), revision],
        ).changes;
      });
    },
    changes: (since) => {
      const rows = database.all(
        `SELECT row, person, name, json, revision FROM results JOIN people USING (student)
         WHERE revision > ? ORDER BY row`,
        [since],
      );
      const isDeleted = Number(words('deletion') ?? 0) > since;
      const left = isDeleted
        ? database.all('SELECT row FROM results').map(({ row }) => Number(row))
        : undefined;
      return {
        revision: Number(words('revision') ?? 0),
        rows: rows.map((row) => rowOf(row as Record<string, unknown>)),
        ...(left === undefined ? {} : { left }),
      };
    },
    count: (student) => {
      const [where, values] = student === undefined ? ['', []] : [' WHERE student = ?', [student]];
      return Number(database.get(`SELECT count(*) AS count FROM results${where}`, values)?.count ?? 0);
    },
    has: (student, id) =>
      database.get('SELECT 1 FROM results WHERE student = ? AND id = ?', [student, id]) !== null,
    delete: (which) => {
      if (which === 'all') return remove('1', []);
      return 'row' in which ? remove('row = ?', [which.row]) : remove('student = ?', [which.student]);
    },
    deleteNames: () => {
      change(
        (revision) =>
          database.run('UPDATE results SET name = NULL, revision = ? WHERE name IS NOT NULL', [revision])
            .changes,
      );
    },
    word: words,
    keepWord,
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
    database.exec(`PRAGMA secure_delete = ON; -- of what a student deletes, nothing stays in the file
      BEGIN; ${version === 1 ? setFirstAside : ''} ${tables} ${version === 1 ? takeFirst : ''}
      PRAGMA user_version = ${layout}; COMMIT;`);
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
