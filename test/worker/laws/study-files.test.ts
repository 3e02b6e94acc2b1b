// Rows of studies, kept in a folder: appended, read again, mended where a write was cut off, and held where nothing is kept.
import { expect, it } from 'vitest';
import { StudyFiles } from '../../../src/worker/laws/study-files.ts';
import { MemoryFolder } from '../memory-folder.ts';

const head = { id: '0123456789', name: 'mine', study: { name: 'mine' }, runs: 3 };

it('appends rows to what is there, also to those of another tab', async () => {
  const folder = new MemoryFolder();
  const [here, there] = [new StudyFiles(folder), new StudyFiles(folder)];
  expect(await here.append(head, '0123456789,a,\n')).toBe(true);
  expect(await there.append(head, '0123456789,b,\n')).toBe(true);
  expect(await here.append(head, '0123456789,c,\n')).toBe(true);
  expect((await here.table(head.id)).split('\n').slice(1)).toEqual([
    '0123456789,a,',
    '0123456789,b,',
    '0123456789,c,',
    '',
  ]);
  expect(await here.list()).toMatchObject([{ ...head, done: 3 }]);
});

it('drops a line that a crash cut off, and lists no file that is not its own', async () => {
  const folder = new MemoryFolder();
  const files = new StudyFiles(folder);
  await files.append(head, '0123456789,a,\n');
  folder.files.set('0123456789.csv', `${await files.table(head.id)}0123456789,b`);
  folder.files.set('other.json', '{"version": 9}');
  folder.files.set('broken.json', '{');
  expect((await files.list()).map(({ done }) => done)).toEqual([1]);
  await files.remove(head.id);
  expect(await files.list()).toEqual([]);
  expect(await files.table(head.id)).toMatch(/^study,run,.*\n$/);
});

it('says where a browser keeps nothing, and holds the rows for this visit', async () => {
  const folder = new MemoryFolder();
  folder.isFull = true;
  for (const files of [new StudyFiles(undefined), new StudyFiles(folder)]) {
    expect(await files.append(head, '0123456789,a,\n')).toBe(false);
    expect(await files.append(head, '0123456789,b,\n')).toBe(false);
    expect(await files.table(head.id)).toMatch(/,a,\n.*,b,\n$/);
    expect(await files.list()).toEqual([]);
  }
});

it('keeps the rows of a full disk until there is room again, beside those of another tab', async () => {
  const folder = new MemoryFolder();
  const [here, there] = [new StudyFiles(folder), new StudyFiles(folder)];
  await here.append(head, '0123456789,a,\n');
  folder.isFull = true;
  expect(await here.append(head, '0123456789,b,\n')).toBe(false);
  expect(await here.table(head.id)).toMatch(/,a,\n.*,b,\n$/);
  folder.isFull = false;
  await there.append(head, '0123456789,c,\n');
  expect(await here.append(head, '0123456789,d,\n')).toBe(true);
  expect(folder.files.get('0123456789.csv')).toMatch(/,a,\n.*,c,\n.*,b,\n.*,d,\n$/);
  expect(await here.append(head, '0123456789,e,\n')).toBe(true); // none twice
  expect((await there.table(head.id)).trim().split('\n')).toHaveLength(6);
});

it('writes nothing over rows that it could not read', async () => {
  const folder = new MemoryFolder();
  const files = new StudyFiles(folder);
  await files.append(head, '0123456789,a,\n');
  folder.isUnreadable = true;
  expect(await files.append(head, '0123456789,b,\n')).toBe(false);
  folder.isUnreadable = false;
  expect(await files.append(head, '0123456789,c,\n')).toBe(true);
  expect(folder.files.get('0123456789.csv')).toMatch(/,a,\n.*,b,\n.*,c,\n$/);
});
