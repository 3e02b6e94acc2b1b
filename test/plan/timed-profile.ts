// A profile as calibration would make it of a device whose kernels take what a formula says: a timer without a device.
import type { DeviceProfile, EfficiencyPoint, Measurement } from '../../src/plan/device-profile.ts';
import { type Dims, familyOf, type Kernel, workText } from '../../src/plan/kernel.ts';
import { costOf } from '../../src/plan/predict.ts';

const exactly = (value: number): Measurement => ({ value, spread: 0, repeats: 7 });

/** Flops per second of a kernel of speed 1, bytes per second, and seconds of a launch. */
const rates = { flops: 1e12, bytes: 1e11, launch: 5e-6 } as const;

/** Seconds of a dispatch of a kernel that is so many times as quick as one of speed 1. */
export function fakeSeconds(kernel: Kernel, dims: Dims, speed: number): number {
  const { launchedFlops, bytes } = costOf(
    { kernel, dims, bindings: {}, workgroups: 1, label: '', phase: 'forward' },
    {},
  );
  return rates.launch + Math.max(launchedFlops / rates.flops, bytes / rates.bytes) / speed;
}

/** Every kernel at its calibration shapes, and all variants of several as checked. */
export function timedProfile(
  kernels: readonly Kernel[],
  speedOf: (kernel: Kernel) => number,
  variants: readonly string[] = kernels.map(({ name }) => name).filter((name) => familyOf(name) !== name),
): DeviceProfile {
  const points = (kernel: Kernel) =>
    kernel.calibration.map((dims): EfficiencyPoint => {
      const { launchedFlops, bytes } = costOf(
        { kernel, dims, bindings: {}, workgroups: 1, label: '', phase: 'forward' },
        kernel.probeScalars?.(dims) ?? {},
      );
      const seconds = exactly(fakeSeconds(kernel, dims, speedOf(kernel)));
      return { shape: workText(dims), launchedFlops, bytes, workgroups: kernel.workgroups(dims), seconds };
    });
  return {
    ...{ version: 5, device: 'fake', timer: 'formula' },
    fmaFlopsPerSecond: exactly(4 * rates.flops),
    copyBytesPerSecond: [{ bytes: 1 << 24, rate: exactly(4 * rates.bytes) }],
    ...{ paceSeconds: exactly(1e-3), slowing: exactly(1), switchSeconds: exactly(0), mixing: exactly(1) },
    ...{ launchSeconds: exactly(rates.launch), submitSeconds: exactly(1e-4), queueSeconds: exactly(1e-5) },
    kernels: Object.fromEntries(kernels.map((kernel) => [kernel.name, points(kernel)])),
    variants,
  };
}
