// Checks every kernel against its reference on this very device, before any loss is trusted.

import type { SelfTestReport, SelfTestRow } from '../../contract/device.ts';
import type { Kernel } from '../../plan/kernel.ts';
import { shapeText } from '../../runtime/calibrate.ts';
import type { OpenDevice } from '../../runtime/device.ts';
import { PipelineCache } from '../../runtime/pipelines.ts';
import { verifyKernel } from '../../runtime/verify.ts';

/** Runs all given kernels at their self-test shapes. A kernel that fails is reported, never thrown. */
export async function selfTest(
  open: OpenDevice,
  kernels: readonly Kernel[],
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<SelfTestReport> {
  const start = performance.now();
  const pipelines = new PipelineCache(open.device);
  const cases = kernels.flatMap((kernel) => kernel.selfTest.map((dims) => ({ kernel, dims })));
  const rows: SelfTestRow[] = [];
  for (const { kernel, dims } of cases) {
    onProgress(rows.length, cases.length);
    const { maximumError, tolerance, passed, message } = await verifyKernel(open.device, kernel, dims, {
      pipelines,
    });
    rows.push({
      kernel: kernel.name,
      shape: shapeText(dims),
      maximumError,
      tolerance,
      passed,
      ...(message === undefined ? {} : { message }),
    });
  }
  onProgress(cases.length, cases.length);
  return { passed: rows.every((row) => row.passed), rows, seconds: (performance.now() - start) / 1000 };
}
