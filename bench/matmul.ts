// Matrix products: rate of each layout at square and at model shapes, beside the multiply-add peak of this device.

import { recordMatmul } from '../src/kernels/matmul.ts';
import type { MatmulLayout } from '../src/kernels/matmul-sizes.ts';
import { kernelNamed } from '../src/lab/plans/kernel-catalogue.ts';
import type { Dispatch } from '../src/plan/kernel.ts';
import { Tape } from '../src/plan/tape.ts';
import type { OpenDevice } from '../src/runtime/device.ts';
import { GpuProbing } from '../src/runtime/timing/gpu-probing.ts';
import { measureKernel, type Probing } from '../src/runtime/timing/probing.ts';

/** rows × columns × inner: a square, and the products of one nanoGPT CPU layer and its head. */
const sizes = [
  [512, 512, 512],
  [768, 384, 128],
  [768, 128, 128],
  [768, 512, 128],
  [768, 128, 512],
  [768, 65, 128],
] as const;

const layouts: readonly MatmulLayout[] = ['nn', 'nt', 'tn'];

/** Prints GFLOP/s and the share of the peak. */
export async function benchMatmul(open: OpenDevice): Promise<void> {
  const probing = new GpuProbing(open.device);
  const peak = await peakOf(probing);
  console.log(`multiply-add peak ${(peak / 1e9).toFixed(1)} GFLOP/s`);
  for (const layout of layouts) {
    for (const [rows, columns, inner] of sizes) {
      const dispatches = record(open, layout, rows, columns, inner);
      let seconds = 0;
      for (const { kernel, dims } of dispatches) {
        seconds += (await measureKernel(probing, kernel, dims, { budgetSeconds: 0.3 })).value;
      }
      const rate = (2 * rows * columns * inner) / seconds;
      const names = dispatches.map(({ kernel }) => kernel.name).join(' + ');
      console.log(
        `${names.padEnd(28)} ${`${rows}×${columns}×${inner}`.padEnd(14)}` +
          `${(rate / 1e9).toFixed(1).padStart(9)} GFLOP/s ${((100 * rate) / peak).toFixed(0).padStart(4)} % of peak`,
      );
    }
  }
  probing.dispose();
}

async function peakOf(probing: Probing): Promise<number> {
  let peak = 0;
  for (const name of ['fmaPeak/scalar', 'fmaPeak/vector']) {
    const kernel = kernelNamed(name);
    const dims = kernel.calibration[0] ?? {};
    const { value } = await measureKernel(probing, kernel, dims, { budgetSeconds: 0.5 });
    peak = Math.max(peak, kernel.usefulFlops(dims, {}) / value);
  }
  return peak;
}

/** The dispatches that a model would get for this product on this device. */
function record(
  { capabilities }: OpenDevice,
  layout: MatmulLayout,
  rows: number,
  columns: number,
  inner: number,
): readonly Dispatch[] {
  const tape = new Tape({ capabilities });
  const x = tape.tensor('x', layout === 'tn' ? [inner, rows] : [rows, inner]);
  const w = tape.tensor('w', layout === 'nt' ? [columns, inner] : [inner, columns]);
  recordMatmul(tape, layout, { x, w, y: tape.tensor('y', [rows, columns]) }, { rows, columns, inner });
  return tape.dispatches;
}
