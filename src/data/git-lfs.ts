// Git LFS: what stands in a repository instead of a large file until it is fetched.

/** Bytes that tell; a pointer is shorter than 1024 (git-lfs, docs/spec.md). */
const marks = ['version https://git-lfs.github.com/spec/', 'version https://hawser.github.com/spec/'];

/** The size of the file that a Git LFS pointer stands for, in bytes; undefined if these bytes are none. */
export function lfsPointerSize(bytes: Uint8Array): number | undefined {
  if (bytes.length === 0 || bytes.length > 1024) return undefined;
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
