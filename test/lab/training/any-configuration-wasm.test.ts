// Any accepted configuration takes one step on WASM to the loss and the gradient norm of the references.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cpuEngine, type Engine, wasmCapabilities, wasmEngine } from '../../../src/lab/plans/engine.ts';
import { prepareRun } from '../../../src/lab/training/run.ts';
import { type Experiment, parseExperiment } from '../../../src/model/config.ts';
import { loadWasmKernels } from '../../../src/runtime/wasm/kernels.ts';
import { ownThread } from '../../../src/runtime/wasm/pool.ts';
import { anyExperiment } from './any-experiment.ts';

/** Accepted configurations that are tried; npm run test:full tries many. */
const wanted = process.env.FLOPSCOPE_FULL ? 300 : 12;

/** A text that has what the loss is taken on; the vocabulary is its. */
function withData(json: {
  readonly model?: object;
  readonly train?: { readonly lossPositions?: unknown };
}): unknown {
  const source = json.train?.lossPositions === 'answers' ? 'instructions' : 'arithmetic';
  const data = { source, tokenizer: 'characters', characters: 4000 };
  return { ...json, data, model: { ...json.model, vocabulary: 0 } };
}

async function takeStep(engine: Engine, experiment: Experiment) {
  const { trainer, runtime } = await prepareRun(engine, experiment, { withSampler: false });
  try {
    return await (await trainer.submitStep()).record;
  } finally {
    runtime.dispose();
  }
}

it('any configuration takes the step of the references', async () => {
  const wasm = wasmEngine(await loadWasmKernels(false), { threads: 1, start: ownThread });
  const references: Engine = { ...cpuEngine(), capabilities: wasmCapabilities };
  let accepted = 0;
  const samples = fc.sample(anyExperiment, { numRuns: 40 * wanted, seed: 7 });
  for (const json of samples) {
    if (accepted === wanted) break;
    const parsed = parseExperiment(withData(json));
    if (parsed.kind === 'problem') continue;
    accepted++;
    const { experiment } = parsed;
    const name = JSON.stringify(json);
    const expected = await takeStep(references, experiment);
    const actual = await takeStep(wasm, experiment);
    expect(Math.abs(actual.loss - expected.loss), name).toBeLessThan(
      1e-4 * Math.max(1, Math.abs(expected.loss)),
    );
    expect(Math.abs(actual.gradientNorm - expected.gradientNorm), name).toBeLessThan(
      1e-3 * Math.max(1, expected.gradientNorm),
    );
  }
  expect(accepted).toBe(wanted);
}, 600_000);
