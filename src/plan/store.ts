// Persistent memory: parameters, gradients and moments as flat buffers with identical offsets, and named extras.
import {
  type ElementType,
  elementBytes,
  elementCount,
  type MemoryClass,
  type Storage,
  storageBytes,
  type Tensor,
} from './tensor.ts';

/** What a parameter must tell to get a place. */
export interface ParameterShape {
  readonly name: string;
  readonly shape: readonly number[];
  /** Weight decay applies (matrices and embeddings). */
  readonly decay: boolean;
}

/** A parameter's rows [firstRow, firstRow + rows) in one shard; all but vocabulary tables have a single block. */
export interface ParameterBlock {
  readonly firstRow: number;
  readonly weight: Tensor;
  readonly gradient: Tensor;
}

/** A named parameter and where it lives. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly blocks: readonly ParameterBlock[];
}

/** Equal-length flat buffers; elements below `decayElements` are decayed. */
export interface Shard {
  readonly weights: Tensor;
  readonly gradients: Tensor;
  readonly moments: readonly Tensor[];
  readonly decayElements: number;
}

/** All parameters of one model. */
export interface ParameterStore {
  readonly parameters: ReadonlyMap<string, Parameter>;
  readonly shards: readonly Shard[];
}

/** Parameters start at multiples of this many elements, so that every view is a legal binding. */
export const parameterAlignment = 256;

/** A persistent storage as one tensor (caches, counters, token input, rings). */
export function persistentTensor(
  name: string,
  shape: readonly number[],
  elementType: ElementType,
  memoryClass: MemoryClass,
): Tensor {
  const storage = {
    kind: 'persistent' as const,
    name,
    elementType,
    elements: elementCount(shape),
    memoryClass,
  };
  return { name, shape, elementType, storage, offset: 0 };
}

interface Placed {
  readonly parameter: ParameterShape;
  readonly firstRow: number;
  readonly shape: readonly number[];
  readonly offset: number;
}

/**
 * Lays parameters out, decayed ones first, in shards that a device can bind at once.
 * @param momentCount moment buffers of the optimizer: 2 for AdamW, 1 for momentum, 0 for inference
 * @param maxBindingBytes a table larger than this is cut into blocks of rows (GPT-2's is 147 MiB, the default limit 128)
 * @throws if a single row of a parameter exceeds the limit.
 */
export function layoutParameters(
  shapes: readonly ParameterShape[],
  momentCount: number,
  maxBindingBytes: number,
  withGradients = true,
): ParameterStore {
  const limit = Math.floor(maxBindingBytes / 4 / parameterAlignment) * parameterAlignment;
  const pieces = [
    ...shapes.filter((shape) => shape.decay),
    ...shapes.filter((shape) => !shape.decay),
  ].flatMap((shape) => rowBlocks(shape, limit));
  const shardPieces: Placed[][] = [[]];
  let offset = 0;
  for (const { parameter, firstRow, shape } of pieces) {
    const elements = align(elementCount(shape));
    if (offset > 0 && offset + elements > limit) {
      shardPieces.push([]);
      offset = 0;
    }
    shardPieces.at(-1)?.push({ parameter, firstRow, shape, offset });
    offset += elements;
  }
  const blocks = new Map<string, ParameterBlock[]>(shapes.map((shape) => [shape.name, []]));
  const shards = shardPieces.map((placed, index) => {
    const end = placed.at(-1);
    const elements = end ? end.offset + align(elementCount(end.shape)) : parameterAlignment;
    const flat = (name: string, memoryClass: MemoryClass) =>
      persistentTensor(`${name} ${index}`, [elements], 'f32', memoryClass);
    const weights = flat('weights', 'weights');
    // Inference owns no gradients; the views then alias the weights and nothing may write them.
    const gradients = withGradients ? flat('gradients', 'gradients') : weights;
    const moments = Array.from({ length: momentCount }, (_, moment) =>
      flat(`moment ${moment + 1},`, 'moments'),
    );
    for (const { parameter, firstRow, shape, offset: start } of placed) {
      const view = (of: Tensor, name: string): Tensor => ({ ...of, name, shape, offset: start });
      blocks.get(parameter.name)?.push({
        firstRow,
        weight: view(weights, parameter.name),
        gradient: view(gradients, `∂${parameter.name}`),
      });
    }
    const firstUndecayed = placed.find(({ parameter }) => !parameter.decay);
    return { weights, gradients, moments, decayElements: firstUndecayed ? firstUndecayed.offset : elements };
  });
  const parameters = new Map(
    shapes.map(({ name, shape }) => [name, { name, shape, blocks: blocks.get(name) ?? [] }] as const),
  );
  return { parameters, shards };
}

/** Every storage of a parameter store, for allocation and for the memory bar. */
export function storagesOf(store: ParameterStore): Storage[] {
  const tensors = store.shards.flatMap((shard) => [shard.weights, shard.gradients, ...shard.moments]);
  return [...new Set(tensors.map((tensor) => tensor.storage))];
}

/** Bytes by memory class of a set of storages. */
export function bytesByClass(storages: Iterable<Storage>): Partial<Record<MemoryClass, number>> {
  const bytes: Partial<Record<MemoryClass, number>> = {};
  for (const storage of new Set(storages)) {
    bytes[storage.memoryClass] = (bytes[storage.memoryClass] ?? 0) + storageBytes(storage);
  }
  return bytes;
}

function rowBlocks(parameter: ParameterShape, limit: number): Omit<Placed, 'offset'>[] {
  const [rows = 1, ...rest] = parameter.shape;
  const rowElements = elementCount(rest);
  if (align(rows * rowElements) <= limit) return [{ parameter, firstRow: 0, shape: parameter.shape }];
  // 64 rows keep every column block of the logits on a binding boundary.
  const blockRows = Math.floor(limit / rowElements / 64) * 64;
  if (blockRows < 1) {
    throw new Error(
      `parameters: 64 rows of ${parameter.name} [${parameter.shape.join(', ')}] need ` +
        `${64 * rowElements * elementBytes('f32')} bytes, more than this device binds at once (${limit * 4}). Lower the width.`,
    );
  }
  const blocks: Omit<Placed, 'offset'>[] = [];
  for (let firstRow = 0; firstRow < rows; firstRow += blockRows) {
    blocks.push({ parameter, firstRow, shape: [Math.min(blockRows, rows - firstRow), ...rest] });
  }
  return blocks;
}

function align(elements: number): number {
  return Math.ceil(elements / parameterAlignment) * parameterAlignment;
}
