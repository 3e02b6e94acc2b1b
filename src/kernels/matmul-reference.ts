// The matrix product in plain loops, for any layout, stride and option.
import type { NumberArray, Scalars } from '../plan/kernel.ts';
import { isBare, shapedValue } from './matmul-epilogue.ts';
import type { MatmulDims, MatmulLayout } from './matmul-sizes.ts';

/** y = epilogue(x·w (+ bias)) (+ residual) (+ y); slice s of the inner size fills rows [s·rows, (s+1)·rows) of y. */
export function matmulReference(
  arrays: Readonly<Record<'x' | 'w' | 'bias' | 'residual' | 'y' | 'kept' | 'slopesAt', NumberArray>>,
  dims: MatmulDims,
  layout: MatmulLayout,
  scalars: Scalars,
): void {
  const { x, w, bias, residual, y } = arrays;
  const { rows, columns, inner, xStride, wStride, yStride, slices, hasBias, hasResidual, accumulate } = dims;
  // A transposed operand differs by its steps alone.
  const [xRowStep, xInnerStep] = layout === 'tn' ? [1, xStride] : [xStride, 1];
  const [wColumnStep, wInnerStep] = layout === 'nt' ? [wStride, 1] : [1, wStride];
  const slicedInner = Math.ceil(inner / slices);
  const isShaped = !isBare(dims);
  // A row of sums at a time, columns innermost: the loops follow the memory of w.
  const sums = new Float64Array(columns);
  for (let slicedRow = 0; slicedRow < slices * rows; slicedRow++) {
    const row = slicedRow % rows;
    const start = Math.min(Math.floor(slicedRow / rows) * slicedInner, inner);
    sums.fill(0);
    for (let k = start; k < Math.min(start + slicedInner, inner); k++) {
      const factor = x[row * xRowStep + k * xInnerStep];
      for (let c = 0; c < columns; c++) sums[c] += factor * w[k * wInnerStep + c * wColumnStep];
    }
    for (let c = 0; c < columns; c++) {
      const index = slicedRow * yStride + c;
      // In this order: the activation sees the bias, dropout what is activated, and the residual is never
      // dropped.
      if (hasBias === 1) sums[c] += bias[c];
      if (isShaped) sums[c] = shapedValue(sums[c], row * columns + c, arrays, dims, scalars);
      if (hasResidual === 1) sums[c] += residual[row * columns + c];
      y[index] = accumulate === 1 ? y[index] + sums[c] : sums[c];
    }
  }
}
