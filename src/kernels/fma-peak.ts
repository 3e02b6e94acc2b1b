// The arithmetic probe of calibration: chains of multiply-adds, scalar and vec4.
import source from '../../shaders/fma-peak.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import { prologue } from './prologue.ts';

/** Multiply-adds per invocation and step: eight chains of four. */
const perStep = 32;

/**
 * y[i] = Σ of eight chains a ← a·m + c, 4 × `steps` long. x: [m, c]; y: [workgroups · 64].
 * Eight chains in flight hide the latency of a multiply-add; one chain would measure that, not the rate. Numbers
 * converge to c ÷ (1 − m) = 0.5, so that no chain overflows or dies out, and the sum is stored, so that no compiler
 * drops it.
 */
export const fmaPeakScalar = defineKernel({
  name: 'fmaPeak/scalar',
  role: 'other',
  source: prologue + source,
  entryPoint: 'scalar',
  dims: ['steps', 'workgroups'],
  reads: ['x'],
  writes: ['y'],
  tensors: ({ workgroups }) => ({
    x: { shape: [2], fill: (_, index) => (index === 0 ? 0.5 : 0.25) },
    y: { shape: [workgroups, 64] },
  }),
  selfTest: [{ steps: 5, workgroups: 3 }],
  calibration: [{ steps: 256, workgroups: 256 }],
  workgroups: ({ workgroups }) => workgroups,
  usefulFlops: ({ steps, workgroups }) => 2 * perStep * steps * 64 * workgroups,
  // the sums alone: memory must not be what it waits for
  bytes: ({ workgroups }) => 4 * 64 * workgroups,
  reference({ x, y }, { steps, workgroups }) {
    for (let i = 0; i < 64 * workgroups; i++) {
      y[i] = 0;
      for (let chain = 0; chain < 8; chain++) {
        let a = (i % 64) * 0.015625 + chain;
        for (let step = 0; step < 4 * steps; step++) a = a * x[0] + x[1];
        y[i] += a;
      }
    }
  },
});

/**
 * The same chains as two vec4.
 * Which of the two is quicker tells whether the hardware's lanes are scalars or vectors.
 */
export const fmaPeakVector = defineKernel({
  ...fmaPeakScalar,
  name: 'fmaPeak/vector',
  entryPoint: 'vector',
});
