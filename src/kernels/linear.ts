// The linear layer y = x·w (+ bias) (+ residual), with all of its gradients.
import type { Tape } from '../plan/tape.ts';
import { describeTensor, elementCount, type Tensor } from '../plan/tensor.ts';
import { passGradient } from './add.ts';
import { recordColumnSum } from './column-sum.ts';
import { recordMatmul } from './matmul.ts';
import { recordQuantisedMatmul } from './quantised-matmul.ts';

/** What a linear layer may add to the product. */
export interface LinearOptions {
  /** [M], added to every row. */
  readonly bias?: Tensor | undefined;
  /** [N, M], added element by element: the residual stream. */
  readonly residual?: Tensor | undefined;
  /** Name of the result. */
  readonly name?: string;
}

/**
 * y = x·w (+ bias) (+ residual). x: [N, K] (leading sizes are rows), w: [K, M], y: x's leading sizes and M. A quantised w
 * is for inference only.
 * @throws if sizes do not fit, with the tensors' names.
 */
export function linear(tape: Tape, x: Tensor, w: Tensor, options: LinearOptions = {}): Tensor {
  const { bias, residual, name = 'linear' } = options;
  const inner = x.shape.at(-1) ?? 1;
  const rows = elementCount(x.shape) / inner;
  const columns = w.shape[1] ?? 0;
  const shape = [...x.shape.slice(0, -1), columns];
  checkShapes(x, w, options);
  const y = tape.tensor(name, shape);
  if (w.quantised) {
    recordQuantisedMatmul(tape, { x, w, y, bias, residual }, { rows });
    return y;
  }
  const wants = {
    x: tape.needsGradient(x),
    w: tape.needsGradient(w),
    bias: tape.needsGradient(bias),
    residual: tape.needsGradient(residual),
  };
  recordMatmul(tape, 'nn', { x, w, y, bias, residual }, { rows, columns, inner });
  tape.onBackward([x, w, bias, residual], y, (dy) => {
    if (wants.w) {
      const { gradient, accumulate } = tape.gradientTarget(w); // ∂w = xᵀ·∂y
      recordMatmul(tape, 'tn', { x, w: dy, y: gradient }, { rows: inner, columns, inner: rows, accumulate });
    }
    if (bias && wants.bias) {
      const { gradient, accumulate } = tape.gradientTarget(bias);
      recordColumnSum(tape, dy, gradient, { rows, columns, accumulate });
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
  return y;
}

function checkShapes(x: Tensor, w: Tensor, { bias, residual }: LinearOptions): void {
  const [inner, columns] = [x.shape.at(-1) ?? 1, w.shape[1] ?? 0];
  const rows = elementCount(x.shape) / inner;
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
