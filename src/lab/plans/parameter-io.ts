// Moves parameters, gradients and moments between a runtime's flat buffers and arrays by name.
import type { ParameterBlock, ParameterStore } from '../../plan/store.ts';
import { elementCount, type Tensor } from '../../plan/tensor.ts';
import type { Runtime } from '../../runtime/runtime.ts';

/** Which of the flat buffers: the weights, their gradients, or the optimizer's n-th moment (from 0). */
export type ParameterKind = 'weights' | 'gradients' | { readonly moment: number };

/** Arrays by parameter name, each as long as the parameter. */
export type NamedArrays = ReadonlyMap<string, Float32Array>;

/** Copies all parameters of one kind out: one copy per buffer. */
export async function readParameters(
  runtime: Runtime,
  store: ParameterStore,
  kind: ParameterKind,
): Promise<Map<string, Float32Array<ArrayBuffer>>> {
  const flat = new Map<Tensor['storage'], Float32Array>();
  for (const shard of store.shards) {
    const whole = wholeBuffer(shard, kind);
    flat.set(shard.weights.storage, (await runtime.read(whole)) as Float32Array);
  }
  const arrays = new Map<string, Float32Array<ArrayBuffer>>();
  for (const { name, shape, blocks } of store.parameters.values()) {
    const values = new Float32Array(elementCount(shape));
    for (const block of blocks) {
      const from = flat.get(block.weight.storage);
      const count = elementCount(block.weight.shape);
      if (from)
        values.set(from.subarray(block.weight.offset, block.weight.offset + count), start(shape, block));
    }
    arrays.set(name, values);
  }
  return arrays;
}

/** Overwrites all parameters of one kind. @throws if one is missing or has another length. */
export function writeParameters(
  runtime: Runtime,
  store: ParameterStore,
  kind: ParameterKind,
  arrays: NamedArrays,
): void {
  for (const { name, shape, blocks } of store.parameters.values()) {
    const values = arrays.get(name);
    if (values?.length !== elementCount(shape)) {
      throw new Error(
        `parameters: ${name} needs [${shape.join(', ')}] numbers and got ${values?.length ?? 'none'}. Use the file of this model.`,
      );
    }
    for (const block of blocks) {
      const from = start(shape, block);
      const part = values.subarray(from, from + elementCount(block.weight.shape));
      runtime.write(placeOf(store, block, kind), part);
    }
  }
}

function start(shape: readonly number[], block: ParameterBlock): number {
  return block.firstRow * elementCount(shape.slice(1));
}

function wholeBuffer(shard: ParameterStore['shards'][number], kind: ParameterKind): Tensor {
  if (kind === 'weights') return shard.weights;
  if (kind === 'gradients') return shard.gradients;
  const moment = shard.moments[kind.moment];
  if (!moment) throw new Error(`parameters: the optimizer has no moment ${kind.moment}.`);
  return moment;
}

function placeOf(store: ParameterStore, block: ParameterBlock, kind: ParameterKind): Tensor {
  if (kind === 'weights') return block.weight;
  if (kind === 'gradients') return block.gradient;
  const shard = store.shards.find(({ weights }) => weights.storage === block.weight.storage);
  if (!shard) throw new Error('parameters: a block lies in no shard of this store.');
  return { ...block.weight, storage: wholeBuffer(shard, kind).storage };
}
