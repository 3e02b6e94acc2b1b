// Both ways to make one token, for the lesson on the cache: their plans, flops, expected seconds and measured ones.

import type { LessonSize } from '../../contract/lessons.ts';
import { headLogits } from '../../kernels/head-loss.ts';
import { packSettings } from '../../kernels/sample.ts';
import { selectRow } from '../../kernels/select-row.ts';
import type { ModelConfig } from '../../model/config.ts';
import { createModelTensors, headOf, type ModelTensors } from '../../model/tensors.ts';
import { recordTrunk } from '../../model/transformer.ts';
import type { DeviceProfile } from '../../plan/device-profile.ts';
import { freeze, type Plan } from '../../plan/plan.ts';
import { planFlops } from '../../plan/predict.ts';
import { persistentTensor } from '../../plan/store.ts';
import { Tape } from '../../plan/tape.ts';
import type { Tensor } from '../../plan/tensor.ts';
import type { Replay, Runtime } from '../../runtime/runtime.ts';
import type { Engine } from '../plans/engine.ts';
import { expectWork } from '../plans/expectation.ts';
import { type InferencePlans, recordInferencePlans } from '../plans/inference-plans.ts';
import type { LessonTools } from './lesson.ts';
import { lessonExperiment } from './training.ts';

/** What each form of the lesson runs. */
export const sizes = {
  normal: { layers: 4, width: 128, heads: 4, contexts: [128, 256, 512, 1024, 2048], burst: 16, rounds: 5 },
  small: { layers: 2, width: 32, heads: 2, contexts: [64, 128, 256, 512], burst: 8, rounds: 15 },
} as const;

/** Rounds before timing: the first ones wake the device and find the length of a submit. */
const warmUp = 2;

/** Tokens of the longest text. */
export function longest(size: LessonSize): number {
  return Math.max(...sizes[size].contexts);
}

/** Seconds of one token after n tokens: the quickest of some rounds, for what else runs only adds time. */
export interface Timing {
  readonly length: number;
  readonly cached: number;
  readonly uncached: number;
}

/** Time without a cache over time with one. */
export function ratioOf({ cached, uncached }: Timing): number {
  return uncached / cached;
}

/** Plans of both ways to make one token. */
export interface DecodePlans {
  readonly model: ModelTensors;
  readonly cached: InferencePlans;
  readonly uncached: readonly { readonly length: number; readonly tokens: Tensor; readonly plan: Plan }[];
}

/** Records the plans of a form of the lesson. */
export async function recordPlans(engine: Engine, size: LessonSize): Promise<DecodePlans> {
  const { layers, width, heads, contexts } = sizes[size];
  const { experiment } = await lessonExperiment({
    model: {
      layers,
      width,
      heads,
      context: longest(size),
      vocabulary: 65,
      position: 'rope',
      norm: 'rmsNorm',
    },
    train: { steps: 1, batch: 1 },
    data: { source: 'stories', characters: 50_000 },
  });
  const config: ModelConfig = experiment.model;
  const { maxBindingBytes } = engine.capabilities;
  const model = createModelTensors(config, { maxBindingBytes, gradients: false });
  const uncached = contexts.map((length) => {
    const tokens = persistentTensor(`text ${length}`, [1, length + 1], 'u32', 'data');
    const tape = new Tape(engine);
    const x = recordTrunk(tape, model, tokens, { batch: 1, time: length });
    const logits = tape.tensor('logits', [1, config.vocabulary]);
    headLogits(tape, selectRow(tape, x), headOf(model), logits);
    return { length, tokens, plan: freeze(`whole text ${length}`, tape, [logits]) };
  });
  return { model, cached: recordInferencePlans(model, engine), uncached };
}

/** Flops of one token after n tokens, by plan. */
export function flopsOf({ cached, uncached }: DecodePlans) {
  return uncached.map(({ length, plan }) => ({
    length,
    cached: planFlops(cached.decode, { position: length - 1, length: 1 }),
    uncached: planFlops(plan, { length }),
  }));
}

/** What each way's token should take on a calibrated device, handed over as `timeTokens` hands it over. Seconds. */
export function expectTokens(
  { cached, uncached }: DecodePlans,
  size: LessonSize,
  profile: DeviceProfile,
): Timing[] {
  const { burst } = sizes[size];
  return uncached.map(({ length, plan }) => {
    const tokens = Array.from({ length: burst }, (_, i) => {
      return { plan: cached.decode, scalars: { position: length - burst + i, length: 1 }, times: 1 };
    });
    const whole = [{ plan, scalars: { length }, times: 1 }];
    const kind = 'decode';
    const inBurst = {
      kind,
      what: `tokens up to ${length}`,
      tokens: burst,
      replays: tokens,
      waits: 1,
    } as const;
    const alone = { kind, what: `all ${length} tokens`, tokens: 1, replays: whole, waits: 1 } as const;
    return {
      length,
      cached: expectWork(inBurst, profile).seconds / burst,
      uncached: expectWork(alone, profile).seconds,
    };
  });
}

/** Times both ways at every length, a burst of tokens with the cache in one submission. */
export async function timeTokens(
  { size, report }: LessonTools,
  runtime: Runtime,
  { cached, uncached }: DecodePlans,
): Promise<Timing[]> {
  const { burst, rounds } = sizes[size];
  const greedy = { end: 0xffff_ffff, seed: 1, topK: 0, drawable: 0, temperature: 0, topP: 1 };
  runtime.write(cached.settings, Uint32Array.from(packSettings(greedy)));
  /** Each replay makes one token, the first at `position`; all go in one submission, as the sampler does it. */
  const secondsPerToken = async (position: number, replays: readonly Replay[]): Promise<number> => {
    const times: number[] = [];
    for (let round = -warmUp; round < rounds; round++) {
      runtime.write(cached.state, Uint32Array.of(position, 1, 0, 0));
      const start = performance.now();
      await (await runtime.submit(replays, [cached.state])).done;
      if (round >= 0) times.push((performance.now() - start) / 1000 / replays.length);
    }
    return Math.min(...times);
  };
  const timings: Timing[] = [];
  for (const [index, { length, tokens, plan }] of uncached.entries()) {
    report(0.2 + (0.8 * index) / uncached.length, `Timing tokens after ${length}`);
    const text = Uint32Array.from({ length: length + 1 }, (_, i) => i % 64);
    runtime.write(tokens, text);
    const first = length - burst;
    const tokenByToken = Array.from({ length: burst }, (_, i) => ({
      plan: cached.decode,
      scalars: { position: first + i },
    }));
    timings.push({
      length,
      cached: await secondsPerToken(first, tokenByToken),
      uncached: await secondsPerToken(length - 1, [{ plan, scalars: { length } }]),
    });
  }
  return timings;
}
