// Files of the origin's private file system: none is told from one that cannot be read.
import { afterEach, expect, it, vi } from 'vitest';
import { OriginFolder } from '../../../src/worker/run/origin-folder.ts';

/** A folder all of whose files fail with an error of this name. */
function failing(name: string): void {
  const fail = () => Promise.reject(new DOMException('of the test', name));
  const folder = { getFileHandle: fail, removeEntry: fail };
  const root = { getDirectoryHandle: async () => folder };
  vi.stubGlobal('navigator', { storage: { getDirectory: async () => root } });
}

afterEach(() => {
  vi.unstubAllGlobals();
});

it('has no file where there is none, or where the browser keeps none', async () => {
  const folder = new OriginFolder('runs');
  failing('NotFoundError');
  expect(await folder.read('a')).toBeUndefined();
  await folder.remove('a');
  vi.stubGlobal('navigator', {
    storage: { getDirectory: () => Promise.reject(new DOMException('', 'SecurityError')) },
  });
  expect(await folder.read('a')).toBeUndefined();
  vi.stubGlobal('navigator', {}); // an address without https
  expect(await folder.read('a')).toBeUndefined();
  await folder.remove('a');
});

it('does not take a file that cannot be read, or removed, for none', async () => {
  const folder = new OriginFolder('runs');
  failing('NotReadableError');
  await expect(folder.read('a')).rejects.toThrow(/of the test/);
  failing('NoModificationAllowedError');
  await expect(folder.remove('a')).rejects.toThrow(/of the test/);
});
