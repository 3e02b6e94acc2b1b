// How many pipelines a run compiles: layers share them, whatever they draw and wherever their parts lie, and so do products
// of many sizes.
import { describe, expect, it } from 'vitest';
import { recordTrainingPlans } from '../../../src/lab/plans/training-plans.ts';
import { parseExperiment } from '../../../src/model/config.ts';
import { presets } from '../../../src/model/presets/catalogue.ts';
import { baselineCapabilities, type Dispatch } from '../../../src/plan/kernel.ts';
import { pipelineKey } from '../../../src/runtime/pipelines.ts';

/** What a preset's training plans dispatch with so many layers. */
function dispatchesOf(id: string, layers: number, optimizer?: object, dropout = 0.1): Dispatch[] {
  const { experiment } = presets.find((preset) => preset.id === id) ?? {};
  const { model = {}, train = {}, ...rest } = experiment as Record<string, object>;
  const parsed = parseExperiment({
    ...rest,
    model: { ...model, layers, dropout },
    train: { ...train, ...(optimizer ? { optimizer } : {}) },
  });
  if (parsed.kind !== 'ok') throw new Error(JSON.stringify(parsed));
  const config = { ...parsed.experiment.model, vocabulary: parsed.experiment.model.vocabulary || 65 };
  const { accumulate, update, evaluate } = recordTrainingPlans(config, parsed.experiment.train, {
    capabilities: baselineCapabilities,
  });
  return [accumulate, update, evaluate].flatMap((plan) => plan.dispatches);
}

/** Pipelines that dispatches take. */
function pipelinesOf(dispatches: readonly Dispatch[]): number {
  return new Set(dispatches.map(({ kernel, dims }) => pipelineKey(kernel, dims))).size;
}

const muon = { kind: 'muon', learningRate: 0.02, momentum: 0.95 };

describe('pipelines', () => {
  it.each([
    ['nano', undefined],
    ['gpt2-124m', undefined], // whose shards, of 2²⁷ bytes at most, are more with more layers
    ['small-llama', muon],
    ['mixtral-mini', undefined],
    ['deepseek-v3-mini', undefined],
    ['gemma3-mini', undefined],
  ])('of %s are as many for eighteen layers as for twelve', (id, optimizer) => {
    const [deep, shallow] = [18, 12].map((layers) => pipelinesOf(dispatchesOf(id, layers, optimizer)));
    expect(deep).toBe(shallow);
  });

  // The largest preset is where compiling takes longest before a first step.
  it('of gpt2-124m are less than half of the 70 that it took while each shape had its own', () => {
    expect(pipelinesOf(dispatchesOf('gpt2-124m', 12, undefined, 0))).toBeLessThan(70 / 2);
  });
});
