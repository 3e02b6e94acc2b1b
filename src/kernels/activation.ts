// Activations element by element: GELU (by tanh, or exact by erf), SiLU, ReLU and its square, with their gradients.
import source from '../../shaders/activation.wgsl?raw';
import { defineKernel } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { elementCount, type Tensor } from '../plan/tensor.ts';
import { elementGroups, elementSteps } from './launch.ts';
import { prologue } from './prologue.ts';

/** Names of the activations, in the order of the WGSL's `kind`. */
export const activationKinds = ['geluTanh', 'gelu', 'silu', 'relu', 'reluSquared'] as const;

/** An activation by name. */
export type ActivationKind = (typeof activationKinds)[number];

/** f(x), and flops that count an exponential or a division as one. */
const functions: readonly { readonly value: (x: number) => number; readonly slope: (x: number) => number }[] =
  [
    {
      value: (x) => 0.5 * x * (1 + Math.tanh(geluInner(x))),
      slope: (x) => {
        const t = Math.tanh(geluInner(x));
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
      },
    },
    {
      value: (x) => x * normalCdf(x),
      slope: (x) => normalCdf(x) + (x * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI),
    },
    {
      value: (x) => x / (1 + Math.exp(-x)),
      slope: (x) => {
        const s = 1 / (1 + Math.exp(-x));
        return s * (1 + x * (1 - s));
      },
    },
    { value: (x) => Math.max(x, 0), slope: (x) => (x > 0 ? 1 : 0) },
    { value: (x) => Math.max(x, 0) ** 2, slope: (x) => 2 * Math.max(x, 0) },
  ];

/** Operations per element of f, f′, in the order of `activationKinds`; an exponential counts as one. */
export const activationFlops = { value: [9, 18, 5, 1, 2], slope: [13, 23, 8, 1, 2] } as const;

/** f(x) of an activation by number, in double precision. */
export function activate(kind: number, x: number): number {
  return functions[kind]?.value(x) ?? Number.NaN;
}

/** f′(x) of an activation by number, in double precision. */
export function activationSlope(kind: number, x: number): number {
  return functions[kind]?.slope(x) ?? Number.NaN;
}

function geluInner(x: number): number {
  return Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
}

/**
 * Φ(x) to double precision: erf(z) = 2/√π · e^(−z²) Σ 2ⁿ z^(2n+1) / (2n+1)!! (Abramowitz and Stegun 7.1.6).
 */
function normalCdf(x: number): number {
  const z = Math.abs(x) * Math.SQRT1_2;
  if (z > 6) return x < 0 ? 0 : 1;
  let term = z;
  let sum = z;
  for (let n = 1; term > 1e-17 * sum; n++) {
    term *= (2 * z * z) / (2 * n + 1);
    sum += term;
  }
  const erf = (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum;
  return 0.5 * (1 + Math.sign(x) * erf);
}

const everyKind = (elements: number) =>
  activationKinds.map((_, kind) => ({ elements: elements + kind, kind }));

/** y = f(x); f by `kind`, an index into activationKinds. */
export const activationForward = defineKernel({
  name: 'activation.forward',
  family: 'activation.forward',
  source: prologue + source,
  entryPoint: 'forward',
  dims: ['elements', 'kind'],
  reads: ['x'],
  writes: ['y'],
  tensors: ({ elements }) => ({ x: { shape: [elements], fill: wide }, y: { shape: [elements] } }),
  selfTest: everyKind(255),
  calibration: [
    { elements: 16_384, kind: 0 },
    { elements: 393_216, kind: 0 },
    { elements: 2_097_152, kind: 0 },
  ],
  constants: ({ elements }) => ({ steps: elementSteps(elements) }),
  workgroups: ({ elements }) => elementGroups(elements),
  usefulFlops: ({ elements, kind }) => elements * (activationFlops.value[kind] ?? 0),
  bytes: ({ elements }) => 4 * elements * 2,
  reference({ x, y }, { elements, kind }) {
    for (let i = 0; i < elements; i++) y[i] = activate(kind, x[i]);
  },
});

/** dx = f′(x) · dy (+ dx). */
export const activationBackward = defineKernel({
  name: 'activation.backward',
  family: 'activation.backward',
  source: prologue + source,
  entryPoint: 'backward',
  dims: ['elements', 'kind', 'accumulate'],
  reads: ['x', 'dy'],
  writes: ['dx'],
  tensors: ({ elements }) => ({
    x: { shape: [elements], fill: wide },
    dy: { shape: [elements] },
    dx: { shape: [elements] },
  }),
  selfTest: everyKind(255).map((dims, i) => ({ ...dims, accumulate: i % 2 })),
  calibration: [
    { elements: 16_384, kind: 0, accumulate: 0 },
    { elements: 393_216, kind: 0, accumulate: 0 },
    { elements: 2_097_152, kind: 0, accumulate: 0 },
  ],
  constants: ({ elements }) => ({ steps: elementSteps(elements) }),
  workgroups: ({ elements }) => elementGroups(elements),
  usefulFlops: ({ elements, kind, accumulate }) =>
    elements * ((activationFlops.slope[kind] ?? 0) + 1 + accumulate),
  bytes: ({ elements, accumulate }) => 4 * elements * (3 + accumulate),
  reference({ x, dy, dx }, { elements, kind, accumulate }) {
    for (let i = 0; i < elements; i++) {
      const gradient = activationSlope(kind, x[i]) * dy[i];
      dx[i] = accumulate === 1 ? dx[i] + gradient : gradient;
    }
  },
});

/** Test values over [−30, 30), past the saturation of every activation. */
export function wide(uniform: number, index: number): number {
  return (uniform - 0.5) * (index % 4 === 0 ? 60 : 4);
}

/** f(x) element by element. */
export function activation(tape: Tape, x: Tensor, name: ActivationKind): Tensor {
  const elements = elementCount(x.shape);
  const kind = activationKinds.indexOf(name);
  const y = tape.tensor(name, x.shape);
  tape.dispatch(activationForward, { elements, kind }, { x, y });
  tape.onBackward([x], y, (dy) => {
    const { gradient: dx, accumulate } = tape.gradientTarget(x);
    tape.dispatch(activationBackward, { elements, kind, accumulate }, { x, dy, dx });
  });
  return y;
}
