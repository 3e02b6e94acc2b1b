// A small catalogue for tests of the page and for looking at it without a worker: the real form and three presets.

import type { Catalogue, FormField } from '../../../src/contract/form.ts';
import type { ExperimentJson } from '../../../src/contract/values.ts';
import { formFields } from '../../../src/lab/plans/form-fields.ts';

/** The hidden width has a number of its own here: no model stands behind the page that it could follow from. */
const fields: readonly FormField[] = formFields().map((field) =>
  field.path === 'model.hidden' ? { ...field, default: 256, automatic: false } : field,
);

const experiment = (model: ExperimentJson['model'], train: ExperimentJson['train']): ExperimentJson => ({
  model: { layers: 2, width: 64, heads: 4, context: 64, ...model },
  train: { steps: 400, batch: 16, optimizer: { kind: 'adamw', learningRate: 3e-3 }, ...train },
  data: { source: 'stories', tokenizer: 'characters' },
});

/** Three presets over all fields of the form. */
export const fakeCatalogue: Catalogue = {
  version: 1,
  fields,
  processorPreset: 'shakespeare-cpu',
  presets: [
    {
      id: 'nano',
      title: 'Nano',
      group: 'To start with',
      note: 'Two layers of 64: shows words within a minute on a laptop.',
      experiment: experiment({}, {}),
    },
    {
      id: 'shakespeare-cpu',
      title: 'nanoGPT, small',
      group: 'To start with',
      note: 'Four layers of 128, the configuration that others train on a processor.',
      experiment: experiment({ layers: 4, width: 128 }, { steps: 2000, batch: 12 }),
    },
    {
      id: 'small-llama',
      title: 'Small Llama',
      group: 'To start with',
      note: 'Rope, RMSNorm, gated units, grouped queries.',
      experiment: experiment({ layers: 6, width: 192, norm: 'rmsNorm', position: 'rope' }, { steps: 3000 }),
    },
  ],
};
