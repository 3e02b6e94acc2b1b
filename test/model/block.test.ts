// One block alone: finite differences through all its options, and recording it again for recomputation.
import { describe, expect, it } from 'vitest';
import { attendSequences } from '../../src/model/attention-block.ts';
import { recordBlock, recordNorm } from '../../src/model/block.ts';
import { type ModelConfig, parseModel } from '../../src/model/config.ts';
import {
  constantTables,
  createModelTensors,
  type ModelTensors,
  registerParameters,
} from '../../src/model/tensors.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { freeze } from '../../src/plan/plan.ts';
import { persistentTensor, storagesOf } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import type { Tensor } from '../../src/plan/tensor.ts';
import { CpuRuntime } from '../../src/runtime/cpu-runtime.ts';
import { exampleScalars } from '../../src/runtime/kernel-probe.ts';

const [batch, time, width] = [2, 3, 8];

function createModel(changes: Partial<ModelConfig>): ModelTensors {
  const sizes = { layers: 1, width, heads: 2, context: time, vocabulary: 5, hidden: 12 };
  const parsed = parseModel({ ...sizes, ...changes });
  if (parsed.kind === 'problem') throw new Error(parsed.problems[0]?.message);
  return createModelTensors(parsed.model, { maxBindingBytes: 2 ** 27, gradients: true });
}

function recordOn(tape: Tape, model: ModelTensors, x: Tensor): Tensor {
  return recordBlock(tape, model, 0, x, time, attendSequences(tape, model, { batch, time }));
}

/** y and gradients of Σ y ∘ r in float64. */
async function run(
  model: ModelTensors,
  isRecomputed: boolean,
  values: Readonly<Record<string, Float64Array>>,
) {
  const tape = new Tape({ capabilities: baselineCapabilities, training: true });
  const x = persistentTensor('x', [batch * time, width], 'f32', 'state');
  const dx = persistentTensor('dx', [batch * time, width], 'f32', 'state');
  const dy = persistentTensor('dy', [batch * time, width], 'f32', 'state');
  registerParameters(tape, model, 0);
  tape.parameter(x, dx);
  const y = isRecomputed ? tape.checkpoint([x], () => recordOn(tape, model, x)) : recordOn(tape, model, x);
  tape.adoptGradient(y, dy);
  tape.backward();
  const plan = freeze('block', tape, [y]);
  const extra = [x, dx, dy].map(({ storage }) => storage);
  const runtime = new CpuRuntime([plan], [...storagesOf(model.store), ...extra], 'f64');
  for (const { tensor, values: table } of constantTables(model)) runtime.write(tensor, table);
  runtime.write(model.store.shards[0]?.weights as Tensor, values.weights as Float64Array);
  runtime.write(x, values.x as Float64Array);
  runtime.write(dy, values.r as Float64Array);
  await runtime.submit([{ plan, scalars: exampleScalars }]);
  return {
    y: await runtime.read(y),
    dx: await runtime.read(dx),
    dw: await runtime.read(model.store.shards[0]?.gradients as Tensor),
  };
}

function draw(count: number, seed: number, scale = 1): Float64Array {
  let state = seed;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return scale * (state / 2 ** 31 - 1);
  });
}

function valuesFor(model: ModelTensors) {
  const elements = model.store.shards[0]?.weights.shape[0] ?? 0;
  return {
    weights: draw(elements, 3, 0.7),
    x: draw(batch * time * width, 5, 1.5),
    r: draw(batch * time * width, 7),
  };
}

