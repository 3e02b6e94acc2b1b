// The kernel tables of the fake lab: rows of an invented plan.
import type { KernelRow } from '../../../src/contract/kernels.ts';
import type { Lab } from '../../../src/contract/lab.ts';

/** A row of an invented plan. */
function kernelRow(index: number, layer: number, kernel: string, isMeasured: boolean): KernelRow {
  const predictedSeconds = 1e-5 * (1 + ((index * 7) % 13));
  return {
    index,
    label: `layers.${layer}.${kernel}`,
    phase: index % 3 === 0 ? 'forward' : 'backward',
    kernel,
    shape: '[1024, 64] × [64, 256]',
    workgroups: 64,
    usefulFlops: 2e6 * (1 + (index % 9)),
    launchedFlops: 2.1e6 * (1 + (index % 9)),
    bytes: 3e5 * (1 + (index % 5)),
    predictedSeconds,
    boundBy: index % 2 === 0 ? 'bandwidth' : 'arithmetic',
    ...(isMeasured
      ? { measuredSeconds: predictedSeconds * (0.85 + 0.05 * (index % 8)), measuredSpread: 0.03 }
      : {}),
  };
}

/** Answers at once. */
export const fakeKernels: Pick<Lab, 'kernelTable' | 'kernelTrace'> = {
  kernelTable: async (measure, onProgress) => {
    onProgress(1, 2);
    const kernels = ['matmul-tiled', 'attention', 'rms-norm', 'gelu', 'add'];
    const rows = Array.from({ length: 60 }, (_, index) =>
      kernelRow(index, Math.floor(index / 20), kernels[index % 5] ?? '', measure),
    );
    const table = {
      rows,
      method: 'timestamp-query, one pass each',
      ...(measure ? { sumOverStep: 0.96 } : {}),
    };
    return { kind: 'ok', value: table };
  },
  kernelTrace: async (_table, title) => ({
    name: `${title}-trace.json`,
    bytes: new Uint8Array([123, 125]),
  }),
};
