// A short number of bytes, to tell texts and names apart: no protection against those who mean harm.

/** FNV-1a, 32 bits (Fowler, Noll and Vo). @param offset where it begins: another one gives another hash of the same bytes */
export function fnv1a(bytes: Iterable<number>, offset = 0x811c9dc5): number {
  let hash = offset;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
