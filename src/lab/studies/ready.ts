// The ready studies: minute, class and night for Chinchilla's law, a shorter one for software GPUs, shapes for the conditional law, and a sweep of learning rates.
import { usualRate } from '../../laws/learning-rate-law.ts';
import type { Section } from '../../model/presets/training.ts';

/** What the designs have in common: nanoGPT's block, warm-up, stable and decay to 0, on the language made for laws. */
const base: Section = {
  model: {
    layers: 2,
    width: 24,
    heads: 2,
    context: 64,
    vocabulary: 0,
    ...{
      norm: 'layerNorm',
      position: 'learned',
      activation: 'geluTanh',
      bias: false,
      tiedHead: true,
      dropout: 0,
    },
  },
  train: {
    steps: 1000,
    batch: 16,
    accumulation: 1,
    clip: 1,
    evaluationInterval: 0,
    sampleInterval: 0,
    optimizer: { kind: 'adamw', learningRate: 0.008, beta1: 0.9, beta2: 0.99, weightDecay: 0.1 },
    schedule: { kind: 'warmupStableDecay', warmupSteps: 40, minimumLearningRate: 0, decayFraction: 0.2 },
  },
  data: {
    source: 'zipf',
    tokenizer: 'characters',
    characters: 34_000_000,
    seed: 1,
    validationFraction: 0.02,
  },
};

/** The usual rate of models of this kind; twice that fails at 148 k. */
const formulas = {
  'train.optimizer.learningRate': {
    factor: usualRate.factor,
    powers: { parameters: usualRate.exponent },
    most: usualRate.most,
  },
};

/** 3.5 k, 14 k, 38 k, 147 k, 307 k, 590 k, 995 k, 2.65 M parameters of the blocks. */
const sizes = {
  s: { 'model.layers': 2, 'model.width': 12, 'model.heads': 1 },
  m: { 'model.layers': 2, 'model.width': 24, 'model.heads': 2 },
  l: { 'model.layers': 2, 'model.width': 40, 'model.heads': 4 },
  xl: { 'model.layers': 3, 'model.width': 64, 'model.heads': 4 },
  xxl: { 'model.layers': 4, 'model.width': 80, 'model.heads': 4 },
  k590: { 'model.layers': 4, 'model.width': 112, 'model.heads': 4 },
  k995: { 'model.layers': 4, 'model.width': 144, 'model.heads': 6 },
  m26: { 'model.layers': 6, 'model.width': 192, 'model.heads': 6 },
} as const;

/** D from half a million in factors of 2. */
const tokens = (millions: number, from = 524_288) => ({ from, to: millions * 1_048_576, factor: 2 });
const seeds = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** So much text that a run sees little of it twice. */
const withText = (characters: number): Section => ({
  ...base,
  data: { ...(base.data as Section), characters },
});

const study = (name: string, note: string, grid: readonly object[], text = 34_000_000) => ({
  version: 1,
  name,
  note,
  base: withText(text),
  formulas,
  branches: true,
  count: 'blocks',
  grid,
});

/**
 * Studies by name, as JSON. Precisions are 95 % half-widths at 0.5 % noise, by simulation for two laws; of class by
 * the law's curvature, for three laws, where half of the noise's variance is a trunk's. What was run on the language for laws
 * had one trunk a large size, and repeats that differ by 1.3 %, most at half a million tokens: hence the second trunk, and the
 * later start of large sizes; small ones start early all the same, for β needs the range (0.03, else 0.04).
 */
export const readyStudies: Readonly<Record<string, object>> = {
  'software-minute': study(
    'software-minute',
    'Three sizes, three D: 9 points. α ± 0.10 to 0.17, β ± 0.30: shows the way, not the law.',
    ['s', 'm', 'l'].map((size) => ({ ...sizes[size as 's'], tokens: tokens(2) })),
    8_000_000,
  ),
  minute: study('minute', 'Five sizes, 21 points, a minute on a laptop’s GPU. α ± 0.03 to 0.06, β ± 0.08.', [
    ...(['s', 'm', 'l'] as const).map((size) => ({ ...sizes[size], tokens: tokens(8) })),
    ...(['xl', 'xxl'] as const).map((size) => ({ ...sizes[size], tokens: tokens(2) })),
  ]),
  class: study(
    'class',
    'Seven sizes, each at least twice, some minutes on a laptop’s GPU. α and β ± 0.03 where repeats differ by 0.5 %, ± 0.07 where by 1.3 %. ' +
      'A smaller one of 49 runs on this text measured α 0.15 to 0.51, β 0.39 to 0.63 and a misfit of 1.45 %, with repeats that differed by that much.',
    [
      { ...sizes.s, tokens: tokens(16), seed: seeds(4) },
      ...(['m', 'l'] as const).map((size) => ({ ...sizes[size], tokens: tokens(16), seed: seeds(2) })),
      ...(['xl', 'xxl', 'k590', 'k995'] as const).map((size) => ({
        ...sizes[size],
        tokens: tokens(16, 1_048_576),
        seed: seeds(2),
      })),
    ],
  ),
  night: study('night', 'Eight sizes to 2.65 M parameters, D to 33.6 M, repeats. α ± 0.02, β ± 0.02.', [
    { ...sizes.s, tokens: tokens(32), seed: seeds(4) },
    ...(['m', 'l', 'xl'] as const).map((size) => ({ ...sizes[size], tokens: tokens(32), seed: seeds(3) })),
    ...(['xxl', 'k590'] as const).map((size) => ({ ...sizes[size], tokens: tokens(32), seed: seeds(2) })),
    ...(['k995', 'm26'] as const).map((size) => ({ ...sizes[size], tokens: tokens(32) })),
  ]),
  rates: {
    ...study(
      'rates',
      'Three sizes at seven learning rates, twice each: which rate is best, and how it falls with size.',
      (['s', 'm', 'l'] as const).map((size) => ({
        ...sizes[size],
        tokens: 524_288,
        'train.optimizer.learningRate': { from: 0.001, to: 0.064, factor: 2 },
        seed: seeds(2),
      })),
      8_000_000,
    ),
    formulas: {},
  },
  shapes: {
    ...study(
      'shapes',
      'Fifteen shapes of 148 k parameters at 2.1 M tokens, and L_opt from one shape at four sizes.',
      [
        ...[0.07, 0.1, 0.14, 0.2, 0.28].map((ratio) => ({
          parameters: 148_000,
          ratio,
          mlpToAttention: 2,
          tokens: 2_097_152,
        })),
        ...[0.6, 1, 4].map((r) => ({
          parameters: 148_000,
          ratio: 0.16,
          mlpToAttention: r,
          tokens: 2_097_152,
        })),
        ...[0.1, 0.2].flatMap((ratio) =>
          [1, 4].map((r) => ({ parameters: 148_000, ratio, mlpToAttention: r, tokens: 2_097_152 })),
        ),
        { parameters: [14_000, 38_000, 148_000], ratio: 0.16, mlpToAttention: 2, tokens: tokens(2) },
      ],
    ),
    base: { ...base, model: { ...(base.model as Section), layers: 3, width: 64, heads: 8, headSize: 8 } },
  },
};
