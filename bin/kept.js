// Keeps what takes a while to make out of the sources, such as a bundle, in files named by all that it is made of.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** The folder of all that is kept from one start to the next; deleting it costs the time to make it again. */
export const cache = join(root, 'node_modules/.cache/flopscope');

/** Files of one name that stay: a few branches in turns, not every state of a file that is being edited. */
const most = 8;

/**
 * What `make` gives, or gave earlier out of the same parts by the same packages.
 * @param {string} name which things stand in for one another, e.g. `kernels-plain`
 * @param {() => unknown} parts reads all that decides what is made, beside the versions of packages, as JSON
 * @param {() => Promise<Uint8Array | string>} make
 * @param {string} folder
 * @returns {Promise<Buffer>}
 */
export async function kept(name, parts, make, folder = cache) {
  const hash = hashOf(parts());
  const file = join(folder, `${name}-${hash.slice(0, 16)}.kept`);
  try {
    return readFileSync(file);
  } catch {
    // Not made yet, or removed a moment ago.
  }
  const made = Buffer.from(await make());
  if (hashOf(parts()) !== hash) return made; // a file was changed meanwhile: this may be of before or after
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${file}.${process.pid}`, made);
  renameSync(`${file}.${process.pid}`, file); // two commands at once: the last one wins
  removeOlder(name, file, folder);
  return made;
}

/** @param {unknown} parts @returns {string} */
function hashOf(parts) {
  const packages = readFileSync(join(root, 'package-lock.json'), 'utf8');
  return createHash('sha256')
    .update(JSON.stringify([packages, parts]))
    .digest('hex');
}

/**
 * Removes all files of a name but a new one and those made last before it.
 * @param {string} name
 * @param {string} made
 * @param {string} folder
 */
function removeOlder(name, made, folder) {
  const own = new RegExp(`^${name}-[0-9a-f]{16}\\.kept$`);
  const files = readdirSync(folder)
    .filter((file) => own.test(file))
    .map((file) => join(folder, file))
    .filter((file) => file !== made);
  const timeOf = (/** @type {string} */ file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const newestFirst = files.map((file) => ({ file, time: timeOf(file) })).sort((a, b) => b.time - a.time);
  for (const { file } of newestFirst.slice(most - 1)) rmSync(file, { force: true });
}

/**
 * The files of some folders, below them too, and their texts, in one order.
 * @param {readonly string[]} folders from the repository's root
 * @returns {readonly (readonly [path: string, text: string])[]}
 */
export function readTexts(...folders) {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
      .sort()
      .map((file) => /** @type {const} */ ([file, readFileSync(file, 'utf8')])),
  );
}
