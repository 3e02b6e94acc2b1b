// Named experiments to start from. Sizes that follow from others are left out, so that they follow when one is changed.

/** A named experiment with what it is for; `experiment` is `{model, train, data}` as a file has it. */
export interface ModelPreset {
  /** Stable: addresses and saved runs name it. */
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly experiment: {
    readonly model: Section;
    readonly train: Section;
    readonly data: Section;
  };
}

type Section = { readonly [key: string]: string | number | boolean | Section };

/** GPT-2 as nanoGPT trains it: no biases, AdamW with a short memory, decay on matrices. */
const nanoGptModel = {
  norm: 'layerNorm',
  normEpsilon: 1e-5,
  position: 'learned',
  activation: 'geluTanh',
  gated: false,
  bias: false,
  tiedHead: true,
};

const adamw = (learningRate: number, beta2: number): Section => ({
  kind: 'adamw',
  learningRate,
  beta1: 0.9,
  beta2,
  epsilon: 1e-8,
  weightDecay: 0.1,
});

const cosine = (warmupSteps: number, minimumLearningRate: number): Section => ({
  kind: 'cosine',
  warmupSteps,
  minimumLearningRate,
});

const seeds = { weights: 1, data: 1, dropout: 1 };
const stories = {
  source: 'stories',
  tokenizer: 'characters',
  characters: 1_200_000,
  seed: 1,
  validationFraction: 0.1,
};

/** All presets, the first of which is what the page starts with. */
export const presets: readonly ModelPreset[] = [
  {
    id: 'nano',
    title: 'Nano',
    note:
      'Learns to spell and to tell small stories within a minute on a laptop. Four layers of 96 channels: ' +
      'small enough to train on a software GPU too.',
    experiment: {
      model: { layers: 4, width: 96, heads: 3, context: 64, ...nanoGptModel, dropout: 0 },
      train: {
        steps: 1000,
        batch: 16,
        accumulation: 1,
        clip: 1,
        optimizer: adamw(2e-3, 0.99),
        schedule: cosine(50, 2e-4),
        lossPositions: 'all',
        evaluationInterval: 100,
        evaluationBatches: 10,
        sampleInterval: 100,
        seeds,
      },
      data: stories,
    },
  },
  {
    id: 'nano-gpt-cpu',
    title: 'nanoGPT, CPU configuration',
    note:
      'The character model of nanoGPT’s read-me for machines without a GPU. On Tiny Shakespeare, which you give as a ' +
      'file, its published loss is 1.88.',
    experiment: {
      model: { layers: 4, width: 128, heads: 4, context: 64, ...nanoGptModel, dropout: 0 },
      train: {
        steps: 2000,
        batch: 12,
        accumulation: 1,
        clip: 1,
        optimizer: adamw(1e-3, 0.99),
        schedule: cosine(100, 1e-4),
        lossPositions: 'all',
        evaluationInterval: 250,
        evaluationBatches: 20,
        sampleInterval: 250,
        seeds,
      },
      data: stories,
    },
  },
  {
    id: 'nano-gpt-gpu',
    title: 'nanoGPT, GPU configuration',
    note:
      'The character model of nanoGPT’s read-me for one large GPU, with dropout. On Tiny Shakespeare, which you give ' +
      'as a file, its best published validation loss is 1.4697.',
    experiment: {
      model: { layers: 6, width: 384, heads: 6, context: 256, ...nanoGptModel, dropout: 0.2 },
      train: {
        steps: 5000,
        batch: 64,
        accumulation: 1,
        clip: 1,
        optimizer: adamw(1e-3, 0.99),
        schedule: cosine(100, 1e-4),
        lossPositions: 'all',
        evaluationInterval: 250,
        evaluationBatches: 20,
        sampleInterval: 250,
        seeds,
      },
      data: stories,
    },
  },
  {
    id: 'gpt2-124m',
    title: 'GPT-2 124M, the shape',
    note:
      'The size of the smallest GPT-2, to see what it costs. Its vocabulary of 50 257 is that of another tokenizer: ' +
      'bytes use 256 of the rows, the rest only take memory and time.',
    experiment: {
      model: {
        layers: 12,
        width: 768,
        heads: 12,
        context: 1024,
        vocabulary: 50257,
        ...nanoGptModel,
        bias: true,
        dropout: 0,
      },
      train: {
        steps: 1000,
        batch: 4,
        accumulation: 1,
        clip: 1,
        optimizer: adamw(6e-4, 0.95),
        schedule: cosine(100, 6e-5),
        lossPositions: 'all',
        evaluationInterval: 250,
        evaluationBatches: 5,
        sampleInterval: 250,
        seeds,
      },
      data: { ...stories, tokenizer: 'bytes' },
    },
  },
  {
    id: 'small-llama',
    title: 'Small Llama',
    note:
      'Everything that sets Llama apart from GPT-2: rotary positions, RMSNorm, SwiGLU, and two key/value heads shared ' +
      'by six query heads.',
    experiment: {
      model: {
        layers: 6,
        width: 192,
        heads: 6,
        keyValueHeads: 2,
        context: 128,
        norm: 'rmsNorm',
        normEpsilon: 1e-5,
        position: 'rope',
        ropeBase: 10000,
        activation: 'silu',
        gated: true,
        bias: false,
        tiedHead: true,
        dropout: 0,
      },
      train: {
        steps: 2000,
        batch: 16,
        accumulation: 1,
        clip: 1,
        optimizer: adamw(1e-3, 0.99),
        schedule: cosine(100, 1e-4),
        lossPositions: 'all',
        evaluationInterval: 250,
        evaluationBatches: 10,
        sampleInterval: 250,
        seeds,
      },
      data: stories,
    },
  },
  {
    id: 'mixtral-mini',
    title: 'Mixtral, a miniature',
    note:
      'Eight experts in every layer, of which each token takes two: four times the parameters of a dense layer that ' +
      'costs as much. Shrinks Mixtral 8x7B (Jiang et al. 2024) to four layers of 96 channels; its experts are narrower ' +
      'than Mixtral’s 3.5 · width, so that a token costs about what it costs Nano.',
    experiment: {
      model: {
        layers: 4,
        width: 96,
        heads: 4,
        keyValueHeads: 1,
        context: 64,
        norm: 'rmsNorm',
        normEpsilon: 1e-5,
        position: 'rope',
        ropeBase: 1e6,
        activation: 'silu',
        gated: true,
        bias: false,
        tiedHead: true,
        dropout: 0,
        experts: 8,
        expertsPerToken: 2,
        expertHidden: 128,
        balanceLoss: 0.02,
      },
      train: {
        steps: 1000,
        batch: 16,
        accumulation: 1,
        clip: 1,
        optimizer: adamw(2e-3, 0.99),
        schedule: cosine(50, 2e-4),
        lossPositions: 'all',
        evaluationInterval: 100,
        evaluationBatches: 10,
        sampleInterval: 100,
        seeds,
      },
      data: stories,
    },
  },
];

/** The preset of this id, if there is one. */
export function findPreset(id: string): ModelPreset | undefined {
  return presets.find((preset) => preset.id === id);
}
