// Tests of the rule for the memory of training: by hand, against published sizes, and against what plans allocate.
import { describe, expect, it, test } from 'vitest';
import { parseExperiment } from '../../src/model/config.ts';
import { publishedModels } from '../../src/theory/published-models.ts';
import { trainingMemory } from '../../src/theory/training-memory.ts';
import { createLab } from '../../src/worker/lab-service.ts';

const architectureOf = (wanted: string) => {
  const found = publishedModels.find(({ id }) => id === wanted);
  if (!found) throw new Error(`there is no model ${wanted}.`);
  return found.architecture;
};

describe('the rule', () => {
  it('gives a shape of Press 16 bytes a parameter and 16·d values a token and layer', () => {
    const memory = trainingMemory({ context: 8, vocabulary: 10, width: 4, layers: 2 }, 24);
    const parameters = 12 * 2 * 16 + 4 * 2 * 4 + 2 * 10 * 4;
    expect(memory).toEqual({
      ...{ weights: 4 * parameters, gradients: 4 * parameters, moments: 8 * parameters },
      activations: 4 * 24 * 2 * 16 * 4,
      total: 16 * parameters + 4 * 24 * 2 * 16 * 4,
      largestMatrix: { name: 'matrix of the FFN', bytes: 4 * 4 * 16 },
    });
  });

  it('counts the exact parameters of a published model, and its keys, gates and experts', () => {
    const llama = trainingMemory(architectureOf('llama-3-8b'), 1000);
    expect(llama.weights).toBe(4 * 8_030_261_248);
    expect(llama.activations).toBe(4 * 1000 * 32 * (4 * 4096 + 2 * (32 + 8) * 128 + 3 * 14_336));
    expect(llama.largestMatrix.bytes).toBe(4 * 2 * 4096 * 14_336);
    const mixtral = trainingMemory(architectureOf('mixtral-8x7b'), 1000);
    // Two of eight experts are used by a token; all of them are bound together.
    expect(mixtral.activations).toBe(4 * 1000 * 32 * (4 * 4096 + 2 * (32 + 8) * 128 + 2 * 3 * 14_336));
    expect(mixtral.largestMatrix.bytes).toBe(4 * 8 * 2 * 4096 * 14_336);
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a batch of %d tokens', (tokens) => {
    const model = { context: 8, vocabulary: 10, width: 4, layers: 2 };
    expect(() => trainingMemory(model, tokens)).toThrow(/tokens of a batch are impossible/);
  });
});

test.each(['nano-gpt-cpu', 'nano-gpt-gpu', 'gpt2-124m'])(
  'the plans of %s allocate what the rule says, and up to 15 %% more for what one layer needs at a time',
  async (id) => {
    const lab = createLab();
    const { presets } = await lab.catalogue();
    const preset = presets.find((one) => one.id === id);
    const parsed = parseExperiment(preset?.experiment);
    if (!preset || parsed.kind !== 'ok') throw new Error(`there is no preset ${id}.`);
    const { model, train } = parsed.experiment;
    const answer = await lab.predict(preset.experiment);
    if (answer.kind !== 'ok') throw new Error(answer.problem.message);
    const { memoryBytes, vocabulary = 0, tokensPerStep } = answer.value;
    const shape = { context: model.context, vocabulary, width: model.width, layers: model.layers };
    const rule = trainingMemory(shape, tokensPerStep / train.accumulation);
    expect(memoryBytes.activations / rule.activations).toBeGreaterThan(1);
    expect(memoryBytes.activations / rule.activations).toBeLessThan(1.15);
  },
);
