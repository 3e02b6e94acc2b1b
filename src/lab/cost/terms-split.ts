// Splits the flops of one dispatch: what Table 1 counts, and what it leaves out, by name. No cost is stated here: parts are
// differences of a kernel's own count with a dim set to zero, so that they always add up to the whole.
import type { Dispatch, Kernel, Scalars } from '../../plan/kernel.ts';
import { costOf } from '../../plan/predict.ts';
import type { Arithmetic, Waste as KernelWaste } from '../../plan/role.ts';
import type { Storage } from '../../plan/tensor.ts';

/** Why the plan's mathematics differs from the closed form. */
export const differenceNotes = {
  'causal half':
    'A token looks at those before it and itself; Table 1 counts all pairs, or a whole window for each token.',
  'absorbed latents':
    'A decoded token attends to latents as they are, which are wider than the keys and values of a head.',
  'fewer logits': 'The head computes the rows that are used only; Table 1 counts every token.',
  'norm arithmetic': 'Mean, variance, scale and their gradients; Table 1 counts one multiply-add per value.',
  'softmax arithmetic': 'Scale, cap, maximum, exponential and sum of the scores, sinks, and their gradients.',
  'score cap': 'Scores are capped by a tanh, and its gradient.',
  'attention sinks': 'A learned logit a head takes part in the softmax, and its gradient.',
  'rotary positions': 'Queries and keys are turned by their position.',
  'cache rounding': 'Keys and values are rounded to int8 where they enter the cache.',
  'activation arithmetic': 'The activation function, the product with the gate, and their gradients.',
  'router arithmetic':
    'Scores, choice and weights of experts, their statistics, gradients and auxiliary losses.',
  'expert weighting': 'The outputs of the chosen experts are weighted and added, and their gradients.',
  bias: 'Biases are added, and their gradients summed over tokens.',
  residual: 'The residual stream is added.',
  dropout: 'Values are dropped and scaled.',
  'sums of gradients': 'Gradients of several sources are added: residual stream, tied table, micro-batches.',
  'sums of slices': 'A long sum was cut into slices, which are added.',
  scaling: 'Embeddings, or what is added to the residual stream, are multiplied by a factor.',
  'embedding sums': 'Positions are added, and the gradients of the tables summed over tokens.',
  'loss arithmetic': 'Cap and softmax of the logits, its gradient, and the mean.',
  orthogonalisation: 'Muon makes the updates of matrices orthogonal by products (Newton and Schulz).',
  'optimizer arithmetic': 'Norm of the gradients, clipping, moments and update.',
  sampling: 'A token is drawn from the logits.',
  recomputation: 'A checkpointed block is computed again for its gradients.',
  'other arithmetic': 'Operations that no other reason names.',
} as const satisfies Readonly<Record<Arithmetic, string>> & Readonly<Record<string, string>>;

/** Why more is launched than the mathematics needs. */
export const wasteNotes = {
  'tile waste': 'Tiles reach past the edges of matrices and past the diagonal of the scores.',
  'scores again': 'Both gradient kernels of attention compute the scores again instead of keeping them.',
  'placing tokens': 'Integer comparisons that give each token a place with its experts.',
  'random numbers': 'Integer operations of the generator.',
  'second pass': 'Values are computed or read again instead of being kept.',
} as const satisfies Readonly<Record<KernelWaste, string>> & Readonly<Record<string, string>>;

/** A name of `differenceNotes`. */
export type Difference = keyof typeof differenceNotes;

/** A name of `wasteNotes`. */
export type Waste = keyof typeof wasteNotes;

/** Parts of one dispatch: useful = counted + Σ differences, launched = useful + Σ waste. */
export interface DispatchParts {
  /** What the closed form counts of it: matrix products, and one multiply-add per normed value. */
  readonly counted: number;
  readonly differences: ReadonlyMap<Difference, number>;
  readonly waste: ReadonlyMap<Waste, number>;
}

