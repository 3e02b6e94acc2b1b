// A tensor is a name, a shape and a place; it never holds numbers. Runtimes own the numbers.
import { type QuantisedMatrices, quantisedWords } from './quantised.ts';

/** f16 is declared from the start so that precision is a property of a tensor, not of a program. */
export type ElementType = 'f32' | 'f16' | 'u32';

/** What the bytes of a buffer are for; memory is reported by these classes. */
export type MemoryClass = 'weights' | 'gradients' | 'moments' | 'activations' | 'cache' | 'data' | 'state';

/** Whole allocation that tensors are views of. Compared by identity: two tensors alias if they share it. */
export interface Storage {
  /** Persistent storage lives in the Store and is shared by plans; transient storage takes buffers in turn. */
  readonly kind: 'persistent' | 'transient';
  readonly name: string;
  readonly elementType: ElementType;
  readonly elements: number;
  readonly memoryClass: MemoryClass;
}

/** A view of a storage: `shape` elements in row-major order from `offset` (in elements). */
export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly elementType: ElementType;
  readonly storage: Storage;
  readonly offset: number;
  /** Set where the numbers that `shape` counts are packed into words of the storage (quantised.ts). */
  readonly quantised?: QuantisedMatrices;
}

/** Offsets of bindings must be multiples of 256 bytes (WebGPU's default minStorageBufferOffsetAlignment). */
export const bindingAlignmentBytes = 256;

/** Bytes of one element. */
export function elementBytes(type: ElementType): number {
  return type === 'f16' ? 2 : 4;
}

/** Product of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Bytes that a tensor's own elements take; of a quantised one those of `wordsOf`. */
export function tensorBytes(tensor: Tensor): number {
  return elementCount(tensor.shape) * elementBytes(tensor.elementType);
}

/** Bytes of a whole storage, rounded up to 4 as WebGPU buffers are. */
export function storageBytes(storage: Storage): number {
  return Math.ceil((storage.elements * elementBytes(storage.elementType)) / 4) * 4;
}

/** `name [2, 3] f32`, for messages. */
export function describeTensor(tensor: Tensor): string {
  return `${tensor.name} [${tensor.shape.join(', ')}] ${tensor.quantised?.format ?? tensor.elementType}`;
}

/**
 * A view `elements` further into the same storage, with its own shape.
 * @throws if it does not start on a binding boundary or runs past the end of the storage.
 */
export function viewOf(
  tensor: Tensor,
  elements: number,
  shape: readonly number[],
  name = tensor.name,
): Tensor {
  const offset = tensor.offset + elements;
  if ((offset * elementBytes(tensor.elementType)) % bindingAlignmentBytes !== 0) {
    throw new Error(
      `viewOf: ${describeTensor(tensor)} cannot be viewed from element ${elements}: byte ` +
        `${offset * elementBytes(tensor.elementType)} is no multiple of ${bindingAlignmentBytes}. Pad the rows.`,
    );
  }
  if (offset + elementCount(shape) > tensor.storage.elements) {
    throw new Error(
      `viewOf: [${shape.join(', ')}] from element ${offset} runs past ${tensor.storage.name} ` +
        `(${tensor.storage.elements} elements). Pass a smaller shape.`,
    );
  }
  return { ...tensor, name, shape, offset };
}

/** A quantised tensor as the words that it is stored in, to be written and read. @throws if it is not quantised */
export function wordsOf(tensor: Tensor): Tensor {
  const { quantised, ...rest } = tensor;
  if (!quantised) throw new Error(`wordsOf: ${describeTensor(tensor)} is not quantised.`);
  return { ...rest, shape: [quantisedWords(quantised)] };
}

/** Rows [start, start + count) of a row-major tensor whose first dimension counts rows. */
export function rowsOf(tensor: Tensor, start: number, count: number): Tensor {
  const rest = tensor.shape.slice(1);
  return viewOf(tensor, start * elementCount(rest), [count, ...rest], `${tensor.name}[${start}…]`);
}
