// How quantised matrices lie in memory: in blocks of 32 columns, each a run of rows that are read one behind the other.
//
// A matrix has `inner` inputs and `columns` outputs. A word holds neighbouring inputs of a column, the first one in the lowest
// bits: four bytes or eight nibbles. A row of a block is a word for each of its columns; the last block is as narrow as whole
// vec4s allow. Scales have rows of their own: int4 one behind the four of each 32 inputs, int8 one behind all. Inputs are
// padded to whole steps; what is read of the padding is multiplied by 0 or dropped. Blocks, because a walk down the columns
// of a wide matrix changes the page with every row: int4 products took 2.5 times as long on lavapipe.

/**
 * int8: a byte a value in two's complement, and an f32 scale a column. int4: a nibble a value, and for each 32 inputs of a
 * column scale and minimum in f16.
 */
export type QuantisedFormat = 'int8' | 'int4';

/** How the numbers of a parameter are stored. */
export type WeightFormat = 'f32' | QuantisedFormat;

/** All formats, the exact one first. */
export const weightFormats: readonly WeightFormat[] = ['f32', 'int8', 'int4'];

/** The format and the sizes of one matrix. */
export interface QuantisedMatrix {
  readonly format: QuantisedFormat;
  readonly inner: number;
  readonly columns: number;
}

/** What a quantised tensor holds: so many matrices one behind the other. */
export interface QuantisedMatrices extends QuantisedMatrix {
  readonly matrices: number;
}

/** Columns of a block: what eight vec4s of words hold, 128 bytes. */
export const blockColumns = 32;

/** Inputs of an int4 column that share scale and minimum. */
export const groupInputs = 32;

/** Values of a column in one word. */
export const wordValues: Readonly<Record<QuantisedFormat, number>> = { int8: 4, int4: 8 };

/** Inputs are padded to a multiple of these: kernels take eight at a time, and groups are whole. */
const paddedInputs: Readonly<Record<QuantisedFormat, number>> = { int8: 8, int4: groupInputs };

/** Rows of a block, of words and of scales. */
function blockRows(format: QuantisedFormat, inner: number): number {
  const padded = paddedInputs[format] * Math.ceil(inner / paddedInputs[format]);
  return padded / wordValues[format] + (format === 'int4' ? padded / groupInputs : 1);
}

/** Words of one matrix, scales included. */
export function matrixWords({ format, inner, columns }: QuantisedMatrix): number {
  return 4 * Math.ceil(columns / 4) * blockRows(format, inner);
}

/** Words of all matrices. */
export function quantisedWords(of: QuantisedMatrices): number {
  return of.matrices * matrixWords(of);
}

/** Words from one row to the next of the block that a column is in. */
export function blockPitch({ columns }: QuantisedMatrix, column: number): number {
  const first = column - (column % blockColumns);
  return Math.min(blockColumns, 4 * Math.ceil(columns / 4) - first);
}

/** Where a row of a column lies in its matrix. */
function placeOf(matrix: QuantisedMatrix, row: number, column: number): number {
  const inBlock = column % blockColumns;
  const first = (column - inBlock) * blockRows(matrix.format, matrix.inner);
  return first + row * blockPitch(matrix, column) + inBlock;
}

/** The word that holds an input of a column. */
export function wordPlace(of: QuantisedMatrix, input: number, column: number): number {
  const row = Math.floor(input / wordValues[of.format]);
  return placeOf(of, of.format === 'int4' ? row + Math.floor(input / groupInputs) : row, column);
}

/** The word that holds the scale of an input of a column: f32 bits, or minimum above scale in f16. */
export function scalePlace(of: QuantisedMatrix, input: number, column: number): number {
  const rowsOfGroup = groupInputs / wordValues.int4 + 1;
  const row =
    of.format === 'int4'
      ? Math.floor(input / groupInputs) * rowsOfGroup + rowsOfGroup - 1
      : blockRows(of.format, of.inner) - 1;
  return placeOf(of, row, column);
}

/**
 * What a parameter holds once it is quantised: a table [outputs, inputs], a matrix [inputs, outputs], or one for each expert.
 * @throws if it is none of them
 */
export function quantisedMatrices(
  format: QuantisedFormat,
  {
    name,
    shape,
    isTable,
  }: { readonly name: string; readonly shape: readonly number[]; readonly isTable?: boolean },
): QuantisedMatrices {
  const [last = 1, secondLast = 1] = [shape.at(-1), shape.at(-2)];
  if (shape.length < 2 || shape.length > 3) {
    throw new Error(`quantise: ${name} [${shape.join(', ')}] is no matrix. Leave it in f32.`);
  }
  const matrices = shape.slice(0, -2).reduce((product, size) => product * size, 1);
  return isTable
    ? { format, matrices, inner: last, columns: secondLast }
    : { format, matrices, inner: secondLast, columns: last };
}
