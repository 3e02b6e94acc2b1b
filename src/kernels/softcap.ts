// The soft cap on logits that are sampled from or looked at; the loss has its own, inside cross-entropy.
import source from '../../shaders/softcap.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { elementCount, type Tensor } from '../plan/tensor.ts';
import { elementGroups, elementSteps } from './launch.ts';
import { prologue } from './prologue.ts';

/** logits = softcap · tanh(logits ÷ softcap), in place. */
export const softcapKernel = defineKernel({
  name: 'softcap',
  role: 'loss',
  arithmetic: 'loss arithmetic',
  source: prologue + source,
  entryPoint: 'main',
  dims: ['elements', 'softcap'],
  reads: [],
  writes: ['logits'],
  tensors: ({ elements }) => ({
    logits: { shape: [elements], fill: (uniform, index) => (uniform - 0.5) * (index % 3 === 0 ? 5000 : 8) },
  }),
  // Far past the cap on both sides, where tanh is ±1, and near 0, where it is the logit.
  selfTest: [
    { elements: 257, softcap: 3 },
    { elements: 65, softcap: 30 },
  ],
  calibration: [65, 8192, 262_144].map((elements) => ({ elements, softcap: 30 })),
  constants: ({ elements }) => ({ steps: elementSteps(elements) }),
  workgroups: ({ elements }) => elementGroups(elements),
  usefulFlops: ({ elements }) => 3 * elements, // divide, tanh, multiply
  // in place: read and written
  bytes: ({ elements }) => 8 * elements,
  reference({ logits }, { elements, softcap }) {
    for (let i = 0; i < elements; i++) logits[i] = softcap * Math.tanh(logits[i] / softcap);
  },
});

/** Caps logits in place, which therefore have no gradient; a cap of 0 records nothing. */
export function recordSoftcap(tape: Tape, logits: Tensor, softcap: number): void {
  if (softcap === 0) return;
  tape.dispatch(softcapKernel, { elements: elementCount(logits.shape), softcap }, { logits });
}
