// Persistent memory: parameters, gradients and what an optimizer keeps as flat buffers, and named extras.
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
  /** Columns of the matrices that lie side by side in it (query, key and value); one matrix unless given. */
  readonly columns?: readonly number[];
  /** True of what is looked up by token or position, the head included. */
  readonly isTable?: boolean;
  /** Never changed by training: it has no gradient, and optimizers keep nothing of it. */
  readonly isFrozen?: boolean;
}

/** Something that an optimizer keeps of parameters from step to step. `name` is its name in checkpoints. */
export type OptimizerState =
  /** A number for each number of a parameter; of all parameters unless `keeps` says of which. */
  | {
      readonly kind: 'full';
      readonly name: string;
      readonly keeps?: (parameter: ParameterShape) => boolean;
    }
  /** Less: the shape that it has for a parameter; undefined where it keeps nothing. */
  | {
      readonly kind: 'factored';
      readonly name: string;
      readonly shapeOf: (parameter: ParameterShape) => readonly number[] | undefined;
    };

/** A parameter's rows [firstRow, firstRow + rows) in one shard; all but vocabulary tables have a single block. */
export interface ParameterBlock {
  readonly firstRow: number;
  readonly weight: Tensor;
  /** Of a frozen parameter, and for inference, the weight itself: nothing may write it. */
  readonly gradient: Tensor;
  /** Full states by name, shaped as the weight. */
  readonly states: ReadonlyMap<string, Tensor>;
}

/** A named parameter and where it lives. */
export interface Parameter extends ParameterShape {
  readonly blocks: readonly ParameterBlock[];
  /** Factored states by name. */
  readonly factors: ReadonlyMap<string, Tensor>;
}

/** Flat buffers: whole ones of a shard, or a part that starts and ends with parameters. */
export interface ShardPart {
  readonly weights: Tensor;
  readonly gradients: Tensor;
  /** Full states by name: as long as the weights, or shorter where they are not kept of every parameter. */
  readonly states: ReadonlyMap<string, Tensor>;
  /** Elements below it are decayed. */
  readonly decayElements: number;
}

/** Flat buffers of equal length, but for states that some parameters lack. */
export interface Shard extends ShardPart {
  /** What lies in it, in order. */
  readonly pieces: readonly { readonly parameter: string; readonly block: ParameterBlock }[];
}

