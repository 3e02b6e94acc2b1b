// Runs over given batches against PyTorch's float64 curves, on the reference loops; and what an optimizer file may say.
import { describe, expect, it } from 'vitest';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { parseLabelledBatches } from '../../../src/lab/plans/labelled-batches.ts';
import { parseListedOptimizer, prepareListedRun, runListed } from '../../../src/lab/training/listed-run.ts';
import { fixtureJson, fixtureModel } from '../../model/run-model.ts';
import { near } from '../../near.ts';

async function prepare(folder: string) {
  const { model, stored: weights } = await fixtureModel(folder);
  const { vocabulary, context } = model;
  const batches = parseLabelledBatches('batches', fixtureJson(folder, 'batches.json'), {
    vocabulary,
    context,
  });
  const optimizer = parseListedOptimizer('optimizer', fixtureJson(folder, 'optimizer.json'));
  return prepareListedRun(cpuEngine(), { model, weights }, batches, optimizer);
}

describe('a run over listed batches', () => {
  it.each(['gpt2-a', 'gpt2-erf', 'llama-a', 'llama-c'])(
    "of %s follows PyTorch's curve and norms",
    async (folder) => {
      const run = await prepare(folder);
      const expected = fixtureJson<{ curve: number[]; gradientNorms: number[] }>(folder, 'expected.json');
      const losses: number[] = [];
      const norms: number[] = [];
      await runListed(run, ({ loss, gradientNorm }) => {
        losses.push(loss);
        norms.push(gradientNorm);
      });
      expect(losses).toHaveLength(20);
      losses.forEach((loss, i) => {
        expect(Math.abs(loss - (expected.curve[i] ?? 0)), `step ${i + 1}`).toBeLessThan(1e-4);
        expect(Math.abs((norms[i] ?? 0) / (expected.gradientNorms[i] ?? 1) - 1)).toBeLessThan(1e-3);
      });
    },
  );

  it('stops between steps when asked to, and throws what a listener throws', async () => {
    const run = await prepare('llama-c');
    const steps: number[] = [];
    await runListed(
      run,
      ({ step }) => steps.push(step),
      () => run.trainer.progress.step >= 3,
    );
    expect(steps).toEqual([1, 2, 3]);
    const failing = runListed(run, ({ step }) => {
      if (step === 5) throw new Error('the pipe is closed');
    });
    await expect(failing).rejects.toThrow('the pipe is closed');
  });
});

describe('an optimizer file', () => {
  it("has PyTorch's defaults where it says nothing", () => {
    expect(parseListedOptimizer('o', { kind: 'adamw', learningRate: 0.01 })).toEqual({
      ...{
        kind: 'adamw',
        learningRate: near(0.01),
        betas: [near(0.9), near(0.999)],
        epsilon: near(1e-8),
        weightDecay: near(0.01),
        clip: 0,
      },
    });
  });

  it.each([
    [{}, 'kind'],
    [{ kind: 'sgd', learningRate: 0.1 }, 'kind'],
    [{ kind: 'adamw' }, 'learningRate'],
    [{ kind: 'adamw', learningRate: -1 }, 'learningRate'],
    [{ kind: 'adamw', learningRate: 'fast' }, 'learningRate'],
    [{ kind: 'adamw', learningRate: 0.1, betas: [0.9] }, 'betas'],
    [{ kind: 'adamw', learningRate: 0.1, betas: [0.9, 1] }, 'betas'],
    [{ kind: 'adamw', learningRate: 0.1, epsilon: 0 }, 'epsilon'],
    [{ kind: 'adamw', learningRate: 0.1, clip: -1 }, 'clip'],
    [{ kind: 'adamw', learningRate: 0.1, lr: 1 }, 'lr'],
    [[], 'the file|kind'],
    [null, 'the file'],
  ])('that is %j is refused, naming the field', (json, field) => {
    expect(() => parseListedOptimizer('optimizer.json', json)).toThrow(
      new RegExp(`^optimizer.json: (${field})`),
    );
  });
});
