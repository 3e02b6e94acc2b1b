// How many pipelines a run compiles: layers of one shape share them, whatever they draw and wherever their parts lie.
import { describe, expect, it } from 'vitest';
import { recordTrainingPlans } from '../../../src/lab/plans/training-plans.ts';
import { parseExperiment } from '../../../src/model/config.ts';
import { presets } from '../../../src/model/presets/catalogue.ts';
import { baselineCapabilities } from '../../../src/plan/kernel.ts';
import { pipelineKey } from '../../../src/runtime/pipelines.ts';

/** Pipelines of a preset's training plans with so many layers, with dropout and, where it has experts, noise. */
function pipelinesOf(id: string, layers: number, optimizer?: object): string[] {
  const { experiment } = presets.find((preset) => preset.id === id) ?? {};
  const { model = {}, train = {}, ...rest } = experiment as Record<string, object>;
  const parsed = parseExperiment({
    ...rest,
    model: { ...model, layers, dropout: 0.1 },
    train: { ...train, ...(optimizer ? { optimizer } : {}) },
  });
  if (parsed.kind !== 'ok') throw new Error(JSON.stringify(parsed));
  const config = { ...parsed.experiment.model, vocabulary: parsed.experiment.model.vocabulary || 65 };
  const { accumulate, update, evaluate } = recordTrainingPlans(config, parsed.experiment.train, {
    capabilities: baselineCapabilities,
  });
  const dispatches = [accumulate, update, evaluate].flatMap((plan) => plan.dispatches);
  return [...new Set(dispatches.map(({ kernel, dims }) => pipelineKey(kernel, dims)))].sort();
}

const muon = { kind: 'muon', learningRate: 0.02, momentum: 0.95 };

describe('pipelines', () => {
  it.each([
    ['nano', undefined],
    ['small-llama', muon],
    ['mixtral-mini', undefined],
    ['deepseek-v3-mini', undefined],
    ['gemma3-mini', undefined],
  ])('of %s are as many for eighteen layers as for twelve', (id, optimizer) => {
    expect(pipelinesOf(id, 18, optimizer).length).toBe(pipelinesOf(id, 12, optimizer).length);
  });
});
