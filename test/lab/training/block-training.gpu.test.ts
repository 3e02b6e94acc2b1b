// Blocks, caps, optimizers and recomputation on a GPU: the same losses as the reference loops, the same bits as without recomputation.
import { expect, it } from 'vitest';
import { cpuEngine, gpuEngine } from '../../../src/lab/plans/engine.ts';
import { describeGpu, getTestDevice } from '../../gpu-device.ts';
import { type Changes, families, gpuChanges, takeLosses, tinyRun } from './tiny-runs.ts';

const muon = { kind: 'muon', learningRate: 0.02, momentum: 0.95 };
const cases: readonly (readonly [string, Changes])[] = [
  [
    'of Gemma',
    {
      model: {
        ...{
          ...families.llama,
          tiedHead: true,
          activation: 'geluTanh',
          normPlacement: 'sandwich',
          normOffset: true,
        },
        ...{ embeddingScale: 'sqrtWidth', logitSoftcap: 20 },
      },
    },
  ],
  [
    'of OLMo 2 with Muon',
    { model: { ...families.llama, normPlacement: 'branch' }, train: { optimizer: muon } },
  ],
  [
    'in parallel, scaled, with Muon and accumulation',
    {
      model: { ...families.gpt2, parallelBlocks: true, residualScale: 0.5, activation: 'reluSquared' },
      train: { optimizer: { ...muon, matrixScale: 'shape' }, accumulation: 2 },
    },
  ],
  [
    'of Llama with Lion',
    { model: families.llama, train: { optimizer: { kind: 'lion', learningRate: 0.003 } } },
  ],
  [
    'of Llama with Adafactor, biases, a window, norms of heads and accumulation',
    {
      model: {
        ...{ ...families.llama, layers: 1, keyValueHeads: 4, tiedHead: true },
        ...{ bias: true, activation: 'quickGelu' },
        ...{ windowPattern: 'L', window: 3, queryKeyNorm: 'head' },
      },
      train: { optimizer: { kind: 'adafactor', learningRate: 0.02 }, accumulation: 2 },
    },
  ],
];

/** A tape that is put together otherwise, and the optimizer with most kernels; block-golden.test.ts has all on the references. */
const few = cases.filter(([name]) => /in parallel|Adafactor/.test(name));

describeGpu('training with blocks', () => {
  it.each(process.env.FLOPSCOPE_FULL ? cases : few)(
    '%s has the losses of the reference loops',
    async (_, changes) => {
      const run = await tinyRun(changes, gpuEngine(await getTestDevice()));
      const found = await takeLosses(run, 4);
      run.runtime.dispose();
      const expected = await takeLosses(await tinyRun(changes, cpuEngine()), 4);
      found.forEach((loss, i) => {
        expect(loss).toBeCloseTo(expected[i] ?? 0, 3);
      });
    },
  );

  it('gives the same bits when blocks are computed again', async () => {
    // Of Gemma in a full run.
    const [, changes]: readonly [string, Changes] = (process.env.FLOPSCOPE_FULL && cases[0]) || [
      '',
      gpuChanges.llama,
    ];
    const lossesOf = async (recompute: string) => {
      const withDropout = {
        ...changes,
        model: { ...changes.model, dropout: 0.1 },
        train: { ...changes.train, recompute },
      };
      const run = await tinyRun(withDropout, gpuEngine(await getTestDevice()));
      const losses = await takeLosses(run, 4);
      run.runtime.dispose();
      return losses;
    };
    expect(await lossesOf('blocks')).toEqual(await lossesOf('none'));
  });
});
