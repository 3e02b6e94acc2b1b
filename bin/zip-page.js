// Packs the built page as one zip that any web host or school server takes: npm run build calls it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zipSync } from 'fflate';

/**
 * The files below a folder as a zip, with `/` in their names on every system. Source maps stay behind: no page asks for them.
 * @param {string} folder
 */
export function zipFolder(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.map'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return zipSync(
    Object.fromEntries(
      paths.map((path) => [relative(folder, path).replaceAll(sep, '/'), new Uint8Array(readFileSync(path))]),
    ),
  );
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const name = `flopscope-${version}.zip`;
  const bytes = zipFolder(join(root, 'dist'));
  writeFileSync(join(root, name), bytes);
  process.stdout.write(
    `${name}: ${(bytes.length / 1e6).toFixed(1)} MB, the folder dist without source maps\n`,
  );
}
