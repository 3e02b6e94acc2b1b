// What stands where a file was meant to be: a pointer of Git LFS or git-annex to a large one, the web page that shows it, another
// format.

/** Bytes that tell; a pointer is shorter than 1024 (git-lfs, docs/spec.md). */
const marks = ['version https://git-lfs.github.com/spec/', 'version https://hawser.github.com/spec/'];

/** What git-annex leaves of a file that it did not fetch (git-annex, internals: pointer files). */
const annexMark = /^(\/annex\/objects\/|(\.\.\/)*\.git\/annex\/objects\/)/;

/** How many first bytes `standInText` looks at. */
export const standInBytes = 1024;

/** The size of the file that a Git LFS pointer stands for, in bytes; undefined if these bytes are none. */
export function lfsPointerSize(bytes: Uint8Array): number | undefined {
  if (bytes.length === 0 || bytes.length > standInBytes) return undefined;
  const text = new TextDecoder().decode(bytes);
  if (!marks.some((mark) => text.startsWith(mark))) return undefined;
  const size = Number(/^size (\d{1,15})$/m.exec(text)?.[1] ?? 0);
  return size;
}

/** Says that a file is a pointer, and what to do. */
export function lfsPointerText(name: string, size: number): string {
  return (
    `${name}: it is a Git LFS pointer to a file of ${size} bytes, which was not fetched. ` +
    'Run "git lfs install" and "git lfs pull" in its repository, or download the file itself.'
  );
}

/** Says what stands instead of a file, and what to do, by its first bytes; undefined if nothing does. `bytes`: of the whole file. */
export function standInText(name: string, head: Uint8Array, bytes = head.length): string | undefined {
  const pointer = bytes === head.length ? lfsPointerSize(head) : undefined;
  if (pointer !== undefined) return lfsPointerText(name, pointer);
  const text = new TextDecoder().decode(head.subarray(0, standInBytes));
  if (annexMark.test(text))
    return `${name}: it is a pointer of git-annex, whose file was not fetched. Run "git annex get" in its repository.`;
  if (!/^\s*<(!doctype html|html)[\s>]/i.test(text)) return undefined;
  const wanted = name.endsWith('.safetensors') ? 'a safetensors file' : 'the file';
  return (
    `${name}: it is a web page (HTML), not ${wanted}. ` +
    'Download the file itself; on Hugging Face its address has /resolve/ where that of the page has /blob/.'
  );
}

/** What files of other programs begin with, as Latin-1; the marks are from the formats' specifications. */
const formats: readonly (readonly [mark: string, what: string, advice: string])[] = [
  ['\x1f\x8b', 'packed by gzip', 'Unpack it.'],
  ['\x28\xb5\x2f\xfd', 'packed by zstd', 'Unpack it.'],
  ['\xfd7zXZ\0', 'packed by xz', 'Unpack it.'],
  ['7z\xbc\xaf\x27\x1c', 'a 7z archive', 'Unpack it.'],
  [
    'PK\x03\x04',
    'a zip archive, as .docx, .odt and .epub files are',
    'Unpack it, or save its text as plain text.',
  ],
  ['%PDF-', 'a PDF', 'Save its text as plain text.'],
  ['{\\rtf', 'a file of a word processor (RTF)', 'Save its text as plain text.'],
  ['\xd0\xcf\x11\xe0', 'a file of an old Office program', 'Save its text as plain text.'],
  ['\x89PNG', 'a picture', 'Choose a text.'],
  ['\xff\xd8\xff', 'a picture', 'Choose a text.'],
  ['SQLite format 3\0', 'a database of SQLite', 'Save its text as plain text.'],
  ['\x93NUMPY', 'an array of NumPy', 'Save what it stands for as plain text.'],
  ['PAR1', 'a table of Parquet', 'Save its column of text as plain text.'],
];

/** What a file is, by its first bytes, and what to do where a text was meant; undefined of text and of what is not known. */
export function fileFormat(head: Uint8Array): { readonly what: string; readonly advice: string } | undefined {
  const begin = String.fromCharCode(...head.subarray(0, 16));
  const found = formats.find(([mark]) => begin.startsWith(mark));
  return found && { what: found[1], advice: found[2] };
}

/** The beginning of what is text for people; undefined of anything else. */
export function textBeginning(head: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true }).trim();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what no text for people has
    return text === '' || /[\0-\x08\x0e-\x1f\x7f]/.test(text) ? undefined : text.replace(/\s+/g, ' ');
  } catch {
    return undefined;
  }
}
