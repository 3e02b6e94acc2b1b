// Moves parameters, gradients and what an optimizer keeps between a runtime's flat buffers and arrays by name.
import { quantise } from '../../kernels/quantise.ts';
import type { Parameter, ParameterStore } from '../../plan/store.ts';
import { elementCount, type Storage, type Tensor, wordsOf } from '../../plan/tensor.ts';
import type { Runtime } from '../../runtime/runtime.ts';

/** Which numbers of a parameter: the weights, those of them that are trained, gradients, or a state of the optimizer by its name. */
export type ParameterKind = 'weights' | 'trainedWeights' | 'gradients' | { readonly state: string };

/** Arrays by parameter name: as long as the parameter, or as its state. */
export type NamedArrays = ReadonlyMap<string, Float32Array>;

/** Shape of the numbers of one kind; undefined where a parameter has none. */
export function shapeOf(parameter: Parameter, kind: ParameterKind): readonly number[] | undefined {
  const factors = typeof kind === 'object' ? parameter.factors.get(kind.state) : undefined;
  if (factors) return factors.shape;
  return placesOf(parameter, kind).length > 0 ? parameter.shape : undefined;
}

/** Copies all numbers of one kind out, of the parameters that have any: one copy per buffer. */
export async function readParameters(
  runtime: Runtime,
  store: ParameterStore,
  kind: ParameterKind,
): Promise<Map<string, Float32Array<ArrayBuffer>>> {
  checkKind(store, kind);
  const buffers = new Map<Storage, Float32Array>();
  const arrays = new Map<string, Float32Array<ArrayBuffer>>();
  for (const parameter of store.parameters.values()) {
    const shape = shapeOf(parameter, kind);
    if (!shape) continue;
    const values = new Float32Array(elementCount(shape));
    for (const { tensor, start } of placesOf(parameter, kind)) {
      const { storage, offset } = tensor;
      const flat = buffers.get(storage) ?? ((await runtime.read(wholeOf(tensor))) as Float32Array);
      buffers.set(storage, flat);
      values.set(flat.subarray(offset, offset + elementCount(tensor.shape)), start);
    }
    arrays.set(parameter.name, values);
  }
  return arrays;
}

/** Overwrites all numbers of one kind. @throws if those of a parameter are missing or of another length. */
export function writeParameters(
  runtime: Runtime,
  store: ParameterStore,
  kind: ParameterKind,
  arrays: NamedArrays,
): void {
  checkKind(store, kind);
  for (const parameter of store.parameters.values()) {
    const shape = shapeOf(parameter, kind);
    if (!shape) continue;
    const values = arrays.get(parameter.name);
    if (values?.length !== elementCount(shape)) {
      throw new Error(
        `parameters: ${parameter.name} needs [${shape.join(', ')}] numbers and got ${values?.length ?? 'none'}. Use the file of this model.`,
      );
    }
    for (const { tensor, start } of placesOf(parameter, kind)) {
      const part = values.subarray(start, start + elementCount(tensor.shape));
      if (tensor.quantised) runtime.write(wordsOf(tensor), quantiseParameter(parameter, tensor, part));
      else runtime.write(tensor, part);
    }
  }
}

/** The words of a quantised block. */
function quantiseParameter(
  { name, isTable = false }: Parameter,
  { quantised }: Tensor,
  values: Float32Array,
): Uint32Array {
  if (!quantised) throw new Error(`parameters: ${name} is not quantised.`);
  return quantise(name, values, { ...quantised, isTable });
}

/** Numbers of one parameter, from its element `first` on. */
export interface ParameterPart {
  readonly name: string;
  readonly first: number;
  readonly values: Float32Array;
}

/** Weights that are read when asked for, in parts, so that they are never all in memory. */
export interface StoredWeights {
  /** Hands on every parameter, whole or in parts, and waits for `take` each time. */
  forEachPart(take: (part: ParameterPart) => void | Promise<void>): Promise<void>;
}

/** Weights in memory, handed on whole. */
export function storedArrays(arrays: NamedArrays): StoredWeights {
  return {
    forEachPart: async (take) => {
      for (const [name, values] of arrays) await take({ name, first: 0, values });
    },
  };
}

