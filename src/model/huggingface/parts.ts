// Parts of our parameters as tensors of a file: the pieces of which every layout is put together.

/** A region of one of our parameters (seen as a matrix) that is a tensor of the file or rows of it, perhaps transposed. */
export interface Part {
  readonly name: string;
  /** Shape of the whole tensor. */
  readonly shape: readonly number[];
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
  readonly isTransposed: boolean;
  /** The tensor's row, if transposed, or else its column, that is our column `column + i`; i unless given. */
  readonly fileOrder?: readonly number[];
  /** The tensor's first row, of a part that is not transposed; 0 unless given. */
  readonly fileRow?: number;
}

/** How a model lies in a file. */
export interface FileLayout {
  /** Parts by our parameter's name. */
  readonly parts: ReadonlyMap<string, readonly Part[]>;
  /** Zeros that the layout demands and the model has not (biases). */
  readonly zeros: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** The token embedding's name in the file. */
  readonly embedding: string;
  /** The head's name, also where it is tied. */
  readonly head: string;
}

/** What differs between files of one family. */
export interface FileNames {
  /** What the names of all but the head begin with. */
  readonly prefix: string;
  /** Whether the experts of a layer lie in one tensor, as Transformers 5 holds them, or each in its own. */
  readonly hasFusedExperts: boolean;
}

/** A tensor of all experts of a layer. */
export const fusedExperts = /\.experts\.gate_up_proj$/;

/** The head in most layouts; it never has a prefix. */
export const headName = 'lm_head.weight';

/** Matrices [out, in] of the file that are column ranges of one [in, outs] of ours, and their biases. */
export function linearParts(
  inputs: number,
  matrices: readonly (readonly [name: string, outputs: number, fileOrder?: readonly number[] | undefined])[],
): { readonly weights: readonly Part[]; readonly biases: readonly Part[] } {
  let column = 0;
  const weights: Part[] = [];
  const biases: Part[] = [];
  for (const [name, outputs, fileOrder] of matrices) {
    const order = fileOrder ? { fileOrder } : {};
    weights.push({ ...linearPart(name, inputs, outputs), column, ...order });
    biases.push({ ...rowPart(`${name}.bias`, outputs), column, ...order });
    column += outputs;
  }
  return { weights, biases };
}

/** A matrix [out, in] of the file that is one of ours, [in, out]. */
export function linearPart(name: string, inputs: number, outputs: number): Part {
  const shape = [outputs, inputs];
  const region = { row: 0, column: 0, rows: inputs, columns: outputs };
  return { name: `${name}.weight`, shape, ...region, isTransposed: true };
}

/** Rows of heads whose channels turn in neighbouring pairs, in our order: those that turn together lie half a head apart. */
export function pairedRows(heads: number, size: number): number[] {
  const half = size / 2;
  return range(heads * size, 0).map((i) => {
    const channel = i % size;
    return i - channel + 2 * (channel % half) + Math.floor(channel / half);
  });
}

/** `count` whole numbers from `first`. */
export function range(count: number, first: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

/** A parameter that is a tensor of the file as it is. */
export function wholePart(name: string, shape: readonly number[]): Part {
  const [rows, columns] = matrixShape(shape);
  return { name, shape, row: 0, column: 0, rows, columns, isTransposed: false };
}

/** A vector. */
export function rowPart(name: string, size: number): Part {
  return wholePart(name, [size]);
}

/** Rows and columns; a vector is one row, and the matrices of several experts lie one below the other. */
export function matrixShape(shape: readonly number[]): [rows: number, columns: number] {
  const columns = shape.at(-1) ?? 1;
  return [shape.slice(0, -1).reduce((product, size) => product * size, 1), columns];
}
