// Variants of attention with heads on a GPU: PyTorch's losses, and decoding from rings as the whole sequence.
import { expect, it } from 'vitest';
import { gpuEngine } from '../../src/lab/plans/engine.ts';
import { describeGpu, getTestDevice } from '../gpu-device.ts';
import { goldenAttention } from './golden-attention.ts';
import { decodeAndPrefill, drawWeights, expectNear, experimentOf, lossesOf } from './run-latent.ts';

const cases = goldenAttention.map((golden) => [golden.name, golden] as const);
const isFull = process.env.FLOPSCOPE_FULL !== undefined;

describeGpu('attention with heads', () => {
  // In every run latent-attention.gpu.test.ts learns as PyTorch does.
  it.runIf(isFull).each(cases.filter(([, { curve }]) => curve.length > 0))(
    'of %s learns for 20 steps as in PyTorch',
    async (_, golden) => {
      const losses = await lossesOf(golden, gpuEngine(await getTestDevice()));
      expect(losses).toHaveLength(20);
      expectNear(losses, golden.curve, 'losses', 1e-4);
    },
  );

  // With sinks, biases, and windows; all in a full run, and in attention-block.test.ts on the references.
  it.each(cases.filter(([name]) => isFull || name === 'gpt-oss'))(
    'of %s decodes to the logits of the whole sequence',
    async (_, golden) => {
      const { model } = experimentOf(golden);
      const tokens = (golden.batches[0]?.[0] ?? []).slice(0, -1);
      const weights = drawWeights(golden.parameters);
      const engine = gpuEngine(await getTestDevice());
      const { decoded, prefilled, continued } = await decodeAndPrefill(model, weights, tokens, engine);
      expectNear(prefilled.flat(), golden.logits.slice(0, tokens.length * model.vocabulary), 'logits', 1e-4);
      for (const [position, logits] of prefilled.entries()) {
        expectNear(decoded[position] ?? [], logits, `position ${position}`, 1e-4);
        if (position > 0) expectNear(continued[position - 1] ?? [], logits, `after ${position}`, 1e-4);
      }
    },
  );
});