/** All parameters of one model. */
export interface ParameterStore {
  readonly parameters: ReadonlyMap<string, Parameter>;
  /** Of what is trained, in training. */
  readonly shards: readonly Shard[];
  /** Of frozen parameters: weights alone. */
  readonly frozenShards: readonly Shard[];
  /** What the optimizer keeps; nothing for inference. */
  readonly states: readonly OptimizerState[];
  /** One flat buffer for each factored state. */
  readonly factors: readonly Tensor[];
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

interface Piece {
  readonly parameter: ParameterShape;
  readonly firstRow: number;
  readonly shape: readonly number[];
}

/**
 * Lays parameters out, decayed ones first, in shards that a device can bind at once.
 * @param states what the optimizer keeps; nothing for inference
 * @param maxBindingBytes a table larger than this is cut into blocks of rows (GPT-2's is 147 MiB, the default limit 128)
 * @throws if a single row of a parameter exceeds the limit.
 */
export function layoutParameters(
  shapes: readonly ParameterShape[],
  states: readonly OptimizerState[],
  maxBindingBytes: number,
  withGradients = true,
): ParameterStore {
  const [frozen, trained] = [shapes.filter(isFrozen), shapes.filter((shape) => !isFrozen(shape))];
  if (trained.length === 0 && withGradients)
    throw new Error(`parameters: all ${frozen.length} are frozen, and nothing is left to train. Free some.`);
  const shards = shardPieces(trained, maxBindingBytes).map((placed, index) =>
    layoutShard(placed, `${index}`, states, withGradients),
  );
  // Apart from what is trained: gradients and moments are buffers as long as those of their weights.
  const frozenShards =
    frozen.length === 0
      ? []
      : shardPieces(frozen, maxBindingBytes).map((placed, index) =>
          layoutShard(placed, `frozen ${index}`, [], false),
        );
  const blocks = new Map<string, ParameterBlock[]>(shapes.map(({ name }) => [name, []]));
  for (const { parameter, block } of [...shards, ...frozenShards].flatMap((shard) => shard.pieces))
    blocks.get(parameter)?.push(block);
  const factored = states.flatMap((state) =>
    state.kind === 'factored' ? [layoutFactors(state, trained)] : [],
  );
  const parameters = new Map(
    shapes.map((shape): [string, Parameter] => {
      const factors = factored.flatMap(({ name, views }): [string, Tensor][] => {
        const view = views.get(shape.name);
        return view ? [[name, view]] : [];
      });
      return [shape.name, { ...shape, blocks: blocks.get(shape.name) ?? [], factors: new Map(factors) }];
    }),
  );
  return { parameters, shards, frozenShards, states, factors: factored.map(({ flat }) => flat) };
}

function isFrozen(parameter: ParameterShape): boolean {
  return parameter.isFrozen === true;
}

/** Those that an optimizer steps. */
export function trainedParameters({ parameters }: Pick<ParameterStore, 'parameters'>): Parameter[] {
  return [...parameters.values()].filter((parameter) => !isFrozen(parameter));
}

/** What lies in each shard, decayed parameters first. */
function shardPieces(shapes: readonly ParameterShape[], maxBindingBytes: number): Piece[][] {
  const limit = Math.floor(maxBindingBytes / 4 / parameterAlignment) * parameterAlignment;
  const pieces = [
    ...shapes.filter((shape) => shape.decay),
    ...shapes.filter((shape) => !shape.decay),
  ].flatMap((shape) => rowBlocks(shape, limit));
  const shards: Piece[][] = [[]];
  let offset = 0;
  for (const piece of pieces) {
    const elements = align(elementCount(piece.shape));
    if (offset > 0 && offset + elements > limit) {
      shards.push([]);
      offset = 0;
    }
    shards.at(-1)?.push(piece);
    offset += elements;
  }
  return shards;
}

function layoutShard(
  pieces: readonly Piece[],
  name: string,
  states: readonly OptimizerState[],
  withGradients: boolean,
): Shard {
  const flat = (what: string, memoryClass: MemoryClass, of: readonly Piece[]) => {
    const { offsets, elements } = placesOf(of.map(({ shape }) => shape));
    return { tensor: persistentTensor(`${what} ${name}`, [elements], 'f32', memoryClass), offsets };
  };
  const { tensor: weights, offsets } = flat('weights', 'weights', pieces);
  // Inference owns no gradients; the views then alias the weights and nothing may write them.
  const gradients = withGradients ? flat('gradients', 'gradients', pieces).tensor : weights;
  const kept = states.flatMap((state) => {
    const of =
      state.kind === 'full' ? pieces.filter(({ parameter }) => state.keeps?.(parameter) ?? true) : [];
    return of.length === 0 ? [] : [{ state: state.name, of, ...flat(state.name, 'moments', of) }];
  });
  const view = (of: Tensor, label: string, shape: readonly number[], offset: number): Tensor => {
    return { ...of, name: label, shape, offset };
  };
  const placed = pieces.map((piece, place) => {
    const { parameter, firstRow, shape } = piece;
    const own = kept.flatMap(({ state, of, tensor, offsets: starts }): [string, Tensor][] => {
      const start = starts[of.indexOf(piece)];
      return start === undefined ? [] : [[state, view(tensor, `${state} ${parameter.name}`, shape, start)]];
    });
    const offset = offsets[place] ?? 0;
    const block: ParameterBlock = {
      firstRow,
      weight: view(weights, parameter.name, shape, offset),
      gradient: view(gradients, `∂${parameter.name}`, shape, offset),
      states: new Map(own),
    };
    return { parameter: parameter.name, block };
  });
  const firstUndecayed = pieces.findIndex(({ parameter }) => !parameter.decay);
  return {
    weights,
    gradients,
    states: new Map(kept.map(({ state, tensor }) => [state, tensor])),
    decayElements: offsets[firstUndecayed] ?? elementCount(weights.shape),
    pieces: placed,
  };
}

/** The places of a factored state, in one flat buffer. */
function layoutFactors(
  { name, shapeOf }: Extract<OptimizerState, { readonly kind: 'factored' }>,
  parameters: readonly ParameterShape[],
) {
  const kept = parameters.flatMap((parameter) => {
    const shape = shapeOf(parameter);
    return shape ? [{ parameter: parameter.name, shape }] : [];
  });
  const { offsets, elements } = placesOf(kept.map(({ shape }) => shape));
  const flat = persistentTensor(name, [elements], 'f32', 'moments');
  const views = kept.map(({ parameter, shape }, index): [string, Tensor] => {
    return [parameter, { ...flat, name: `${name} ${parameter}`, shape, offset: offsets[index] ?? 0 }];
  });
  return { name, flat, views: new Map(views) };
}

/** Where tensors of these shapes start one after the other, each on a binding boundary, and what they take in all. */
function placesOf(shapes: readonly (readonly number[])[]): {
  readonly offsets: readonly number[];
  readonly elements: number;
} {
  let elements = 0;
  const offsets = shapes.map((shape) => {
    const offset = elements;
    elements += align(elementCount(shape));
    return offset;
  });
  return { offsets, elements: Math.max(elements, parameterAlignment) };
}

/** The runs of a shard's parameters that are not taken, each as long as it can be, with the states that all in it have. */
export function partsWithout(shard: Shard, isTaken: (parameter: string) => boolean): ShardPart[] {
  const parts: ShardPart[] = [];
  let run: Shard['pieces'][number][] = [];
  const close = () => {
    const first = run[0]?.block;
    if (!first) return;
    const elements = run.reduce((sum, { block }) => sum + align(elementCount(block.weight.shape)), 0);
    const flat = (tensor: Tensor): Tensor => ({ ...tensor, name: tensor.storage.name, shape: [elements] });
    const kept = [...first.states].filter(([name]) => run.every(({ block }) => block.states.has(name)));
    parts.push({
      weights: flat(first.weight),
      gradients: flat(first.gradient),
      states: new Map(kept.map(([name, tensor]) => [name, flat(tensor)])),
      decayElements: Math.max(0, Math.min(elements, shard.decayElements - first.weight.offset)),
    });
    run = [];
  };
  for (const piece of shard.pieces) {
    if (isTaken(piece.parameter)) close();
    else run.push(piece);
  }
  close();
  return parts;
}

/** Every storage of a parameter store, for allocation and for the memory bar. */
export function storagesOf(store: ParameterStore): Storage[] {
  const tensors = [...store.shards, ...store.frozenShards].flatMap((shard) => [
    shard.weights,
    shard.gradients,
    ...shard.states.values(),
  ]);
  return [...new Set([...tensors, ...store.factors].map((tensor) => tensor.storage))];
}

/** Bytes by memory class of a set of storages. */
export function bytesByClass(storages: Iterable<Storage>): Partial<Record<MemoryClass, number>> {
  const bytes: Partial<Record<MemoryClass, number>> = {};
  for (const storage of new Set(storages)) {
    bytes[storage.memoryClass] = (bytes[storage.memoryClass] ?? 0) + storageBytes(storage);
  }
  return bytes;
}

function rowBlocks(parameter: ParameterShape, limit: number): Piece[] {
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
  const blocks: Piece[] = [];
  for (let firstRow = 0; firstRow < rows; firstRow += blockRows) {
    blocks.push({ parameter, firstRow, shape: [Math.min(blockRows, rows - firstRow), ...rest] });
  }
  return blocks;
}

function align(elements: number): number {
  return Math.ceil(elements / parameterAlignment) * parameterAlignment;
}
