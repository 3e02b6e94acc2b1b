// The presets to start with: GPT-2 in the sizes of nanoGPT, and what sets Llama and Mixtral apart from it.
import { llamaBlocks, type ModelPreset, miniature, stories, trainingOf } from './training.ts';

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

/** Plain dense models: what calibration takes its kernels from. */
export const plainPresets: readonly ModelPreset[] = [
  {
    id: 'nano',
    title: 'Nano',
    note:
      'Learns words, then sentences, then to tell small stories, from pieces of words: in half a minute on a laptop GPU of ' +
      '2 TFLOP/s and 60 GB/s, by prediction. Four layers of 96 channels: small enough to train on a software GPU too, in ' +
      'about seven minutes on two processor cores.',
    experiment: {
      model: { layers: 4, width: 96, heads: 3, context: 64, ...nanoGptModel, dropout: 0 },
      train: trainingOf({ steps: 2500, learningRate: 4e-3 }),
      data: { ...stories, tokenizer: 'bpe', tokenizerVocabulary: 512 },
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
      train: trainingOf({
        steps: 2000,
        batch: 12,
        learningRate: 1e-3,
        warmupSteps: 100,
        interval: 250,
        evaluationBatches: 20,
      }),
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
      train: trainingOf({
        steps: 5000,
        batch: 64,
        learningRate: 1e-3,
        warmupSteps: 100,
        interval: 250,
        evaluationBatches: 20,
      }),
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
      train: trainingOf({
        batch: 4,
        learningRate: 6e-4,
        beta2: 0.95,
        warmupSteps: 100,
        interval: 250,
        evaluationBatches: 5,
      }),
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
        ...llamaBlocks,
        tiedHead: true,
      },
      train: trainingOf({ steps: 2000, learningRate: 1e-3, warmupSteps: 100, interval: 250 }),
      data: stories,
    },
  },
];

/** For processors: the best of what two cores train in a minute (README, Measured). */
export const pico: ModelPreset = {
  id: 'pico',
  title: 'Pico',
  note:
    'Small enough for a processor, where there is no GPU: two layers of 64 channels, on pieces of words learned from the ' +
    'text, which write readable sentences after about a minute on two cores.',
  experiment: {
    model: { layers: 2, width: 64, heads: 2, context: 64, ...nanoGptModel, dropout: 0 },
    train: trainingOf({ steps: 4000, batch: 8, learningRate: 6e-3, interval: 400 }),
    data: { ...stories, tokenizer: 'bpe', tokenizerVocabulary: 512, characters: 600_000 },
  },
};

/** Mixtral's miniature, the first with experts. */
export const mixtralMini: ModelPreset = miniature(
  'mixtral-mini',
  'Mixtral, a miniature',
  'Eight experts in every layer, of which each token takes two: four times the parameters of a dense layer that ' +
    'costs as much. Shrinks Mixtral 8x7B (Jiang et al. 2024) to four layers of 96 channels; its experts are narrower ' +
    'than Mixtral’s 3.5 · width, so that a token costs about what it costs Nano.',
  {
    layers: 4,
    width: 96,
    heads: 4,
    keyValueHeads: 1,
    context: 64,
    ...llamaBlocks,
    ropeBase: 1e6,
    tiedHead: true,
    experts: 8,
    expertsPerToken: 2,
    expertHidden: 128,
    balanceLoss: 0.02,
  },
);
