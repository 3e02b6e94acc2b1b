// The model diagram: its parts are those of the model, in the order in which data flows, and its sums are the plan's, exactly.
import { describe, expect, it } from 'vitest';
import type { DiagramPart, ModelDiagram } from '../../../src/contract/diagram.ts';
import { optimizerNames } from '../../../src/kernels/optimizer-table.ts';
import { predictedTable } from '../../../src/lab/cost/kernel-table.ts';
import { modelDiagram } from '../../../src/lab/diagram/model.ts';
import { recordTrainingPlans } from '../../../src/lab/plans/training-plans.ts';
import { type Experiment, parseExperiment } from '../../../src/model/config.ts';
import { countParameters } from '../../../src/model/parameters.ts';
import { presets } from '../../../src/model/presets/catalogue.ts';
import { baselineCapabilities } from '../../../src/plan/kernel.ts';
import { lifetimes } from '../../../src/plan/memory.ts';
import { planFlops } from '../../../src/plan/predict.ts';
import { storageBytes } from '../../../src/plan/tensor.ts';
import { sumFields } from '../../../src/text/sums.ts';
import { type Changes, families, tinyExperiment } from '../training/tiny-runs.ts';

function draw(experiment: Experiment) {
  const { model, train } = experiment;
  const plans = recordTrainingPlans(model, train, { capabilities: baselineCapabilities });
  return {
    experiment,
    plans,
    diagram: modelDiagram(experiment, plans, predictedTable({ experiment, plans }, undefined)),
  };
}

const drawTiny = (model: Changes['model'], train?: Changes['train']) =>
  draw(tinyExperiment({ model: { vocabulary: 40, ...model }, ...(train ? { train } : {}) }));

function drawPreset(id: string) {
  const preset = presets.find((one) => one.id === id);
  const vocabulary = preset?.experiment.model.vocabulary || 65;
  const parsed = parseExperiment({
    ...preset?.experiment,
    model: { ...preset?.experiment.model, vocabulary },
  });
  if (parsed.kind !== 'ok') throw new Error(parsed.problems[0]?.message);
  return draw(parsed.experiment);
}

const partsOf = ({ before, blocks, after }: ModelDiagram): DiagramPart[] => [
  ...before,
  ...blocks.flatMap(({ parts }) => parts),
  ...after,
];
const titlesOf = (parts: readonly DiagramPart[] = []) => parts.map(({ title }) => title);

/** Inputs of a block's parts as `part ← source`, the role of all but the main one in brackets. */
const flows = (parts: readonly DiagramPart[] = []) =>
  parts.flatMap(({ id, inputs }) =>
    inputs.map(({ from, role }) => {
      const short = (name: string) => name.replace(/^layer 0 \/ /, '');
      return `${short(id)} ← ${short(from)}${role === 'main' ? '' : ` (${role})`}`;
    }),
  );

const { gpt2, llama } = families;
const latent = {
  ...{ position: 'rope', norm: 'rmsNorm', heads: 2, attention: 'latent', ropeHeadSize: 4 },
  ...{ latentSize: 6, queryLatentSize: 6 },
};
const experts = { experts: 4, expertsPerToken: 2, expertHidden: 12 };

const grid: Readonly<Record<string, () => ReturnType<typeof draw>>> = {
  ...Object.fromEntries(presets.map(({ id }) => [id, () => drawPreset(id)])),
  'post norms': () => drawTiny({ ...gpt2, normPlacement: 'post' }),
  'sandwich norms with dropout': () => drawTiny({ ...llama, normPlacement: 'sandwich', dropout: 0.1 }),
  'branch norms, scaled': () => drawTiny({ ...gpt2, normPlacement: 'branch', residualScale: 0.5 }),
  'hybrid norms': () => drawTiny({ ...llama, normPlacement: 'hybrid' }),
  'norms of the stream': () => drawTiny({ ...llama, normPlacement: 'stream' }),
  'parallel blocks': () => drawTiny({ ...gpt2, parallelBlocks: true }),
  'no skip connections': () => drawTiny({ ...gpt2, skipConnections: false }),
  'accumulation and recomputation': () => drawTiny(llama, { accumulation: 3, recompute: 'blocks' }),
  'recomputed sandwich': () => drawTiny({ ...gpt2, normPlacement: 'sandwich' }, { recompute: 'blocks' }),
  'sinks, caps and norms of heads': () =>
    drawTiny({
      ...llama,
      attentionSinks: true,
      attentionSoftcap: 20,
      queryKeyNorm: 'head',
      logitSoftcap: 30,
    }),
  'recomputed latents': () => drawTiny(latent, { recompute: 'blocks' }),
  ...Object.fromEntries(
    optimizerNames.map((kind) => [kind, () => drawTiny(llama, { optimizer: { kind, learningRate: 0.01 } })]),
  ),
  'shared experts and biases of routers': () =>
    drawTiny({ ...llama, ...experts, sharedExperts: 1, routerBiasRate: 0.001, layers: 3, denseLayers: 1 }),
  'dropped experts': () =>
    drawTiny({ ...llama, ...experts, dropout: 0.1, capacityFactor: 1, moeInterval: 2 }),
};

