// Results of a class on disk: replaced, deleted, and there again after the server was.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sqlite from 'node-sqlite3-wasm';
import { describe, expect, it } from 'vitest';
import { openClassStore } from '../../../src/cli/class/store.ts';
import { sampleResult } from '../../classroom/sample-result.ts';
import { createFolder } from '../../folders.ts';

describe('the store of a class', () => {
  it('replaces a result that is sent again, and keeps students of one name apart', () => {
    const store = openClassStore();
    store.put(sampleResult());
    store.put(sampleResult({ step: 150 }));
    store.put(sampleResult({ student: 'student-0002' }));
    store.put(sampleResult({ id: 'result-0002' }));
    const { rows, revision } = store.changes(0);
    expect(rows.map(({ person, result }) => [person, result?.name, result?.step])).toEqual([
      [1, 'Ana', 150],
      [2, 'Ana', 200],
      [1, 'Ana', 200],
    ]);
    expect(JSON.stringify(rows)).not.toContain('student-000');
    expect(store.changes(revision).rows).toEqual([]);
    expect([store.count(), store.count('student-0001')]).toEqual([3, 2]);
    store.close();
  });

  it('deletes names, rows, and all of one student, and says so to one who looks later', () => {
    const store = openClassStore();
    for (const student of ['student-0001', 'student-0002', 'student-0003'])
      store.put(sampleResult({ student }));
    const before = store.changes(0).revision;
    store.deleteNames();
    expect(store.changes(before).rows.map(({ result }) => result?.name)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    const named = store.changes(0).revision;
    expect(store.delete({ student: 'student-0002' })).toBe(1);
    expect(store.delete({ row: 3 })).toBe(1);
    expect(store.delete({ row: 3 })).toBe(0);
    expect(store.changes(named)).toMatchObject({ rows: [], left: [1] });
    expect(store.changes(store.changes(0).revision)).not.toHaveProperty('left'); // nothing since
    expect(store.count()).toBe(1);
    expect(store.delete('all')).toBe(1);
    store.close();
  });

  it('keeps nothing of what is deleted, and gives its numbers to nobody', () => {
    const file = join(createFolder(), 'class.sqlite');
    const first = openClassStore(file);
    for (let round = 0; round < 30; round++) {
      first.put(sampleResult({ student: 'student-0002', id: `result-${1000 + round}` }));
      first.delete({ student: 'student-0002' });
    }
    const { revision } = first.changes(0);
    first.close();
    expect(readFileSync(file, 'latin1')).not.toMatch(/student-0002|result-1\d\d\d/);
    const second = openClassStore(file);
    second.put(sampleResult());
    expect(second.changes(revision).rows).toMatchObject([{ row: 31, person: 31 }]);
    second.put(sampleResult({ id: 'result-0002' }));
    second.delete({ row: 31 });
    expect(second.changes(0)).toMatchObject({ rows: [{ row: 32, person: 31 }], left: [32] }); // still the same student
    second.close();
  });

  it('reads a class of its first layout, without the empty rows', () => {
    const file = join(createFolder(), 'class.sqlite');
    const { student, id, name, ...rest } = sampleResult();
    const json = JSON.stringify({ student, id, ...rest });
    const database = new sqlite.Database(file);
    database.exec(`CREATE TABLE results (row INTEGER PRIMARY KEY, student TEXT NOT NULL, id TEXT NOT NULL,
        name TEXT, json TEXT, revision INTEGER NOT NULL, UNIQUE (student, id));
      CREATE INDEX results_by_revision ON results (revision);
      CREATE TABLE words (name TEXT PRIMARY KEY, value TEXT NOT NULL);
      INSERT INTO words VALUES ('code', 'BCDFGH');
      PRAGMA user_version = 1;`);
    const insert = 'INSERT INTO results (row, student, id, name, json, revision) VALUES (?, ?, ?, ?, ?, ?)';
    database.run(insert, [1, 'student-0009', id, null, null, 4]);
    database.run(insert, [2, student, id, name ?? null, json, 3]);
    database.run(insert, [3, 'student-0009', 'result-0008', null, null, 4]);
    database.close();
    const store = openClassStore(file);
    expect(store.changes(0)).toMatchObject({ revision: 4, rows: [{ row: 2, result: { name } }], left: [2] });
    expect(store.word('code')).toBe('BCDFGH');
    store.put(sampleResult({ id: 'result-0002' }));
    expect(store.changes(4).rows).toMatchObject([{ row: 4, person: 2, revision: 5 }]); // not the deleted 3
    store.put(sampleResult({ student: 'student-0010' }));
    expect(store.changes(5).rows).toMatchObject([{ row: 5, person: 4 }]);
    store.close();
    expect(readFileSync(file, 'latin1')).not.toContain('student-0009');
  });

  it('is there again from its file, words and all', () => {
    const file = join(createFolder(), 'class.sqlite');
    const first = openClassStore(file);
    first.put(sampleResult());
    first.keepWord('code', 'BCDFGH');
    first.close();
    const second = openClassStore(file);
    expect(second.changes(0).rows[0]?.result).toMatchObject({ name: 'Ana', title: 'Pico' });
    expect(second.word('code')).toBe('BCDFGH');
    second.put(sampleResult({ id: 'result-0002' }));
    expect(second.changes(1).rows.map(({ row }) => row)).toEqual([2]); // revisions go on
    second.close();
  });

  it('refuses a file of something else, and one of a newer version, and changes neither', () => {
    const folder = createFolder();
    const text = join(folder, 'notes.txt');
    writeFileSync(text, 'no database '.repeat(200));
    expect(() => openClassStore(text)).toThrow(/notes\.txt cannot be opened/);
    const other = join(folder, 'other.sqlite');
    const database = new sqlite.Database(other);
    database.exec('CREATE TABLE marks (a)');
    expect(() => openClassStore(other)).toThrow(/database of something else/);
    database.exec('PRAGMA user_version = 9');
    expect(() => openClassStore(other)).toThrow(/is of version 9; this program reads 2/);
    database.close();
  });
});