const llama = { norm: 'rmsNorm', gated: true, activation: 'silu', bias: false, keyValueHeads: 1 } as const;
const cases: [string, Partial<ModelConfig>][] = [
  ['of GPT-2', { bias: true, activation: 'geluTanh' }],
  ['of GPT-2 without biases and with dropout', { bias: false, dropout: 0.3 }],
  ['of Llama', { ...llama, position: 'rope' }],
  ['with biases, dropout, a gate and grouped heads', { ...llama, bias: true, dropout: 0.2 }],
  ['without skip connections', { skipConnections: false }],
  ['without skip connections and with dropout', { skipConnections: false, dropout: 0.3 }],
  ['with norms after its sums', { normPlacement: 'post', bias: true }],
  ['with norms on both sides', { ...llama, normPlacement: 'sandwich', normOffset: true, dropout: 0.2 }],
  ['of OLMo 2', { ...llama, normPlacement: 'branch' }],
  ['of OLMo 2 without skip connections', { ...llama, normPlacement: 'branch', skipConnections: false }],
  ['with norms before and after its sums', { normPlacement: 'hybrid', dropout: 0.2 }],
  ['with a normed stream', { ...llama, normPlacement: 'stream' }],
  [
    'with a normed stream, scaled, with dropout',
    { normPlacement: 'stream', residualScale: 0.5, dropout: 0.2 },
  ],
  ['in parallel', { parallelBlocks: true, bias: true }],
  ['in parallel with norms of their own', { parallelBlocks: true, parallelNorms: 'own', bias: true }],
  ['in parallel, scaled, with dropout', { ...llama, parallelBlocks: true, residualScale: 0.4, dropout: 0.3 }],
  ['in parallel without skip connections', { parallelBlocks: true, skipConnections: false }],
  ['with scaled branches', { residualScale: 0.22, normPlacement: 'sandwich' }],
  ['with scaled branches without skip connections', { residualScale: 1.7, skipConnections: false }],
  ['of Qwen 2', { ...llama, qkvBias: 'on' }],
  ['with biases but in norms and projection', { bias: true, normBias: 'off', projectionBias: 'off' }],
  ['with GEGLU', { ...llama, activation: 'geluTanh', ffnBias: 'on' }],
  ['with exact GEGLU', { ...llama, activation: 'gelu' }],
  ['with the square of ReLU', { activation: 'reluSquared' }],
  ['with the square of ReLU and a gate', { gated: true, activation: 'reluSquared' }],
  [
    'with experts, norms of branches and scales',
    { experts: 3, balanceLoss: 0, normPlacement: 'branch', residualScale: 0.5 },
  ],
  ['with normed heads', { ...llama, position: 'rope', queryKeyNorm: 'head', normOffset: true }],
  ['with all heads normed together', { ...llama, position: 'rope', queryKeyNorm: 'all' }],
  ['with LayerNorm from 1', { normOffset: true, bias: true }],
  ['that rotates half of each head', { ...llama, position: 'rope', ropeFraction: 0.5 }],
  ['with experts in parallel', { experts: 3, balanceLoss: 0, parallelBlocks: true, dropout: 0.2 }],
];

describe('a block', () => {
  it.each(cases)('%s has the gradients of finite differences', async (_, changes) => {
    const model = createModel(changes);
    const values = valuesFor(model);
    const { dx, dw } = await run(model, false, values);
    const lossOf = async (): Promise<number> => {
      const { y } = await run(model, false, values);
      return values.r.reduce((sum, r, i) => sum + r * (y[i] ?? 0), 0);
    };
    const epsilon = 1e-6;
    const check = async (array: Float64Array, index: number, analytic: number) => {
      const saved = array[index] ?? 0;
      array[index] = saved + epsilon;
      const above = await lossOf();
      array[index] = saved - epsilon;
      const numeric = (above - (await lossOf())) / (2 * epsilon);
      array[index] = saved;
      expect(Math.abs(numeric - analytic)).toBeLessThanOrEqual(1e-5 + 1e-4 * Math.abs(numeric));
    };
    for (let i = 0; i < values.x.length; i += 5) await check(values.x, i, dx[i] ?? 0);
    for (const { name, blocks } of model.store.parameters.values()) {
      if (!name.startsWith('layers.')) continue;
      const { offset, shape } = blocks[0]?.weight ?? { offset: 0, shape: [] };
      const count = shape.reduce((product, size) => product * size, 1);
      for (const index of [0, Math.floor(count / 2), count - 1]) {
        await check(values.weights, offset + index, dw[offset + index] ?? 0);
      }
    }
  });

  it.each(cases)('%s gives the same bits when its activations are recomputed', async (_, changes) => {
    const model = createModel(changes);
    const values = valuesFor(model);
    const kept = await run(model, false, values);
    const recomputed = await run(model, true, values);
    expect(recomputed).toEqual(kept);
  });

  it('without skip connections forgets what came in where its projections are zero', async () => {
    const outputOf = async (skipConnections: boolean) => {
      const model = createModel({ skipConnections });
      const values = valuesFor(model);
      for (const { name, blocks } of model.store.parameters.values()) {
        if (!/projection|contract/.test(name)) continue;
        const { offset, shape } = blocks[0]?.weight ?? { offset: 0, shape: [] };
        const count = shape.reduce((product, size) => product * size, 1);
        values.weights.fill(0, offset, offset + count);
      }
      return { x: [...values.x], y: [...(await run(model, false, values)).y] };
    };
    const kept = await outputOf(true);
    expect(kept.y).toEqual(kept.x);
    expect((await outputOf(false)).y.every((value) => value === 0)).toBe(true);
  });

  it('names its norm by the model', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    const x = persistentTensor('x', [batch * time, width], 'f32', 'state');
    recordNorm(tape, createModel(llama), 'finalNorm', x);
    recordNorm(tape, createModel({ bias: true }), 'finalNorm', x);
    const [rms, layer] = tape.dispatches;
    expect(rms?.kernel.name).toContain('rmsNorm');
    expect(layer?.kernel.name).toContain('layerNorm');
  });
});
