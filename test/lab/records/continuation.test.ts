// A run as a folder for PyTorch: what is in it, by which rule weights decay there, and which runs are refused.
import { describe, expect, it } from 'vitest';
import { readSafetensors } from '../../../src/data/safetensors.ts';
import { checkContinuable, continuationFiles, jobCosts } from '../../../src/lab/records/continuation.ts';
import { readCheckpoint } from '../../../src/lab/training/checkpoint.ts';
import { checkpointOf } from '../../../src/lab/training/run.ts';
import { exportParameters } from '../../../src/model/huggingface/weights.ts';
import { parameterSpecs } from '../../../src/model/parameters.ts';
import { families, takeSteps, tinyExperiment, tinyRun } from '../training/tiny-runs.ts';

const cursor = { kind: 'random', state: [1, 2, 3, 4] } as const;

async function folderOf(changes: Parameters<typeof tinyRun>[0]) {
  const run = await tinyRun(changes);
  await takeSteps(run, 2);
  const checkpoint = readCheckpoint(await checkpointOf(run));
  const { dataset, corpus, experiment, plans } = run;
  const costs = jobCosts(experiment, plans);
  const files = continuationFiles({ checkpoint, tokenizer: corpus.tokenizer, dataset, costs });
  return { checkpoint, dataset, costs, files: new Map([...files].map(({ name, bytes }) => [name, bytes])) };
}

describe('a folder that goes on in PyTorch', () => {
  it('has the run’s tokens, model, states and place', async () => {
    const { checkpoint, dataset, costs, files } = await folderOf({ model: families.llama });
    expect([...files.keys()]).toEqual([
      ...['README.md', 'train.py', 'run.json', 'training.bin', 'validation.bin'],
      ...['config.json', 'model.safetensors', 'flopscope-tokenizer.json', 'tokenizer.json'].map(
        (name) => `model/${name}`,
      ),
      ...['tokenizer_config.json', 'generation_config.json'].map((name) => `model/${name}`),
      ...['moment0', 'moment1'].flatMap((state) =>
        ['config.json', 'model.safetensors', 'generation_config.json'].map(
          (name) => `optimizer/${state}/${name}`,
        ),
      ),
    ]);
    const run = JSON.parse(new TextDecoder().decode(files.get('run.json')));
    expect(run).toMatchObject({
      progress: { step: 2 },
      cursor: checkpoint.cursor,
      frozen: [],
      tokens: { dtype: 'uint8', training: dataset.training.length, validation: dataset.validation.length },
    });
    expect([...(files.get('training.bin') ?? [])]).toEqual([...dataset.training]);
    const tensors = (name: string) => readSafetensors(files.get(name) ?? new Uint8Array()).tensors;
    const moments = tensors('optimizer/moment1/model.safetensors');
    expect([...moments.keys()]).toEqual([...tensors('model/model.safetensors').keys()]);
    const scale = moments.get('model.norm.weight')?.data();
    expect(scale).toEqual(checkpoint.states.get('moment1')?.get('norm.weight') ?? scale);
    expect(Math.max(...(scale ?? [0]))).toBeGreaterThan(0); // squares of gradients
    // Both count the same mathematics; the plan adds norms, loss and optimizer, which are much of so small a model.
    expect(costs.planFlopsPerToken / costs.pressFlopsPerToken).toBeGreaterThan(0.8);
    expect(costs.planFlopsPerToken / costs.pressFlopsPerToken).toBeLessThan(3);
  });

  it('names the biases that the family’s files must have and the run has not', async () => {
    const { files } = await folderOf({
      model: { ...families.gpt2, bias: false },
      train: { optimizer: { kind: 'sgd', learningRate: 0.01 } },
    });
    const { frozen } = JSON.parse(new TextDecoder().decode(files.get('run.json')));
    expect(frozen).toContain('transformer.h.0.attn.c_attn.bias');
    expect([...files.keys()].filter((name) => name.startsWith('optimizer/moment1'))).toEqual([]);
  });

  it.each([
    { ...families.gpt2, layers: 1 },
    { ...families.llama, layers: 1, queryKeyNorm: 'head' },
  ])('lets decay what has two dimensions in the files, the rule of the script: %j', (changes) => {
    const model = { ...tinyExperiment({ model: changes }).model, vocabulary: 11 };
    const specs = parameterSpecs(model);
    const arrayOf = (name: string, value: number) => {
      const { shape } = specs.find((spec) => spec.name === name) ?? { shape: [] };
      return new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(value);
    };
    for (const { name: marked, decay } of specs) {
      const get = (name: string) => arrayOf(name, name === marked ? 1 : 0);
      const tensors = exportParameters(model, get, { content: 'weights' });
      const holders = [...tensors.values()].filter(({ data }) => data.includes(1));
      expect(holders.length).toBeGreaterThan(0);
      for (const { shape } of holders) expect([marked, shape.length >= 2]).toEqual([marked, decay]);
    }
  });
});

it.each([
  [
    { model: { ...families.llama, experts: 4, expertsPerToken: 2, hidden: 8 } },
    /its 4 experts are kept in balance/,
  ],
  [
    { train: { optimizer: { kind: 'muon', learningRate: 0.01 } } },
    /its optimizer is muon, and the script has adamw, sgd, lion\./,
  ],
  [{ model: { ...families.llama, norm: 'layerNorm' } }, /no family of Transformers computes this model/],
])('%j is refused', (changes, message) => {
  const experiment = tinyExperiment(changes);
  const model = { ...experiment.model, vocabulary: 11 };
  expect(() => checkContinuable({ experiment: { ...experiment, model }, cursor })).toThrow(message);
});

it('a run over listed batches is refused', () => {
  const experiment = tinyExperiment({ model: families.llama });
  const list = { kind: 'list', next: 3 } as const;
  expect(() => checkContinuable({ experiment, cursor: list })).toThrow(/batches were given as a list/);
});
