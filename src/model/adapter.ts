// Low-rank adapters (LoRA; Hu et al. 2021, arXiv 2106.09685): W + s·A·B with W left as it is, A and B trained; B starts at zero.
import type { ParameterSpec } from './parameters.ts';

/** An adapter as a person asks for it, and as PEFT's adapter_config.json says it. A type, not an interface: it is JSON. */
export type AdapterConfig = {
  /** Columns of A and rows of B. */
  readonly rank: number;
  /** s = alpha ÷ rank. */
  readonly alpha: number;
  /** Of what enters A, while training. */
  readonly dropout: number;
  /** Ends of names of linear layers, as the model's published layout has them: q_proj, c_attn. */
  readonly targets: readonly string[];
  /** s = alpha ÷ √rank instead (Kalajdzievski 2023). */
  readonly isRankStabilised: boolean;
};

/** What an adapter adds to one linear layer of the published layout, which may be columns of one of our parameters. */
export interface LowRankUpdate {
  /** The layer's name in the published layout, without `.weight`. */
  readonly module: string;
  /** Our parameter [inputs, more], and of it the columns. */
  readonly parameter: string;
  readonly column: number;
  readonly inputs: number;
  readonly outputs: number;
  /** The published output that is our column `column + i`; i unless given. */
  readonly fileOrder?: readonly number[];
  /** Our names of A [inputs, rank] and B [rank, outputs]. */
  readonly down: string;
  readonly up: string;
}

/** An adapter of one model. */
export interface LowRankAdapter {
  readonly config: AdapterConfig;
  /** In the order of the forward pass. */
  readonly updates: readonly LowRankUpdate[];
}

/** s */
export function adapterScale({ alpha, rank, isRankStabilised }: AdapterConfig): number {
  return alpha / (isRankStabilised ? Math.sqrt(rank) : rank);
}

/** A and B of every layer: A as nn.Linear starts, with deviation 1/√(3·inputs); B at zero, so that the model starts as its base. */
export function adapterSpecs({ config: { rank }, updates }: LowRankAdapter): ParameterSpec[] {
  return updates.flatMap(({ down, up, inputs, outputs }): ParameterSpec[] => [
    {
      name: down,
      shape: [inputs, rank],
      decay: true,
      initialisation: { kind: 'normal', deviation: 1 / Math.sqrt(3 * inputs) },
    },
    { name: up, shape: [rank, outputs], decay: true, initialisation: { kind: 'zeros' } },
  ]);
}

/** Numbers that an adapter trains. */
export function countAdapterParameters(adapter: LowRankAdapter): number {
  return adapterSpecs(adapter).reduce((sum, { shape: [rows = 1, columns = 1] }) => sum + rows * columns, 0);
}

/**
 * Numbers of one of the base's parameters with the adapter's part added: those given where it has none.
 * @param part from its element `first` on
 * @param width columns of the parameter
 * @param weights A and B by our names
 */
export function mergedValues(
  adapter: LowRankAdapter,
  part: { readonly name: string; readonly first: number; readonly values: Float32Array },
  width: number,
  weights: ReadonlyMap<string, Float32Array>,
): Float32Array {
  const updates = adapter.updates.filter(({ parameter }) => parameter === part.name);
  if (updates.length === 0) return part.values;
  const { rank } = adapter.config;
  const scale = adapterScale(adapter.config);
  const merged = part.values.slice(); // whose the values are is not known
  const [first, last] = [part.first, part.first + merged.length];
  for (const { down, up, column, outputs } of updates) {
    const [a, b] = [numbersOf(weights, down), numbersOf(weights, up)];
    const sums = new Float64Array(outputs);
    for (let row = Math.floor(first / width); row * width < last; row++) {
      sums.fill(0);
      for (let k = 0; k < rank; k++) {
        const factor = scale * a[row * rank + k];
        for (let c = 0; c < outputs; c++) sums[c] += factor * b[k * outputs + c];
      }
      const start = row * width + column;
      for (let c = Math.max(0, first - start); c < Math.min(outputs, last - start); c++)
        merged[start + c - first] += sums[c];
    }
  }
  return merged;
}

function numbersOf(weights: ReadonlyMap<string, Float32Array>, name: string): Float32Array {
  const values = weights.get(name);
  if (!values) throw new Error(`adapter: there are no numbers of ${name}. Use the files of one adapter.`);
  return values;
}
