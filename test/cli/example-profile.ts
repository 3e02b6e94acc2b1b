// A device profile with round numbers, for predictions that a test can check by hand.
import type { KeptProfile } from '../../src/cli/profiles.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';

const exact = (value: number) => ({ value, spread: 0, repeats: 9 });

/** 100 GFLOP/s, 10 GB/s at every size, 10 µs a launch, and no kernel calibrated. */
export const exampleProfile: KeptProfile = {
  profile: {
    version: 5,
    device: 'example',
    fmaFlopsPerSecond: exact(100e9),
    paceSeconds: exact(0.01),
    slowing: exact(1),
    switchSeconds: exact(0),
    mixing: exact(1),
    copyBytesPerSecond: [{ bytes: 1e6, rate: exact(10e9) }],
    launchSeconds: exact(10e-6),
    submitSeconds: exact(50e-6),
    queueSeconds: exact(5e-6),
    kernels: {},
    timer: 'none',
  },
  capabilities: baselineCapabilities,
};
