// The table of activations: f, f′, their cost and their names. A row here and its case in activation-functions.wgsl are an
// activation: choices of the schema, configuration types, shader numbers, names in files and diagrams, and tests are read from
// the row.

/** One activation. Flops count an exponential, a tanh or a division as one. */
export interface ActivationFunction {
  /** f(x), in double precision. */
  readonly value: (x: number) => number;
  /** f′(x), in double precision. */
  readonly slope: (x: number) => number;
  /** Operations per element of f and of f′ as the shader computes them. */
  readonly flops: { readonly value: number; readonly slope: number };
  /** What people call it, alone and as the gate of a gated layer (Shazeer 2020). */
  readonly label: string;
  readonly gatedLabel: string;
  /** Its names in Hugging Face's config.json; the first is the one we write. */
  readonly huggingFaceNames: readonly string[];
}

/** Factor of x in QuickGELU's sigmoid (Hendrycks and Gimpel 2016). */
const quickGeluFactor = 1.702;

/** All activations by name. Their order is the shader's `kind`; a new one goes to the end. */
export const activationFunctions = {
  // GELU as GPT-2 has it: Φ by a tanh (Hendrycks and Gimpel 2016, section 2), cheaper than erf when that was new.
  geluTanh: {
    value: (x) => 0.5 * x * (1 + Math.tanh(geluInner(x))),
    slope: (x) => {
      const t = Math.tanh(geluInner(x));
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
    },
    flops: { value: 9, slope: 13 },
    label: 'GELU',
    gatedLabel: 'GEGLU',
    huggingFaceNames: ['gelu_new', 'gelu_pytorch_tanh'],
  },
  // GELU itself, x·Φ(x). Its flops are those of the shader's polynomial for erf.
  gelu: {
    value: (x) => x * normalCdf(x),
    slope: (x) => normalCdf(x) + (x * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI),
    flops: { value: 18, slope: 23 },
    label: 'GELU',
    gatedLabel: 'GEGLU',
    huggingFaceNames: ['gelu'],
  },
  // x·sigmoid(x), also called swish (Elfwing et al. 2017; Ramachandran et al. 2017).
  silu: {
    value: (x) => x * sigmoid(x),
    slope: (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))),
    flops: { value: 5, slope: 8 },
    label: 'SiLU',
    gatedLabel: 'SwiGLU',
    huggingFaceNames: ['silu', 'swish'],
  },
  relu: {
    value: (x) => Math.max(x, 0),
    // At 0 any slope in [0, 1] is a subgradient; 0 is PyTorch's choice.
    slope: (x) => (x > 0 ? 1 : 0),
    flops: { value: 1, slope: 1 },
    label: 'ReLU',
    gatedLabel: 'ReGLU',
    huggingFaceNames: ['relu'],
  },
  // So et al. 2021 (Primer), found by searching over activations. Its slope is continuous, unlike ReLU's.
  reluSquared: {
    value: (x) => Math.max(x, 0) ** 2,
    slope: (x) => 2 * Math.max(x, 0),
    flops: { value: 2, slope: 2 },
    label: 'ReLU²',
    gatedLabel: 'ReLU² gate',
    huggingFaceNames: ['relu2'],
  },
  // GELU by a sigmoid, as in CLIP: one exponential, at an error of about 0.02.
  quickGelu: {
    value: (x) => x * sigmoid(quickGeluFactor * x),
    slope: (x) => {
      const s = sigmoid(quickGeluFactor * x);
      return s * (1 + quickGeluFactor * x * (1 - s));
    },
    flops: { value: 6, slope: 9 },
    label: 'QuickGELU',
    gatedLabel: 'QuickGELU gate',
    huggingFaceNames: ['quick_gelu'],
  },
} as const satisfies Readonly<Record<string, ActivationFunction>>;

/** An activation by name. */
export type ActivationName = keyof typeof activationFunctions;

/** Names of the activations, in the order of the shader's `kind`. */
export const activationNames = Object.keys(activationFunctions) as ActivationName[];

/** The shader's number of an activation. */
export function activationKind(name: ActivationName): number {
  return activationNames.indexOf(name);
}

/** The row of an activation by the shader's number. @throws if there is none. */
export function activationOfKind(kind: number): ActivationFunction {
  const name = activationNames[kind];
  if (name === undefined)
    throw new Error(
      `activation: there is no kind ${kind}. Use 0 to ${activationNames.length - 1} (${activationNames.join(', ')}).`,
    );
  return activationFunctions[name];
}

/** Test values over [−30, 30), past the saturation of every activation. */
export function wide(uniform: number, index: number): number {
  return (uniform - 0.5) * (index % 4 === 0 ? 60 : 4);
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
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
