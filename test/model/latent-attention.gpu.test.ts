// Latent attention on a GPU: PyTorch's losses, and decoding from latents as the whole sequence.
import { expect, it } from 'vitest';
import { gpuEngine } from '../../src/lab/plans/engine.ts';
import { recordInferencePlans } from '../../src/lab/plans/inference-plans.ts';
import { createModelTensors } from '../../src/model/tensors.ts';
import { describeGpu, getTestDevice } from '../gpu-device.ts';
import {
  decodeAndPrefill,
  drawWeights,
  expectNear,
  experimentOf,
  goldenLatents,
  lossesOf,
} from './run-latent.ts';

/** One of them, all in a full run. latent-attention.test.ts has all on the references. */
const cases = goldenLatents
  .filter((_, index) => process.env.FLOPSCOPE_FULL !== undefined || index === 0)
  .map((golden) => [golden.name, golden] as const);

describeGpu('latent attention', () => {
  it.each(cases)('of %s learns for 20 steps as in PyTorch', async (_, golden) => {
    const losses = await lossesOf(golden, gpuEngine(await getTestDevice()));
    expect(losses).toHaveLength(20);
    expectNear(losses, golden.curve, 'losses', 1e-4);
  });

  it.each(cases)('of %s decodes from latents to the logits of the whole sequence', async (_, golden) => {
    const { model } = experimentOf(golden);
    const [sequence = []] = golden.batches[0] ?? [];
    const engine = gpuEngine(await getTestDevice());
    const tokens = sequence.slice(0, -1);
    const weights = drawWeights(golden.parameters);
    const { decoded, prefilled, continued } = await decodeAndPrefill(model, weights, tokens, engine);
    for (const [position, logits] of prefilled.entries()) {
      expectNear(decoded[position] ?? [], logits, `position ${position}`, 1e-4);
      if (position > 0) expectNear(continued[position - 1] ?? [], logits, `after ${position}`, 1e-4);
    }
  });

  it('allocates d_c + r values of a token and layer for its cache', async () => {
    const engine = gpuEngine(await getTestDevice());
    const allocated = async (context: number) => {
      const { model: config } = experimentOf(goldenLatents[0] as (typeof goldenLatents)[number]);
      const options = { maxBindingBytes: 1 << 27, gradients: false };
      const model = createModelTensors({ ...config, context }, options);
      const { decode } = recordInferencePlans(model, engine);
      const runtime = await engine.createRuntime([decode], []);
      runtime.dispose();
      return runtime.allocatedBytes;
    };
    const table = 4; // cosines and sines of r / 2 pairs
    const [latent, ropeKey, layers] = [5, 4, 2];
    expect((await allocated(144)) - (await allocated(16))).toBe(
      128 * 4 * ((latent + ropeKey) * layers + table),
    );
  });
});
