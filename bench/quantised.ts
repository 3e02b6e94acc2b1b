// Decoding of a Llama of 100 M parameters with weights in each format: tokens per second in turns, and the bytes they take.
import { gpuEngine } from '../src/lab/plans/engine.ts';
import { inferenceMemory } from '../src/lab/plans/inference-memory.ts';
import type { StoredWeights } from '../src/lab/plans/parameter-io.ts';
import { median } from '../src/lab/training/median.ts';
import { type OpenSampler, openSampler } from '../src/lab/training/open-sampler.ts';
import { type ModelConfig, parseExperiment } from '../src/model/config.ts';
import { countParameters, parameterSpecs } from '../src/model/parameters.ts';
import { type WeightFormat, weightFormats } from '../src/plan/quantised.ts';
import { elementCount } from '../src/plan/tensor.ts';
import type { OpenDevice } from '../src/runtime/device.ts';

const [promptTokens, tokensTimed] = [8, 16];
/** Rounds before and while timing: the first one compiles. */
const [warmUp, rounds] = [1, 5];

/** Prints tokens per second, their ratio to f32 and the weights' bytes for every format. */
export async function benchQuantised(open: OpenDevice): Promise<void> {
  const model = llama();
  console.log(`${(countParameters(model) / 1e6).toFixed(1)} M parameters, ${tokensTimed} tokens a round`);
  const engine = gpuEngine(open);
  const needs = { promptTokens, maximumTokens: tokensTimed, useCache: true };
  const opened = new Map<WeightFormat, OpenSampler>();
  for (const weights of weightFormats)
    opened.set(
      weights,
      await openSampler(engine, { model, weights: someWeights(model) }, { ...needs, weights }),
    );
  const rates = new Map<WeightFormat, number[]>(weightFormats.map((format) => [format, []]));
  const options = { maximumTokens: tokensTimed, temperature: 0, topK: 0, topP: 1, seed: 1 };
  const prompt = Array.from({ length: promptTokens }, (_, i) => i);
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const [format, { sampler }] of opened) {
      const { decodedTokens, decodeSeconds } = await sampler.generate(prompt, options);
      if (round >= warmUp) rates.get(format)?.push(decodedTokens / decodeSeconds);
    }
  }
  console.log('weights  tokens/s  lowest  highest  over f32  weight MB');
  const exact = rates.get('f32') ?? [];
  for (const [format, own] of rates) {
    const ratio = median(own.map((rate, round) => rate / (exact[round] ?? Number.NaN)));
    const numbers = [median(own), Math.min(...own), Math.max(...own)].map((rate) =>
      rate.toFixed(1).padStart(8),
    );
    const { plans } = opened.get(format) ?? {};
    const bytes = plans ? inferenceMemory(plans).weightBytes / 1e6 : 0;
    console.log(
      `${format.padEnd(7)}${numbers.join('')}${ratio.toFixed(2).padStart(10)}${bytes.toFixed(1).padStart(11)}`,
    );
  }
  for (const { runtime } of opened.values()) runtime.dispose();
}

/** The model: twelve layers of 768, random weights. */
export function llama(): ModelConfig {
  const sizes = {
    layers: 12,
    width: 768,
    heads: 12,
    keyValueHeads: 4,
    hidden: 2048,
    context: 64,
    vocabulary: 32_000,
  };
  const parsed = parseExperiment({
    model: { ...sizes, position: 'rope', norm: 'rmsNorm', activation: 'silu', gated: true, tiedHead: true },
    train: { steps: 1, batch: 1, optimizer: { learningRate: 1e-3 } },
    data: {},
  });
  if (parsed.kind !== 'ok') throw new Error(parsed.problems[0]?.message);
  return parsed.experiment.model;
}

/** Weights of about the usual size, the same for every format: speed does not depend on what they are. */
export function someWeights(model: ModelConfig): StoredWeights {
  return {
    async forEachPart(take) {
      for (const { name, shape } of parameterSpecs(model)) {
        let state = 1;
        const values = Float32Array.from({ length: elementCount(shape) }, () => {
          state = (Math.imul(state, 1664525) + 1013904223) | 0;
          return state * 2 ** -36;
        });
        await take({ name, first: 0, values });
      }
    },
  };
}
