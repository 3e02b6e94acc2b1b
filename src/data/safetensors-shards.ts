// Weights as one safetensors file, or as several with an index once they would be larger than asked for.
import { type TensorToWrite, type WrittenDtype, writeSafetensors } from './safetensors.ts';
import { dtypeBits } from './safetensors-header.ts';

/** Name of the file of a model that is one. */
export const singleWeights = 'model.safetensors';

/** Name of the file that says which tensor is in which of several. */
export const weightIndex = 'model.safetensors.index.json';

/** How weights are stored. */
export interface WeightFileOptions {
  readonly dtype: WrittenDtype;
  /** Most bytes of the tensors of one file; a larger tensor has a file of its own. */
  readonly shardBytes: number;
}

/** As Transformers writes models: no number is rounded, and no file of a small model is cut. */
export const wholeWeights: WeightFileOptions = { dtype: 'F32', shardBytes: 5e9 };

/** One file of them. */
export interface WeightFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * The files of a model's weights, one after the other, so that only one is in memory: tensors in the order of their names fill
 * file after file, and the index, where there is one, comes last.
 * @throws as `writeSafetensors` does
 */
export function* writeWeightFiles(
  tensors: ReadonlyMap<string, TensorToWrite>,
  { dtype, shardBytes }: WeightFileOptions = wholeWeights,
): Generator<WeightFile> {
  const sorted = [...tensors].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const bytesOf = ({ data }: TensorToWrite) => (data.length * dtypeBits[dtype]) / 8;
  const shards: [string, TensorToWrite][][] = [[]];
  let filled = 0;
  for (const entry of sorted) {
    const bytes = bytesOf(entry[1]);
    if (filled > 0 && filled + bytes > shardBytes) {
      shards.push([]);
      filled = 0;
    }
    shards.at(-1)?.push(entry);
    filled += bytes;
  }
  const number = (value: number) => String(value).padStart(5, '0');
  const names = shards.map((_, i) =>
    shards.length === 1 ? singleWeights : `model-${number(i + 1)}-of-${number(shards.length)}.safetensors`,
  );
  for (const [i, shard] of shards.entries())
    yield { name: names[i], bytes: writeSafetensors(shard, [['format', 'pt']], dtype) };
  if (shards.length === 1) return;
  const index = {
    metadata: {
      total_parameters: sorted.reduce((sum, [, { data }]) => sum + data.length, 0),
      total_size: sorted.reduce((sum, [, tensor]) => sum + bytesOf(tensor), 0),
    },
    weight_map: Object.fromEntries(shards.flatMap((shard, i) => shard.map(([name]) => [name, names[i]]))),
  };
  yield { name: weightIndex, bytes: new TextEncoder().encode(`${JSON.stringify(index, null, 2)}\n`) };
}
