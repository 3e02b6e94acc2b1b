// A look inside: against attention and routing computed naively from the reference's tensors, and on the GPU the same.
import { describe, expect, it } from 'vitest';
import { readPositionLosses } from '../../../src/lab/inside/positions.ts';
import { readTextInside } from '../../../src/lab/inside/text.ts';
import { cpuEngine, gpuEngine } from '../../../src/lab/plans/engine.ts';
import { writeParameters } from '../../../src/lab/plans/parameter-io.ts';
import { type Run, weightsOf } from '../../../src/lab/training/run.ts';
import { constantTables, createModelTensors } from '../../../src/model/tensors.ts';
import { recordTrunk } from '../../../src/model/transformer.ts';
import { baselineCapabilities, familyOf } from '../../../src/plan/kernel.ts';
import { freeze } from '../../../src/plan/plan.ts';
import { persistentTensor, storagesOf } from '../../../src/plan/store.ts';
import { Tape } from '../../../src/plan/tape.ts';
import { CpuRuntime } from '../../../src/runtime/cpu-runtime.ts';
import { describeGpu, getTestDevice } from '../../gpu-device.ts';
import { families, gpuChanges, takeSteps, tinyRun } from '../training/tiny-runs.ts';

const text = 'a cat ';
const experts = gpuChanges.experts.model;

/** Bindings of the last dispatch of a family and layer, by the reference loops. */
async function referenceOf(run: Run, family: string, layer: number, name: string) {
  const model = createModelTensors(run.experiment.model, {
    ...{ maxBindingBytes: 1e8, gradients: false },
  });
  const ids = await run.corpus.tokenizer.encode(text);
  const tokens = persistentTensor('tokens', [1, ids.length + 1], 'u32', 'data');
  const tape = new Tape({ capabilities: baselineCapabilities });
  recordTrunk(tape, model, tokens, { batch: 1, time: ids.length });
  const dispatch = tape.dispatches.find((one) => familyOf(one.kernel.name) === family && one.layer === layer);
  const tensor = dispatch?.bindings[name];
  if (!dispatch || !tensor) throw new Error(`no ${name} of ${family} in layer ${layer}`);
  const plan = freeze('reference', tape, [tensor]);
  const runtime = new CpuRuntime([plan], storagesOf(model.store));
  for (const { tensor: table, values } of constantTables(model)) runtime.write(table, values);
  writeParameters(runtime, model.store, 'weights', await weightsOf(run));
  runtime.write(tokens, Uint32Array.of(...ids, 0));
  await runtime.submit([{ plan, scalars: {} }]);
  return { dims: dispatch.dims, values: await runtime.read(tensor), time: ids.length };
}

function softmax(scores: readonly number[]): number[] {
  const raised = scores.map((score) => Math.exp(score - Math.max(...scores)));
  const sum = raised.reduce((a, b) => a + b, 0);
  return raised.map((value) => value / sum);
}

describe('a look inside', () => {
  it.each(['gpt2', 'llama'] as const)('finds the attention of %s that a naive loop finds', async (family) => {
    const engine = cpuEngine();
    const run = await tinyRun({ model: families[family] }, engine);
    await takeSteps(run, 3);
    for (const layer of [0, 1]) {
      const { maps, heads } = await readTextInside(engine, run, { text, layer });
      const { dims, values, time } = await referenceOf(run, 'attention.forward', layer, 'qkv');
      const { heads: count = 0, keyValueHeads = 1, keySize = 0, rowStride = 0, scale = 0 } = dims;
      expect([maps.length, heads.length]).toEqual([count, 2 * count]);
      maps.forEach((map, head) => {
        const keys = count + Math.floor((head * keyValueHeads) / count); // packed behind all queries
        for (let query = 0; query < time; query++) {
          const scores = Array.from({ length: query + 1 }, (_, key) => {
            let dot = 0;
            for (let d = 0; d < keySize; d++) {
              dot +=
                values[query * rowStride + head * keySize + d] * values[key * rowStride + keys * keySize + d];
            }
            return dot * scale;
          });
          const row = [...map.subarray(query * time, (query + 1) * time)];
          softmax(scores).forEach((p, key) => {
            expect(row[key]).toBeCloseTo(p, 4);
          });
          expect(row.slice(query + 1).every((p) => p === 0)).toBe(true);
          expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
        }
      });
    }
    run.runtime.dispose();
  });

  it('finds the experts that a naive router takes', async () => {
    const engine = cpuEngine();
    const run = await tinyRun({ model: experts }, engine);
    await takeSteps(run, 3);
    const { routes } = await readTextInside(engine, run, { text, layer: 0 });
    expect(routes.map(({ layer }) => layer)).toEqual([0, 1]);
    for (const { layer, selected, weights } of routes) {
      const { values, time } = await referenceOf(run, 'router.forward', layer, 'logits');
      for (let token = 0; token < time; token++) {
        const shares = softmax([...values.subarray(token * 4, token * 4 + 4)]);
        const best = [0, 1, 2, 3].sort((a, b) => shares[b] - shares[a]).slice(0, 2);
        expect(selected.slice(2 * token, 2 * token + 2)).toEqual(best);
        const sum = shares[best[0]] + shares[best[1]];
        best.forEach((expert, slot) => {
          expect(weights[2 * token + slot]).toBeCloseTo(shares[expert] / sum, 4);
        });
      }
    }
    run.runtime.dispose();
  });
});

describeGpu('a look inside on the GPU', () => {
  it('loses on a text what the run’s evaluation loses on it', async () => {
    const engine = gpuEngine(await getTestDevice());
    const run = await tinyRun({ model: experts }, engine);
    await takeSteps(run, 3);
    const window = run.dataset.validation.subarray(0, 9);
    const batch = { tokens: Uint32Array.from([window, window, window, window].flatMap((row) => [...row])) };
    const { means, errors, loss } = await readPositionLosses({ ...run, evaluation: [batch] });
    const read = run.corpus.tokenizer.decode(window.subarray(0, 8));
    const { losses, leftOut, maps, routes } = await readTextInside(engine, run, { text: read, layer: 0 });
    expect(leftOut).toBe(0);
    losses.forEach((one, position) => {
      expect(one).toBeCloseTo(means[position] ?? 0, 4);
    });
    expect(Math.max(...errors)).toBeLessThan(1e-3);
    expect(loss).toBeCloseTo(await run.trainer.evaluate([batch]), 5);
    // The reference loops read the same.
    const reference = await readTextInside(cpuEngine(), run, { text: read, layer: 0 });
    reference.losses.forEach((one, position) => {
      expect(losses[position]).toBeCloseTo(one, 4);
    });
    // And see the same attention and experts, which are held against naive loops above.
    expect(maps.length).toBe(reference.maps.length);
    maps.forEach((map, head) => {
      map.forEach((share, index) => {
        expect(share).toBeCloseTo(reference.maps[head]?.[index] ?? Number.NaN, 4);
      });
    });
    expect(routes.map(({ selected }) => selected)).toEqual(reference.routes.map(({ selected }) => selected));
    run.runtime.dispose();
  });
});
