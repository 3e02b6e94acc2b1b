// The linear layer y = x·w (+ bias), activated or dropped and added to a residual on the way, with all of its gradients.
import type { Tape } from '../plan/tape.ts';
import { describeTensor, elementCount, type Tensor } from '../plan/tensor.ts';
import { activation, recordActivationGradient } from './activation.ts';
import { type ActivationName, activationKind } from './activation-functions.ts';
import { passGradient } from './add.ts';
import { recordColumnSum } from './column-sum.ts';
import { recordDropoutGradient } from './dropout.ts';
import { recordMatmul } from './matmul.ts';
import { activationUses } from './matmul-epilogue.ts';
import { recordQuantisedMatmul } from './quantised-matmul.ts';

/** What a linear layer may do to the product: add a bias, and then activate it, or drop of it and add the rest. */
export interface LinearOptions {
  /** [M], added to every row. */
  readonly bias?: Tensor | undefined;
  /** f(x·w + bias) element by element. */
  readonly activation?: ActivationName | undefined;
  /** Drops elements with this probability while training; `time` rows are a sample. */
  readonly dropout?: { readonly probability: number; readonly time: number } | undefined;
  /** [N, M], added element by element: the residual stream. */
  readonly residual?: Tensor | undefined;
  /** Name of the result. */
  readonly name?: string;
}

/**
 * y = (residual +) dropped f(x·w (+ bias)). x: [N, K] (leading sizes are rows), w: [K, M], y: x's leading sizes and M. A quantised w
 * is for inference only.
 * @throws if sizes do not fit, with the tensors' names.
 */
export function linear(tape: Tape, x: Tensor, w: Tensor, options: LinearOptions = {}): Tensor {
  const { bias, residual, dropout, name = 'linear' } = options;
  const inner = x.shape.at(-1) ?? 1;
  const rows = elementCount(x.shape) / inner;
  const columns = w.shape[1] ?? 0;
  const shape = [...x.shape.slice(0, -1), columns];
  checkShapes(x, w, options);
  /** x·w (+ bias), which is stored only if nothing else is made of it, or its slope will be wanted. */
  const sum = tape.tensor(name, shape);
  if (w.quantised) {
    recordQuantisedMatmul(tape, { x, w, y: sum, bias, residual }, { rows });
    return options.activation ? activation(tape, sum, options.activation) : sum;
  }
  // What follows a product takes its sums from registers: stored and loaded again they cost two passes over
  // memory, more than all of the activation's arithmetic.
  const size = { rows, columns, inner };
  if (options.activation) {
    const kind = activationKind(options.activation);
    // For inference nothing is kept: the slope is never asked for.
    const keeps = [x, w, bias].some((input) => tape.needsGradient(input));
    const y = tape.tensor(options.activation, shape);
    const { applied, appliedAndKept } = activationUses;
    const epilogue = { kind, activation: keeps ? appliedAndKept : applied };
    recordMatmul(tape, 'nn', { x, w, y, bias, ...(keeps ? { kept: sum } : {}) }, { ...size, epilogue });
    recordGradients(tape, x, w, bias, sum);
    // Closures run in reverse: what is recorded last has its gradient first.
    recordActivationGradient(tape, sum, y, kind);
    return y;
  }
  if (dropout && dropout.probability > 0 && tape.training) {
    const { probability, time } = dropout;
    const mask = { dropout: probability, time, operation: tape.nextOperation() };
    const y = tape.tensor(`${name} dropout`, shape);
    recordMatmul(tape, 'nn', { x, w, y, bias, residual }, { ...size, epilogue: mask });
    recordGradients(tape, x, w, bias, sum);
    recordDropoutGradient(tape, sum, residual, y, mask);
    return y;
  }
  recordMatmul(tape, 'nn', { x, w, y: sum, bias, residual }, size);
  recordGradients(tape, x, w, bias, sum, residual);
  return sum;
}

/** Records the gradients of y = x·w (+ bias) (+ residual). */
function recordGradients(
  tape: Tape,
  x: Tensor,
  w: Tensor,
  bias: Tensor | undefined,
  y: Tensor,
  residual?: Tensor,
): void {
  const [inner, columns] = [x.shape.at(-1) ?? 1, w.shape[1] ?? 0];
  const rows = elementCount(x.shape) / inner;
  const wants = {
    x: tape.needsGradient(x),
    w: tape.needsGradient(w),
    bias: tape.needsGradient(bias),
    residual: tape.needsGradient(residual),
  };
  tape.onBackward([x, w, bias, residual], y, (dy) => {
    if (wants.w) {
      const { gradient, accumulate } = tape.gradientTarget(w); // ∂w = xᵀ·∂y
      recordMatmul(tape, 'tn', { x, w: dy, y: gradient }, { rows: inner, columns, inner: rows, accumulate });
    }
    if (bias && wants.bias) {
      const { gradient, accumulate } = tape.gradientTarget(bias);
      recordColumnSum(tape, { x: dy, y: gradient }, { rows, columns, accumulate });
    }
    if (wants.x) {
      const { gradient, accumulate } = tape.gradientTarget(x); // ∂x = ∂y·wᵀ
      recordMatmul(
        tape,
        'nt',
        { x: dy, w, y: gradient },
        { rows, columns: inner, inner: columns, accumulate },
      );
    }
    // Last: ∂y may become the residual's gradient itself, and is then added to.
    if (residual && wants.residual) passGradient(tape, residual, dy);
  });
}

function checkShapes(
  x: Tensor,
  w: Tensor,
  { bias, residual, activation: kind, dropout }: LinearOptions,
): void {
  const [inner, columns] = [x.shape.at(-1) ?? 1, w.shape[1] ?? 0];
  const rows = elementCount(x.shape) / inner;
  if (kind && (residual || dropout)) {
    throw new Error(
      `linear: ${kind} is given with ${residual ? 'a residual' : 'dropout'}. Record what follows an activation apart.`,
    );
  }
  if (w.shape.length !== 2 || w.shape[0] !== inner) {
    throw new Error(
      `linear: inner sizes differ: x is ${describeTensor(x)}, w is ${describeTensor(w)}. Pass w as [inputs, outputs].`,
    );
  }
  if (bias && elementCount(bias.shape) !== columns) {
    throw new Error(
      `linear: bias ${describeTensor(bias)} does not fit w ${describeTensor(w)}. Pass [${columns}].`,
    );
  }
  if (residual && elementCount(residual.shape) !== rows * columns) {
    throw new Error(
      `linear: residual ${describeTensor(residual)} does not fit the result [${rows}, ${columns}]. Pass that shape.`,
    );
  }
}
