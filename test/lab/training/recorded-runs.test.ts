// Three presets train as they did: what no change of structure, and no refactoring, may alter by a bit.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { wasmEngine } from '../../../src/lab/plans/engine.ts';
import { prepareRun } from '../../../src/lab/training/run.ts';
import { type Experiment, parseExperiment } from '../../../src/model/config.ts';
import { findPreset } from '../../../src/model/presets/catalogue.ts';
import { loadWasmKernels } from '../../../src/runtime/wasm/kernels.ts';
import { ownThread } from '../../../src/runtime/wasm/pool.ts';
import { takeSteps } from './tiny-runs.ts';

/** A dense model, one with learned positions and biases, and a mixture with latent attention. */
const ids = ['pico', 'nano-gpt-cpu', 'deepseek-v3-mini'] as const;
const steps = 4;

interface Recorded {
  /** V8, whose Math computes schedules and tables: another one may round the last bit differently. */
  readonly v8: string;
  readonly runs: Readonly<Record<string, { readonly losses: number[]; readonly gradientNorms: number[] }>>;
}

const file = new URL('../../fixtures/recorded-runs.json', import.meta.url);

/** Without relaxed instructions kernels compute the same bits on every machine, by WebAssembly's specification. */
const kernels = await loadWasmKernels(false, false);

/** A preset with two short rows a step on little text, so that a step takes milliseconds. */
function shortened(id: string): Experiment {
  const parsed = parseExperiment(findPreset(id)?.experiment);
  if (parsed.kind !== 'ok') throw new Error(`no preset ${id}`);
  const { model, train, data } = parsed.experiment;
  return {
    model: { ...model, vocabulary: 0, context: 32 },
    train: { ...train, batch: 2, sampleInterval: 0, evaluationInterval: 0 },
    data: { ...data, characters: 20_000 },
  };
}

async function record(id: string) {
  const engine = wasmEngine(kernels, { threads: 1, start: ownThread });
  const run = await prepareRun(engine, shortened(id), { withSampler: false });
  try {
    const records = await takeSteps(run, steps);
    return {
      losses: records.map(({ loss }) => loss),
      gradientNorms: records.map(({ gradientNorm }) => gradientNorm),
    };
  } finally {
    run.runtime.dispose();
  }
}

const runs: Record<string, Awaited<ReturnType<typeof record>>> = {};
for (const id of ids) runs[id] = await record(id);

// A change that is meant to alter the arithmetic records anew, and its commit says why.
if (process.env.FLOPSCOPE_RECORD) {
  writeFileSync(file, `${JSON.stringify({ v8: process.versions.v8, runs } satisfies Recorded, null, 2)}\n`);
}
const recorded: Recorded = JSON.parse(readFileSync(file, 'utf8'));
const hasSameArithmetic = recorded.v8 === process.versions.v8;

it.each(ids)('%s trains as recorded', (id) => {
  for (const figure of ['losses', 'gradientNorms'] as const) {
    expect(runs[id]?.[figure]).toHaveLength(steps);
    runs[id]?.[figure].forEach((value, step) => {
      const before = recorded.runs[id]?.[figure][step] ?? Number.NaN;
      expect(Math.abs(value / before - 1), `${figure} of step ${step}`).toBeLessThan(1e-4);
    });
  }
});

it.skipIf(!hasSameArithmetic)('and to the bit, where arithmetic is the same', () => {
  expect(runs).toEqual(recorded.runs);
});
