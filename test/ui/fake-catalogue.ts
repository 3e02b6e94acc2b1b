// A small catalogue in the shape of the real one, for tests of the page and for looking at it without a worker.
import type { Catalogue, ExperimentJson, FormField } from '../../src/worker/api.ts';

const integer = (path: string, label: string, value: number, more: Partial<FormField> = {}): FormField => ({
  path,
  label,
  help: `${label} of the experiment.`,
  kind: 'integer',
  minimum: 1,
  default: value,
  advanced: false,
  ...more,
});

const number = (path: string, label: string, value: number, more: Partial<FormField> = {}): FormField => ({
  ...integer(path, label, value, { minimum: 0, ...more }),
  kind: 'number',
});

const choice = (
  path: string,
  label: string,
  choices: readonly string[],
  more: Partial<FormField> = {},
): FormField => ({
  path,
  label,
  help: `${label} of the experiment.`,
  kind: 'choice',
  choices,
  default: choices[0] ?? '',
  advanced: false,
  ...more,
});

const toggle = (path: string, label: string, value: boolean, more: Partial<FormField> = {}): FormField => ({
  path,
  label,
  help: `${label} of the experiment.`,
  kind: 'boolean',
  default: value,
  advanced: true,
  ...more,
});

const fields: readonly FormField[] = [
  integer('model.layers', 'Layers', 2),
  integer('model.width', 'Width', 64),
  integer('model.heads', 'Query heads', 4),
  integer('model.keyValueHeads', 'Key/value heads', 4, { advanced: true }),
  integer('model.hidden', 'Hidden width', 256, { advanced: true }),
  integer('model.context', 'Context', 64, { unit: 'tokens' }),
  choice('model.norm', 'Norm', ['layerNorm', 'rmsNorm'], { advanced: true }),
  choice('model.position', 'Positions', ['learned', 'rope'], { advanced: true }),
  number('model.ropeBase', 'Rope base', 10_000, {
    advanced: true,
    onlyIf: { path: 'model.position', values: ['rope'] },
  }),
  choice('model.activation', 'Activation', ['geluTanh', 'gelu', 'silu', 'relu'], { advanced: true }),
  toggle('model.tiedHead', 'Tied head', true),
  number('model.dropout', 'Dropout', 0, { maximum: 0.9 }),
  integer('train.steps', 'Steps', 400),
  integer('train.batch', 'Batch', 16, { unit: 'sequences' }),
  integer('train.accumulation', 'Micro-batches', 1, { advanced: true }),
  choice('train.optimizer.kind', 'Optimizer', ['adamw', 'sgd']),
  number('train.optimizer.learningRate', 'Learning rate', 0.003),
  number('train.optimizer.weightDecay', 'Weight decay', 0.1, { advanced: true }),
  choice('train.schedule.kind', 'Schedule', ['cosine', 'linear', 'constant']),
  integer('train.schedule.warmupSteps', 'Warm-up', 20, { unit: 'steps', minimum: 0 }),
  integer('train.evaluationInterval', 'Evaluate every', 50, { unit: 'steps', advanced: true }),
  integer('train.sampleInterval', 'Write every', 50, { unit: 'steps', minimum: 0, advanced: true }),
  integer('train.seeds.weights', 'Seed of weights', 1, { minimum: 0, advanced: true }),
  choice('data.source', 'Text', ['stories', 'arithmetic', 'copyRecall', 'file']),
  choice('data.tokenizer', 'Tokenizer', ['characters', 'bytes']),
  number('data.validationFraction', 'Held out', 0.1, { advanced: true }),
];

const experiment = (model: ExperimentJson['model'], train: ExperimentJson['train']): ExperimentJson => ({
  model: { layers: 2, width: 64, heads: 4, context: 64, ...model },
  train: { steps: 400, batch: 16, optimizer: { kind: 'adamw', learningRate: 3e-3 }, ...train },
  data: { source: 'stories', tokenizer: 'characters' },
});

/** Three presets over two dozen fields. */
export const fakeCatalogue: Catalogue = {
  version: 1,
  fields,
  presets: [
    {
      id: 'nano',
      title: 'Nano',
      note: 'Two layers of 64: shows words within a minute on a laptop.',
      experiment: experiment({}, {}),
    },
    {
      id: 'shakespeare-cpu',
      title: 'nanoGPT, small',
      note: 'Four layers of 128, the configuration that others train on a processor.',
      experiment: experiment({ layers: 4, width: 128 }, { steps: 2000, batch: 12 }),
    },
    {
      id: 'small-llama',
      title: 'Small Llama',
      note: 'Rope, RMSNorm, gated units, grouped queries.',
      experiment: experiment({ layers: 6, width: 192, norm: 'rmsNorm', position: 'rope' }, { steps: 3000 }),
    },
  ],
};
