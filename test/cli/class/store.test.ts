// Results of a class on disk: replaced, deleted, and there again after the server was.
import { writeFileSync } from 'node:fs';
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
    const gone = store.changes(named).rows;
    expect(gone.map(({ row, result }) => [row, result])).toEqual([
      [2, undefined],
      [3, undefined],
    ]);
    expect(store.count()).toBe(1);
    expect(store.delete('all')).toBe(1);
    store.close();
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
    expect(() => openClassStore(other)).toThrow(/is of version 9; this program reads 1/);
    database.close();
  });
});
