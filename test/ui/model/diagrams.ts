// Diagrams of small models, for tests of their drawing.

import type { ModelDiagram } from '../../../src/contract/diagram.ts';
import { predictedTable } from '../../../src/lab/cost/kernel-table.ts';
import { modelDiagram } from '../../../src/lab/diagram/model.ts';
import { recordTrainingPlans } from '../../../src/lab/plans/training-plans.ts';
import { baselineCapabilities } from '../../../src/plan/kernel.ts';
import { type Changes, families, tinyExperiment } from '../../lab/training/tiny-runs.ts';

const { gpt2, llama } = families;

/** Settings whose drawings differ. */
export const drawings: Readonly<Record<string, Changes['model']>> = {
  'GPT-2': gpt2,
  'norms before and after': { ...llama, normPlacement: 'sandwich' },
  'parallel blocks': { ...gpt2, parallelBlocks: true },
  'no skip connections': { ...gpt2, skipConnections: false },
  'windows in a pattern': { ...llama, layers: 8, window: 4, windowPattern: 'LLLG' },
  'experts and a shared one': {
    ...llama,
    experts: 4,
    expertsPerToken: 2,
    sharedExperts: 1,
    denseLayers: 1,
    layers: 3,
  },
  'latent attention': {
    ...{ position: 'rope', norm: 'rmsNorm', heads: 2, attention: 'latent', ropeHeadSize: 4 },
    ...{ latentSize: 6, queryLatentSize: 6 },
  },
};

/** The diagram of a tiny model with these settings. */
export function tinyDiagram(model: Changes['model']): ModelDiagram {
  const experiment = tinyExperiment({ model: { vocabulary: 40, ...model } });
  const plans = recordTrainingPlans(experiment.model, experiment.train, {
    capabilities: baselineCapabilities,
  });
  return modelDiagram(experiment, plans, predictedTable({ experiment, plans }, undefined));
}
