// The repository as the architecture tests see it: files, their lines, and who imports whom.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** One text file of the repository. */
export interface SourceFile {
  /** From the repository's root, with forward slashes: `src/plan/tape.ts`. */
  readonly path: string;
  readonly text: string;
}

/** Files below a folder whose names end in one of the extensions, in a fixed order. */
export function listFiles(folder: string, ...extensions: string[]): SourceFile[] {
  const start = join(root, folder);
  if (!existsSync(start)) return [];
  return readdirSync(start, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && extensions.some((extension) => entry.name.endsWith(extension)))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('node_modules'))
    .sort()
    .map((path) => ({
      path: path.slice(root.length + 1).replaceAll('\\', '/'),
      text: readFileSync(path, 'utf8'),
    }));
}

/** Whether the repository has this file. */
export function hasFile(path: string): boolean {
  return existsSync(join(root, path));
}

/** Lines of a text; a newline at the end opens no further line. */
export function countLines(text: string): number {
  return text.replace(/\n$/, '').split('\n').length;
}

/** The code of a TypeScript file without its comments. Rough: good enough to look for words. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`\\])\/\/[^\n]*/g, '$1');
}

/**
 * What a file imports: files as repository paths without query, packages by their specifier. Covers `import`,
 * `export … from` and `import()`; a worker's `new URL(…)` starts another program and is no import.
 */
export function listImports({ path, text }: SourceFile): string[] {
  const pattern = /\b(?:from|import)\s*\(?\s*'([^']+)'/g;
  return [...withoutComments(text).matchAll(pattern)].map(([, specifier = '']) =>
    specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier.replace(/\?.*$/, '')) : specifier,
  );
}

/** Whether a file only declares types: nothing in it can be run, so nothing can be tested. */
export function isTypesOnly(text: string): boolean {
  return !/^\s*(?:export\s+)?(?:async\s+)?(?:function|class|const|let)\b/m.test(withoutComments(text));
}
