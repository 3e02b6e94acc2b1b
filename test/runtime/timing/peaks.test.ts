// Peaks of a device that is known: the fastest arithmetic, bandwidth without the launch, submissions by their slope.
import { expect, it } from 'vitest';
import { copyForward } from '../../../src/kernels/copy.ts';
import { fmaPeakScalar, fmaPeakVector } from '../../../src/kernels/fma-peak.ts';
import type { Dims, Kernel } from '../../../src/plan/kernel.ts';
import { measureCopies, measurePeak, measureSubmits } from '../../../src/runtime/timing/peaks.ts';
import { knownProbing } from './known-probing.ts';

it('takes the quickest form of arithmetic for the peak', async () => {
  const probing = knownProbing((name) => (name === fmaPeakVector.name ? 0.01 : 0.03));
  const told: string[] = [];
  const kernels = [fmaPeakScalar, fmaPeakVector] as unknown as Kernel[];
  const { fma, seconds } = await measurePeak(probing, kernels, (_, what) => told.push(what));
  const flops = fmaPeakVector.usefulFlops(fmaPeakVector.calibration[0] ?? { steps: 0, workgroups: 0 }, {});
  expect(seconds).toBeCloseTo(0.01, 5);
  expect(fma.value / (flops / seconds)).toBeCloseTo(1, 6);
  expect(told).toEqual([fmaPeakScalar.name, fmaPeakVector.name]);
  await expect(measurePeak(probing, [], () => undefined)).rejects.toThrow('Pass at least one');
});

it('takes a launch off the copies, and tells bandwidth by size', async () => {
  const launch = 4e-6;
  const probing = knownProbing((_, { vectors = 0 }: Dims) =>
    vectors === 128 ? launch : launch + vectors * 1e-9,
  );
  const { copies, launchSeconds } = await measureCopies(probing, copyForward as unknown as Kernel);
  expect(launchSeconds.value).toBeCloseTo(launch, 9);
  expect(copies.map(({ bytes }) => bytes)).toEqual([32 * 32_768, 32 * 1_048_576]);
  for (const { rate } of copies) expect(rate.value / 32e9).toBeCloseTo(1, 3);
});

it('tells a submission that is waited for from each further one', async () => {
  const { submitSeconds, queueSeconds } = await measureSubmits(knownProbing());
  expect(submitSeconds.value).toBeCloseTo(2.1e-4, 9);
  expect(queueSeconds.value).toBeCloseTo(1e-5, 9);
});
