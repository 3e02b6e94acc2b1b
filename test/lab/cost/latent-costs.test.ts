// The costs of latent attention: closed form and named differences are the plan.
import { describe, expect, it } from 'vitest';
import { termReport } from '../../../src/lab/cost/terms.ts';
import { recordInferencePlans } from '../../../src/lab/plans/inference-plans.ts';
import { predictTraining } from '../../../src/lab/plans/prediction.ts';
import { recordTrainingPlans } from '../../../src/lab/plans/training-plans.ts';
import { countParameters } from '../../../src/model/parameters.ts';
import { baselineCapabilities, type Capabilities } from '../../../src/plan/kernel.ts';
import { type Changes, tinyExperiment } from '../training/tiny-runs.ts';

const latent = {
  ...{
    attention: 'latent',
    norm: 'rmsNorm',
    gated: true,
    activation: 'silu',
    position: 'rope',
    vocabulary: 65,
  },
  ...{ latentSize: 11, queryLatentSize: 9, ropeHeadSize: 6, valueHeadSize: 10, tiedHead: false },
};
const software: Capabilities = {
  ...baselineCapabilities,
  features: new Set(['subgroups']),
  subgroupMinSize: 8,
  subgroupMaxSize: 8,
};

const grid: Readonly<Record<string, Changes & { readonly device?: Capabilities }>> = {
  'as in DeepSeek-V2': { model: latent },
  'queries that are not compressed, no norms': {
    model: { ...latent, queryLatentSize: 0, latentNorm: false, attentionSoftcap: 30 },
  },
  'no positions of its own': { model: { ...latent, position: 'learned', ropeHeadSize: 0 } },
  'accumulation and dropout': {
    model: { ...latent, dropout: 0.1 },
    train: { batch: 2, accumulation: 3 },
  },
  'long sums, in slices': { model: { ...latent, context: 320 }, train: { batch: 8 } },
  'a software GPU': { model: { ...latent, context: 70 }, device: software },
};

describe.each(Object.keys(grid))('latents: %s', (name) => {
  const { device = baselineCapabilities, ...changes } = grid[name] ?? {};
  const experiment = tinyExperiment(changes);
  const options = { capabilities: device };
  const record = () => {
    const plans = recordTrainingPlans(experiment.model, experiment.train, options);
    const sampling = recordInferencePlans(plans.model, options);
    return termReport(experiment, plans, sampling);
  };

  it.each(['training', 'evaluation', 'prefill', 'decode'])('add up for %s, to the last flop', (work) => {
    const table = record().tables.find((candidate) => candidate.work === work);
    if (!table) throw new Error(`no table of ${work}`);
    for (const row of [...table.rows, table.total]) {
      const named = row.differences.reduce((sum, { flops }) => sum + flops, 0);
      const wasted = row.waste.reduce((sum, { flops }) => sum + flops, 0);
      expect([row.term, row.unexplainedFlops]).toEqual([row.term, 0]);
      expect(row.closedFlops + named).toBe(row.usefulFlops);
      expect(row.usefulFlops + wasted).toBe(row.launchedFlops);
    }
    expect(table.rows.flatMap(({ differences }) => differences).map((part) => part.name)).not.toContain(
      'other arithmetic',
    );
    const parameters = table.rows.reduce((sum, row) => sum + row.parameters, 0);
    expect(parameters).toBe(countParameters(experiment.model));
  });

  it('name what absorption costs a decoded token, and nothing else', () => {
    const { heads, layers, context, headSize, valueHeadSize, latentSize, ropeHeadSize } = experiment.model;
    const decode = record().tables.find(({ work }) => work === 'decode');
    const row = decode?.rows.find(({ term }) => term === 'attention');
    const part = row?.differences.find((difference) => difference.name === 'absorbed latents');
    const wider = 2 * latentSize + ropeHeadSize - (headSize + ropeHeadSize + valueHeadSize);
    expect(part?.flops).toBe(2 * layers * heads * context * wider);
  });
});

describe('conventions of flops', () => {
  it('are not given for latent attention, for which none was written', () => {
    const experiment = tinyExperiment({ model: { ...latent, vocabulary: 20 } });
    const plans = recordTrainingPlans(experiment.model, experiment.train, {
      capabilities: baselineCapabilities,
    });
    const rows = predictTraining(experiment, plans, undefined).flopsPerToken;
    expect(rows.map(({ convention }) => convention)).toEqual(['plan']);
  });
});