/** Bytes that may wait on their way to the device. */
const bytesInFlight = 64 * 2 ** 20;

/**
 * Writes weights from where they are stored. What is quantised is gathered block by block first, since a scale wants all
 * numbers that it is for: of these one is in memory at a time.
 * @throws if some are missing, and as their reader does.
 */
export async function loadWeights(
  runtime: Runtime,
  store: ParameterStore,
  weights: StoredWeights,
): Promise<void> {
  const rest = new Map([...store.parameters].map(([name, { shape }]) => [name, elementCount(shape)]));
  let waiting = 0;
  const blocks = new GatheredBlocks();
  await weights.forEachPart(async ({ name, first, values }) => {
    const parameter = store.parameters.get(name);
    if (!parameter) throw new Error(`parameters: the model has no ${name}. Use the file of this model.`);
    for (const { tensor, start } of placesOf(parameter, 'weights')) {
      const from = Math.max(first, start);
      const to = Math.min(first + values.length, start + elementCount(tensor.shape));
      if (from >= to) continue;
      if (tensor.quantised) {
        const gathered = blocks.take(tensor, from - start, values.subarray(from - first, to - first));
        if (gathered) runtime.write(wordsOf(tensor), quantiseParameter(parameter, tensor, gathered));
        continue;
      }
      const place = { ...tensor, offset: tensor.offset + from - start, shape: [to - from] };
      runtime.write(place, values.subarray(from - first, to - first));
    }
    rest.set(name, (rest.get(name) ?? 0) - values.length);
    waiting += values.byteLength;
    if (waiting < bytesInFlight) return;
    waiting = 0;
    await runtime.idle(); // what was written is copied on its way, and lies in memory until it has arrived
  });
  const missing = [...rest].find(([, count]) => count !== 0);
  if (missing)
    throw new Error(`parameters: ${missing[0]} lacks ${missing[1]} numbers. Use the file of this model.`);
}

/** Blocks of parameters that arrive in parts. */
class GatheredBlocks {
  readonly #begun = new Map<Tensor, { readonly values: Float32Array; missing: number }>();

  /** Keeps a part from number `first` of a block on; hands the block out when it is whole, and forgets it. */
  take(block: Tensor, first: number, part: Float32Array): Float32Array | undefined {
    const size = elementCount(block.shape);
    if (part.length === size) return part;
    const begun = this.#begun.get(block) ?? { values: new Float32Array(size), missing: size };
    this.#begun.set(block, begun);
    begun.values.set(part, first);
    begun.missing -= part.length;
    if (begun.missing > 0) return undefined;
    this.#begun.delete(block);
    return begun.values;
  }
}

/** All of stored weights, for those who keep them. */
export async function readStored(
  weights: StoredWeights,
  specs: readonly { readonly name: string; readonly shape: readonly number[] }[],
): Promise<Map<string, Float32Array<ArrayBuffer>>> {
  const arrays = new Map(specs.map(({ name, shape }) => [name, new Float32Array(elementCount(shape))]));
  await weights.forEachPart(({ name, first, values }) => arrays.get(name)?.set(values, first));
  return arrays;
}

/** Where the numbers of one kind lie, and where each part starts in the array; nothing where there are none. */
function placesOf({ shape, blocks, factors, isFrozen }: Parameter, kind: ParameterKind) {
  const whole = typeof kind === 'object' ? factors.get(kind.state) : undefined;
  if (whole) return [{ tensor: whole, start: 0 }];
  if (isFrozen && kind !== 'weights') return [];
  return blocks.flatMap(({ firstRow, weight, gradient, states }) => {
    const tensor =
      typeof kind === 'object' ? states.get(kind.state) : kind === 'gradients' ? gradient : weight;
    return tensor ? [{ tensor, start: firstRow * elementCount(shape.slice(1)) }] : [];
  });
}

function checkKind(store: ParameterStore, kind: ParameterKind): void {
  if (typeof kind !== 'object' || store.states.some(({ name }) => name === kind.state)) return;
  throw new Error(`parameters: the optimizer keeps no ${kind.state}.`);
}

function wholeOf(tensor: Tensor): Tensor {
  const { storage } = tensor;
  return { ...tensor, name: storage.name, shape: [storage.elements], offset: 0 };
}