describe.each(Object.keys(grid))('the diagram of %s', (name) => {
  const { experiment, plans, diagram } = (grid[name] as () => ReturnType<typeof draw>)();
  const { model, train } = experiment;
  const parts = partsOf(diagram);

  it('has every dispatch in one part', () => {
    const indices = parts.flatMap(({ dispatches }) => dispatches).sort((a, b) => a - b);
    expect(indices).toEqual(diagram.rows.map((_, index) => index));
    expect(new Set(parts.map(({ id }) => id)).size).toBe(parts.length);
  });

  it('adds up to the flops of the plan and to all parameters', () => {
    const { forwardFlops, backwardFlops, updateFlops, parameters, ...rest } = sumFields(diagram.total, parts);
    const step = train.accumulation * planFlops(plans.accumulate) + planFlops(plans.update);
    expect(forwardFlops + backwardFlops + updateFlops).toBe(step);
    expect(parameters).toBe(countParameters(model));
    expect(diagram.total).toEqual({ forwardFlops, backwardFlops, updateFlops, parameters, ...rest });
  });

  it('counts as active all but the experts that a token does not take', () => {
    const { parameters, activeParameters } = diagram.total;
    const idle = parts
      .filter(({ kind }) => kind === 'experts')
      .reduce((sum, part) => sum + part.parameters * (1 - model.expertsPerToken / model.experts), 0);
    expect(activeParameters).toBeCloseTo(parameters - idle, 6);
    expect(idle > 0).toBe(model.experts > 0);
  });

  it('keeps between the passes what is alive then', () => {
    const { dispatches } = plans.accumulate;
    const first = dispatches.findIndex(
      ({ phase, label }) => phase === 'backward' && !label.startsWith('head'),
    );
    const alive = lifetimes(dispatches, []).filter((one) => one.first < first && one.last >= first);
    expect(diagram.total.keptBytes).toBe(alive.reduce((sum, { storage }) => sum + storageBytes(storage), 0));
    expect(diagram.total.keptBytes).toBeGreaterThan(0);
  });

  it('sends the gradients of a part to the part', () => {
    for (const { id, parameters, backwardFlops, dispatches } of parts) {
      if (parameters === 0 || id === 'update') continue;
      expect(backwardFlops, id).toBeGreaterThan(0);
      const written = dispatches.flatMap((index) =>
        Object.values(plans.accumulate.dispatches[index]?.bindings ?? {}),
      );
      const owners = written
        .filter(({ name }) => /^∂layers\./.test(name))
        .map(({ name }) => name.replace(/ slices$/, ''));
      const own = written
        .filter(({ storage }) => storage.memoryClass === 'weights')
        .map((tensor) => `∂${tensor.name}`);
      for (const owner of owners) expect(own, `${id} has ${owner}`).toContain(owner);
    }
  });

  it('names only parts that come before as inputs', () => {
    parts.forEach(({ inputs }, index) => {
      for (const { from } of inputs) expect(parts.slice(0, index).map(({ id }) => id)).toContain(from);
    });
  });

  it('covers every layer by its sections', () => {
    const count = diagram.sections.reduce(
      (sum, { times, runs }) => sum + times * runs.reduce((a, b) => a + b),
      0,
    );
    expect(count).toBe(model.layers);
  });
});

