// A stand-in for what times kernels: each pass takes what it is told, by a clock of its own.
import type { Dims, Kernel } from '../../../src/plan/kernel.ts';
import { probeOf } from '../../../src/runtime/kernel-probe.ts';
import type { Probing } from '../../../src/runtime/timing/probing.ts';

/**
 * Times passes as a fixed cost and the seconds of every dispatch.
 * @param secondsOf of one dispatch of a kernel; by default a microsecond
 */
export function knownProbing(
  secondsOf: (kernel: string, dims: Dims) => number = () => 1e-6,
  { passSeconds = 5e-5, submitSeconds = 2e-4, queueSeconds = 1e-5 } = {},
): Probing {
  const probing: Probing = {
    method: 'as told',
    prepare: async (kernel: Kernel, dims: Dims) => {
      const { plan } = probeOf(kernel, dims);
      return { kernel, dims, plan, time: (repetitions) => probing.seconds([{ plan }], repetitions) };
    },
    agrees: async () => true,
    seconds: async (shapes, repetitions) => {
      const once = shapes.map(({ plan: { dispatches } }) =>
        dispatches.reduce((sum, { kernel, dims }) => sum + secondsOf(kernel.name, dims), 0),
      );
      return passSeconds + repetitions * once.reduce((sum, seconds) => sum + seconds, 0);
    },
    submissionSeconds: async (count) => submitSeconds + count * queueSeconds,
    dispose: () => undefined,
  };
  return probing;
}
