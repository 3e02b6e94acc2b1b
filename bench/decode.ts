// Decoding with and without the cache by context: time per token a + b·n against a + b·n + c·n²; with keys and values of heads,
// and with latents.

import { gpuEngine } from '../src/lab/plans/engine.ts';
import { recordInferencePlans } from '../src/lab/plans/inference-plans.ts';
import { writeParameters } from '../src/lab/plans/parameter-io.ts';
import { Sampler } from '../src/lab/sampling/sampler.ts';
import { median } from '../src/lab/training/median.ts';
import { parseExperiment } from '../src/model/config.ts';
import { initialiseParameters } from '../src/model/initialise.ts';
import { parameterSpecs } from '../src/model/parameters.ts';
import { constantTables, createModelTensors } from '../src/model/tensors.ts';
import { storagesOf } from '../src/plan/store.ts';
import type { OpenDevice } from '../src/runtime/device.ts';

const contexts = [128, 512, 2048];
const tokensTimed = 16;
/** Rounds before and while timing: the first ones compile and find the length of a submit. */
const [warmUp, rounds] = [3, 5];

/** What a cache may hold: heads of 32, or latents of 64 beside a rotated key of 16. */
const attentions = {
  heads: {},
  latent: { attention: 'latent', latentSize: 64, ropeHeadSize: 16 },
} as const;

/** Prints milliseconds per token after n tokens of context, cached and uncached, and their ratio. */
export async function benchDecode(open: OpenDevice): Promise<void> {
  for (const kind of ['heads', 'latent'] as const) await benchKind(open, kind);
}

async function benchKind(open: OpenDevice, kind: keyof typeof attentions): Promise<void> {
  console.log(`attention ${kind}`);
  console.log('context   cached ms   uncached ms   ratio');
  for (const context of contexts) {
    const sampler = await samplerFor(open, context, kind);
    const prompt = Array.from({ length: context - tokensTimed }, (_, i) => i % 64);
    const time = async (useCache: boolean) => {
      const options = { temperature: 0, topK: 0, topP: 1, seed: 1, useCache };
      const times: number[] = [];
      for (let round = 0; round < warmUp + rounds; round++) {
        const result = await sampler.generate(prompt, { ...options, maximumTokens: tokensTimed });
        if (round >= warmUp) times.push((1000 * result.decodeSeconds) / result.decodedTokens);
      }
      return median(times);
    };
    const [cached, uncached] = [await time(true), await time(false)];
    console.log(
      `${String(context).padStart(7)}${cached.toFixed(2).padStart(12)}${uncached.toFixed(2).padStart(14)}` +
        `${(uncached / cached).toFixed(1).padStart(8)}`,
    );
  }
}

/** A small Llama with random weights: speed does not depend on what it learned. */
async function samplerFor(
  open: OpenDevice,
  context: number,
  kind: keyof typeof attentions,
): Promise<Sampler> {
  const sizes = { layers: 4, width: 128, heads: 4, context, vocabulary: 65 };
  const parsed = parseExperiment({
    model: { ...sizes, position: 'rope', norm: 'rmsNorm', ...attentions[kind] },
    train: { steps: 1, batch: 1, optimizer: { learningRate: 1e-3 } },
    data: {},
  });
  if (parsed.kind !== 'ok') throw new Error(parsed.problems[0]?.message);
  const { maxBindingBytes } = open.capabilities;
  const config = parsed.experiment.model;
  const model = createModelTensors(config, { maxBindingBytes, gradients: false });
  const plans = recordInferencePlans(model, open);
  const all = [...plans.prefill.map(({ plan }) => plan), plans.decode];
  const runtime = await gpuEngine(open).createRuntime(all, storagesOf(model.store));
  for (const { tensor, values } of constantTables(model)) runtime.write(tensor, values);
  const weights = new Map<string, Float32Array>();
  initialiseParameters(parameterSpecs(config), 1, (name, values) => weights.set(name, values));
  writeParameters(runtime, model.store, 'weights', weights);
  return new Sampler(runtime, plans);
}