/** Addends that a kernel may take along, by the dim that switches them. */
const addends: readonly (readonly [dim: string, difference: Difference])[] = [
  ['accumulate', 'sums of gradients'],
  ['hasBias', 'bias'],
  ['hasResidual', 'residual'],
];

/** Addends of what drops, and of products, which may activate. */
const epilogueAddends: typeof addends = [
  ...addends,
  ['dropout', 'dropout'],
  ['activation', 'activation arithmetic'],
];

/** Addends of attention: the cap of logits that the loss may have is the loss's. */
const attentionAddends: typeof addends = [
  ...addends,
  ['softcap', 'score cap'],
  ['hasSinks', 'attention sinks'],
];

/** True for matrix products, those of experts included. */
export function isProduct({ role }: Kernel): boolean {
  return role === 'product' || role === 'expertProduct';
}

/**
 * Splits one dispatch.
 * @param sliced storages that hold slices of a product: a column sum of one of them adds slices, any other sums a bias
 */
export function splitDispatch(
  dispatch: Dispatch,
  scalars: Scalars,
  sliced: ReadonlySet<Storage>,
): DispatchParts {
  const { kernel, dims, term } = dispatch;
  const { usefulFlops, launchedFlops } = costOf(dispatch, scalars);
  const waste = splitWaste(dispatch, launchedFlops - usefulFlops, scalars);
  if (dispatch.isRecomputed) return { counted: 0, differences: only('recomputation', usefulFlops), waste };

  // The closed form counts no product of an optimizer.
  if (term === 'optimizer' && isProduct(kernel))
    return { counted: 0, differences: only('orthogonalisation', usefulFlops), waste };

  const differences = new Map<Difference, number>();
  const give = (name: Difference, flops: number) => {
    if (flops !== 0) differences.set(name, (differences.get(name) ?? 0) + flops);
    return flops;
  };
  let rest = usefulFlops;
  let bare = dims;
  for (const [dim, difference] of kernel.role === 'attention' ? attentionAddends : epilogueAddends) {
    // A norm's bias is part of the norm.
    if (!bare[dim] || (dim === 'hasBias' && term === 'norm')) continue;
    bare = { ...bare, [dim]: 0 };
    rest -= give(difference, rest - kernel.usefulFlops(bare, scalars));
  }
  const counted = kernel.countedFlops?.(bare, scalars) ?? 0;
  if (rest > counted) give(restName(dispatch, sliced), rest - counted);
  return { counted, differences, waste };
}

function restName(
  { kernel: { role, arithmetic }, term, bindings }: Dispatch,
  sliced: ReadonlySet<Storage>,
): Difference {
  if (term === 'norm') return 'norm arithmetic';
  const name = arithmetic ?? 'other arithmetic';
  if (role !== 'reduction') return name;
  if (term === 'attention') return 'attention sinks';
  return Object.values(bindings).some(({ storage }) => sliced.has(storage)) ? 'sums of slices' : name;
}

function splitWaste({ kernel, dims }: Dispatch, flops: number, scalars: Scalars): ReadonlyMap<Waste, number> {
  if (flops === 0) return new Map();
  const again = kernel.repeatedFlops?.(dims, scalars) ?? 0;
  const isTiled = isProduct(kernel) || kernel.role === 'attention';
  const name: Waste = kernel.waste ?? (isTiled ? 'tile waste' : 'second pass');
  const isDrawn = dims.dropout && kernel.role !== 'attention' && kernel.waste === undefined;
  const drawn = isDrawn ? flops - wasteOf(kernel, { ...dims, dropout: 0 }, scalars) : 0;
  return new Map([
    ...only<Waste>('scores again', again),
    ...only<Waste>('random numbers', drawn),
    ...only(name, flops - again - drawn),
  ]);
}

function wasteOf(kernel: Kernel, dims: Dispatch['dims'], scalars: Scalars): number {
  const useful = kernel.usefulFlops(dims, scalars);
  return (kernel.launchedFlops?.(dims, scalars) ?? useful) - useful;
}

function only<Name>(name: Name, flops: number): ReadonlyMap<Name, number> {
  return new Map(flops === 0 ? [] : [[name, flops]]);
}