describe('modelDiagram', () => {
  it('draws GPT-2 with its skip connections', () => {
    const { diagram } = drawTiny(gpt2);
    expect(titlesOf(diagram.before)).toEqual(['Embedding']);
    expect(titlesOf(diagram.after)).toEqual(['LayerNorm', 'Head', 'Loss', 'Update']);
    expect(titlesOf(diagram.blocks[0]?.parts)).toEqual([
      ...['LayerNorm', 'Queries, keys, values', 'Attention', 'Projection'],
      ...['LayerNorm', 'Expand', 'Contract'],
    ]);
    expect(flows(diagram.blocks[0]?.parts)).toEqual([
      'attention / norm ← embedding',
      'attention / qkv ← attention / norm',
      'attention / attention ← attention / qkv',
      'attention / projection ← attention / attention',
      'attention / projection ← embedding (residual)',
      'ffn / norm ← attention / projection',
      'ffn / expand ← ffn / norm',
      'ffn / contract ← ffn / expand',
      'ffn / contract ← attention / projection (residual)',
    ]);
    expect(diagram.blocks[0]?.parts.find(({ title }) => title === 'Expand')?.detail).toBe('C × F, then GELU');
    expect(diagram.sections).toEqual([{ first: 0, times: 2, runs: [1] }]);
    const [, qkv, attention] = diagram.blocks[0]?.parts ?? [];
    expect(qkv?.output).toEqual({ sizes: [32, 48], letters: '[B·T, (H + 2G)·D]' });
    expect(attention?.output.letters).toBe('[B·T, H·D]');
  });

  it('calls the logits V, although twice the hidden size may be as many', () => {
    const { diagram } = drawTiny({ vocabulary: 64, hidden: 32 });
    expect(diagram.after.find(({ kind }) => kind === 'head')?.output.letters).toBe('[B·T, V]');
    // The room Costs has Press's letters.
    const meanings = new Map(diagram.letters.map(({ letter, meaning }) => [letter, meaning]));
    expect([meanings.get('T'), meanings.get('C')]).toEqual([
      expect.stringMatching(/; n in Costs$/),
      expect.stringMatching(/; d in Costs$/),
    ]);
  });

  it('draws norms where they stand', () => {
    const order = (placement: string) =>
      titlesOf(drawTiny({ ...gpt2, normPlacement: placement }).diagram.blocks[0]?.parts)
        .map((title) => (title === 'LayerNorm' ? 'N' : title[0]))
        .join('');
    expect(order('pre')).toBe('NQAPNEC');
    expect(order('post')).toBe('QAPNECN');
    expect(order('sandwich')).toBe('NQAPNSNECNS');
    expect(order('branch')).toBe('QAPNSECNS');
    expect(order('hybrid')).toBe('NQAPNNECN');
    expect(order('stream')).toBe('NQAPNEC');
  });

  it('draws skips from the norm where the stream itself is normed', () => {
    const parts = flows(drawTiny({ ...gpt2, normPlacement: 'stream' }).diagram.blocks[0]?.parts);
    expect(parts.filter((flow) => flow.includes('residual'))).toEqual([
      'attention / projection ← attention / norm (residual)',
      'ffn / contract ← ffn / norm (residual)',
    ]);
  });

  it('draws both parts of a parallel block from one norm, and no line that is switched off', () => {
    const parallel = flows(drawTiny({ ...gpt2, parallelBlocks: true }).diagram.blocks[0]?.parts);
    expect(parallel).toContain('ffn / expand ← attention / norm');
    expect(parallel).toContain('ffn / contract ← attention / projection (residual)');
    const apart = flows(
      drawTiny({ ...gpt2, parallelBlocks: true, parallelNorms: 'own' }).diagram.blocks[0]?.parts,
    );
    expect(apart).toContain('ffn / expand ← ffn / norm');
    expect(apart).not.toContain('ffn / norm ← attention / projection');
    const without = flows(drawTiny({ ...gpt2, skipConnections: false }).diagram.blocks[0]?.parts);
    expect(without.filter((flow) => flow.includes('residual'))).toEqual([]);
  });

  it('draws router, experts and the shared expert, and says which layers have them', () => {
    const { diagram } = (grid['shared experts and biases of routers'] as () => ReturnType<typeof draw>)();
    const block = diagram.blocks[1]?.parts ?? [];
    expect(titlesOf(block).slice(-4)).toEqual(['Shared expert', 'Router', '4 experts', 'Weighted sum']);
    expect(block.at(-2)).toMatchObject({
      kind: 'experts',
      parameters: 4 * 3 * 16 * 12,
      activeParameters: 2 * 3 * 16 * 12,
    });
    expect(diagram.blocks.map(({ note }) => note)).toEqual(['dense', 'experts', 'experts']);
    expect(diagram.sections).toEqual([
      { first: 0, times: 1, runs: [1] },
      { first: 1, times: 2, runs: [1] },
    ]);
  });

  it('draws what latent attention projects, each from what it reads', () => {
    const block = drawTiny(latent).diagram.blocks[0]?.parts ?? [];
    expect(titlesOf(block).slice(0, 9)).toEqual([
      ...[
        'RMSNorm',
        'Query latent',
        'RMSNorm',
        'Queries',
        'Latent',
        'RMSNorm',
        'Rope key',
        'Keys and values',
      ],
      'Rotary positions',
    ]);
    const sources = (title: string) =>
      block
        .find((part) => part.title === title)
        ?.inputs.map(({ from }) => block.find(({ id }) => id === from)?.title);
    expect(sources('Latent')).toEqual(['RMSNorm']);
    expect(sources('Rotary positions')).toEqual(['Keys and values', 'Rope key', 'Queries']);
  });

  it('shares the table of a tied head without counting it twice', () => {
    const head = ({ diagram }: ReturnType<typeof draw>) => diagram.after.find(({ kind }) => kind === 'head');
    expect(head(drawTiny({ tiedHead: true }))).toMatchObject({ parameters: 0, shared: ['tokenEmbedding'] });
    expect(head(drawTiny({ tiedHead: false }))).toMatchObject({ parameters: 40 * 16, shared: [] });
  });

  it('is plain data that crosses to the page', () => {
    const { diagram } = drawTiny(llama);
    expect(structuredClone(diagram)).toEqual(diagram);
  });
});
