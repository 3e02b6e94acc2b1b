// What stands where a file was meant to be: a pointer of Git LFS or git-annex to a large one, or the web page that shows it.

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
