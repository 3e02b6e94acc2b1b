// The norm of the gradient of every layer, from the gradients that a step left: a plan of its own, read once on demand.
import { sumSquaresKernel } from '../../kernels/gradient-norm.ts';
import { freeze, type Plan } from '../../plan/plan.ts';
import type { ParameterStore } from '../../plan/store.ts';
import { Tape, type TapeOptions } from '../../plan/tape.ts';
import { elementCount, type Tensor, viewOf } from '../../plan/tensor.ts';
import type { Runtime } from '../../runtime/runtime.ts';

/** Partial sums of one parameter: views of them start at multiples of 64 elements. */
const groups = 64;

/** The plan and where its sums go. */
export interface GradientNormsPlan {
  readonly plan: Plan;
  /** Partial sums of squares, [parameter blocks · 64]. */
  readonly sums: Tensor;
  /** Name of the parameter of each run of 64 sums. */
  readonly names: readonly string[];
}

/** Norms by layer, and of what no layer owns (embeddings, final norm, head). */
export interface GradientNorms {
  /** One per layer, first to last. */
  readonly layers: readonly number[];
  readonly others: number;
}

/** Records the sums of squares of every parameter's gradient. */
export function recordGradientNorms(store: ParameterStore, options: TapeOptions): GradientNormsPlan {
  const blocks = [...store.parameters.values()].flatMap(({ name, blocks }) =>
    blocks.map(({ gradient }) => ({ name, gradient })),
  );
  const tape = new Tape({ ...options, training: false });
  const sums = tape.tensor('gradient squares', [blocks.length * groups]);
  blocks.forEach(({ gradient }, index) => {
    const squares = viewOf(sums, index * groups, [groups]);
    const dims = { elements: elementCount(gradient.shape), groups };
    tape.dispatch(sumSquaresKernel, dims, { gradients: gradient, squares });
  });
  return { plan: freeze('gradient norms', tape, [sums]), sums, names: blocks.map(({ name }) => name) };
}

/** Runs the plan and adds the sums up. The gradients must be there: after a step of one micro-batch they are. */
export async function readGradientNorms(
  runtime: Runtime,
  { plan, sums, names }: GradientNormsPlan,
): Promise<GradientNorms> {
  await runtime.submit([{ plan, scalars: {} }]);
  const squares = await runtime.read(sums);
  const layers: number[] = [];
  let others = 0;
  names.forEach((name, index) => {
    let sum = 0;
    for (let i = 0; i < groups; i++) sum += squares[index * groups + i] ?? 0;
    const layer = /^layers\.(\d+)\./.exec(name)?.[1];
    if (layer === undefined) others += sum;
    else layers[Number(layer)] = (layers[Number(layer)] ?? 0) + sum;
  });
  return { layers: layers.map(Math.sqrt), others: Math.sqrt(others) };
}
