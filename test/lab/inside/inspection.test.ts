// Looking into a model: loss, logits in chunks, and gradients, against PyTorch, on the reference loops.
import { describe, expect, it } from 'vitest';
import { readSafetensors } from '../../../src/data/safetensors.ts';
import { inspectModel, recordInspectionPlans } from '../../../src/lab/inside/inspection.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { parseLabelledBatch, shortenBatch } from '../../../src/lab/plans/labelled-batches.ts';
import { baselineCapabilities } from '../../../src/plan/kernel.ts';
import { fixtureBytes, fixtureJson, fixtureModel } from '../../model/run-model.ts';

async function fixture(folder: string) {
  const { model, stored, weights } = await fixtureModel(folder);
  const files = { model, weights: stored };
  const tokens = parseLabelledBatch('tokens', fixtureJson(folder, 'tokens.json'), files.model);
  const { loss } = fixtureJson<{ loss: number }>(folder, 'expected.json');
  const expected = readSafetensors(fixtureBytes(folder, 'expected.safetensors')).tensors.get('logits');
  return { files, names: [...weights.keys()], tokens, loss, logits: expected?.data() ?? new Float32Array(0) };
}

describe('an inspection', () => {
  it.each(['gpt2-b', 'llama-c'])('of %s has the loss and the logits of PyTorch', async (folder) => {
    const { files, tokens, loss, logits } = await fixture(folder);
    let at = 0;
    let worst = 0;
    const onLogits = async (rows: Float32Array) => {
      for (const value of rows) worst = Math.max(worst, Math.abs(value - (logits[at++] ?? Number.NaN)));
    };
    const found = await inspectModel(cpuEngine(), files, tokens, { onLogits });
    expect(Math.abs(found.loss - loss)).toBeLessThan(1e-5);
    expect(at).toBe(logits.length);
    expect(worst).toBeLessThan(1e-4);
    expect(found.gradients).toBeUndefined();
  });

  it('has a gradient for every parameter when asked for, and the same loss', async () => {
    const { files, names, tokens, loss } = await fixture('llama-c');
    const found = await inspectModel(cpuEngine(), files, tokens, { gradients: true });
    expect(Math.abs(found.loss - loss)).toBeLessThan(1e-5);
    expect([...(found.gradients?.keys() ?? [])].sort()).toEqual([...names].sort());
    for (const [name, gradient] of found.gradients ?? [])
      expect(
        gradient.some((value) => value !== 0),
        name,
      ).toBe(true);
  });

  it('is sized by its rows, not by the longest context of the model', async () => {
    const { files, tokens, loss } = await fixture('llama-c');
    const long = { ...files, model: { ...files.model, context: 2 ** 20 } };
    const found = await inspectModel(cpuEngine(2 ** 22), long, tokens, {});
    expect(Math.abs(found.loss - loss)).toBeLessThan(1e-5);
  });

  it('gives positions that no row reaches a gradient of zero', async () => {
    const { files } = await fixture('gpt2-b');
    const { width, context } = files.model;
    const rows = { inputs: [[1, 2, 3, 4, 5, 6, 7, 8, 9]], targets: [[2, 3, 4, 5, 6, 7, 8, 9, 1]] };
    const tokens = shortenBatch('tokens', parseLabelledBatch('tokens', rows, files.model), 8);
    const { gradients } = await inspectModel(cpuEngine(), files, tokens, { gradients: true });
    const positions = gradients?.get('positionEmbedding');
    expect(positions).toHaveLength(context * width);
    expect(positions?.subarray(0, 8 * width).some((value) => value !== 0)).toBe(true);
    expect(positions?.subarray(8 * width).some((value) => value !== 0)).toBe(false);
  });

  it('records no backward pass and no gradients unless asked for', async () => {
    const { files, tokens } = await fixture('llama-c');
    const options = { capabilities: baselineCapabilities };
    const plain = recordInspectionPlans(files.model, tokens, { ...options, gradients: false });
    expect(plain.loss.dispatches.every(({ phase }) => phase === 'forward')).toBe(true);
    const full = recordInspectionPlans(files.model, tokens, { ...options, gradients: true });
    expect(full.loss.dispatches.some(({ phase }) => phase === 'backward')).toBe(true);
  });

  it('refuses a model that the machine cannot hold', async () => {
    const { files, tokens } = await fixture('llama-c');
    await expect(inspectModel(cpuEngine(1000), files, tokens, {})).rejects.toMatchObject({
      problem: { kind: 'tooLarge' },
    });
  });
});
