// Folders that tests write into: each file's own, removed after it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders: string[] = [];

/** A folder of the test file's own, removed afterwards. */
export function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'flopscope-test-'));
  folders.push(folder);
  return folder;
}

/** Removes what the test file made. */
export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
