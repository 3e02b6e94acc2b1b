// How a row of a cache lies in memory: what is kept of one token in one layer, as f32 numbers or as int8 words with scales.
//
// A row has parts: keys and values of each head, or a latent and a rotated key. Quantised, a part is bytes in two's complement,
// four neighbouring numbers a word, the first one lowest, padded to whole words; behind all parts stands an f32 scale for each.

/** How keys and values are kept. */
export type CacheFormat = 'f32' | 'int8';

/** All formats, the exact one first. */
export const cacheFormats: readonly CacheFormat[] = ['f32', 'int8'];

/** The numbers of a row: so many first parts side by side (keys, or the latent), then as many second ones. */
export interface CacheRow {
  readonly parts: number;
  readonly firstSize: number;
  /** 0 where there are none: a latent without rotary positions. */
  readonly secondSize: number;
}

/** Numbers that a word holds. */
export const wordNumbers = 4;

/** Words of a part of so many numbers. */
export function partWords(size: number): number {
  return Math.ceil(size / wordNumbers);
}

/** Parts of a row, each of which has a scale. */
export function rowParts({ parts, secondSize }: CacheRow): number {
  return secondSize > 0 ? 2 * parts : parts;
}

/** Elements of a row as it is stored: numbers, or words with the scales behind them. */
export function rowElements(row: CacheRow, format: CacheFormat): number {
  const { parts, firstSize, secondSize } = row;
  if (format === 'f32') return parts * (firstSize + secondSize);
  return parts * (partWords(firstSize) + partWords(secondSize)) + rowParts(row);
}

/** Where a part starts: its numbers in a row of f32, its words, and its scale in a quantised row. */
export function partPlace(
  row: CacheRow,
  part: number,
): { readonly size: number; readonly number: number; readonly word: number; readonly scale: number } {
  const { parts, firstSize, secondSize } = row;
  const isFirst = part < parts;
  const index = isFirst ? part : part - parts;
  const size = isFirst ? firstSize : secondSize;
  const words = partWords(size);
  return {
    size,
    number: (isFirst ? 0 : parts * firstSize) + index * size,
    word: (isFirst ? 0 : parts * partWords(firstSize)) + index * words,
    scale: rowElements(row, 'int8') - rowParts(row) + part,
  };
}
