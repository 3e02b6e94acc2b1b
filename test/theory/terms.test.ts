// The generalised Table 1 against Press's own, against released models' parameters, and against sums over tokens.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countArchitecture, expertParameters } from '../../src/theory/architecture.ts';
import { type PressModel, pressCosts, pressTable } from '../../src/theory/press.ts';
import { findPublishedModel } from '../../src/theory/published-models.ts';
import {
  type CostTerm,
  causalAttentionFlops,
  costTerms,
  sumTerms,
  type TermShape,
  termCosts,
  trainingFactor,
} from '../../src/theory/terms.ts';

/** Press's transformer: F = 4C, H·D = C, an untied head, norms with biases but none after the last block. */
function pressShape({ vocabulary, width, layers }: PressModel, heads: number): TermShape {
  return {
    ...{ layers, width, heads, keyValueHeads: heads, headSize: width / heads, hidden: 4 * width },
    ...{ gated: false, vocabulary, tiedHead: false, positions: 0, bias: false },
    ...{ normWeights: 2, finalNorm: false },
  };
}

/** Rows of Press's table that each term sums. */
const pressTasks: Readonly<Partial<Record<CostTerm, readonly string[]>>> = {
  embedding: ['embedding'],
  qkv: ['query, key, value projections'],
  attention: ['attention'],
  projection: ['attention projection'],
  ffn: ['feed-forward expand', 'feed-forward contract'],
  norm: ['norms'],
  head: ['head'],
};

const small: PressModel = { context: 7, vocabulary: 11, width: 12, layers: 3 };
const caseA: PressModel = { context: 2048, vocabulary: 32_000, width: 4096, layers: 32 };

describe("Press's shape", () => {
  it.each([
    ['small', small, 4],
    ['small with one head', small, 1],
    ['case A', caseA, 32],
  ] as const)('%s has his flops twice, his activations and his parameters, row by row', (_, model, heads) => {
    const { context: n, layers } = model;
    const rows = termCosts(pressShape(model, heads), { sequences: 1, queries: n, keys: n });
    const table = pressTable(model);
    for (const [term, tasks] of Object.entries(pressTasks)) {
      const of = table.filter(({ task }) => tasks.includes(task));
      expect(of).toHaveLength(tasks.length);
      const times = of[0]?.isPerLayer ? layers : 1;
      const sum = (key: 'multiplyAdds' | 'data' | 'parameters') => of.reduce((all, row) => all + row[key], 0);
      expect(rows.find((row) => row.term === term)).toEqual({
        term,
        forwardFlops: 2 * times * sum('multiplyAdds'),
        activations: sum('data'),
        parameters: times * sum('parameters'),
      });
    }
    const costs = pressCosts(model);
    expect(sumTerms(rows, 'forwardFlops')).toBe(2 * costs.forwardMultiplyAdds);
    expect(sumTerms(rows, 'activations')).toBe(costs.activations);
    expect(sumTerms(rows, 'parameters')).toBe(costs.parameters);
  });

  it('decodes a token for his incremental flops, norms and head aside', () => {
    const rows = termCosts(pressShape(caseA, 32), { sequences: 1, queries: 1, keys: caseA.context });
    const counted = rows.filter(({ term }) => term !== 'norm' && term !== 'head');
    expect(sumTerms(counted, 'forwardFlops')).toBe(2 * pressCosts(caseA).incrementalMultiplyAdds);
  });

  it('trains for his equation 5, norms aside', () => {
    const { context: n } = caseA;
    const rows = termCosts(pressShape(caseA, 32), { sequences: 1, queries: n, keys: n });
    const counted = rows.filter(({ term }) => term !== 'norm');
    expect(trainingFactor * sumTerms(counted, 'forwardFlops')).toBe(
      2 * pressCosts(caseA).trainingMultiplyAddsPerContext,
    );
  });
});

function shapeOf(id: string) {
  const found = findPublishedModel(id);
  if (!found) throw new Error(`no published model ${id}`);
  const { architecture } = found;
  const { feedForward } = architecture;
  const isMixture = feedForward.kind === 'mixture';
  const experts = isMixture && {
    layers: architecture.layers - feedForward.denseLayers,
    total: feedForward.experts,
    active: feedForward.expertsPerToken,
    hidden: feedForward.hidden,
    sharedHidden: feedForward.sharedExperts * feedForward.hidden,
    routerBias: feedForward.routerBias,
  };
  const shape: TermShape = {
    ...architecture,
    hidden: isMixture ? feedForward.denseHidden || feedForward.hidden : feedForward.hidden,
    gated: isMixture || feedForward.gated,
    positions: architecture.learnedPositions ? architecture.context : 0,
    normWeights: architecture.bias ? 2 : 1,
    finalNorm: true,
    ...(experts ? { experts } : {}),
  };
  return { ...found, shape };
}

describe('a published model:', () => {
  const oneToken = { sequences: 1, queries: 1, keys: 1 };

  it.each(['gpt2', 'gpt2-xl', 'llama-3-8b', 'mixtral-8x7b'])(
    '%s has the parameters of its released weights',
    (id) => {
      const { shape, releasedParameters } = shapeOf(id);
      expect(sumTerms(termCosts(shape, oneToken), 'parameters')).toBe(releasedParameters);
    },
  );

  it.each(['mixtral-8x7b', 'deepseek-v3'])('%s multiplies the experts that a token takes', (id) => {
    const { architecture, shape } = shapeOf(id);
    const { feedForward, router } = countArchitecture(architecture);
    const [routerRow, ffn] = ['router', 'ffn'].map((term) =>
      termCosts(shape, oneToken).find((row) => row.term === term),
    );
    expect(ffn?.parameters).toBe(feedForward);
    expect(routerRow?.parameters).toBe(router);
    const { layers = 0, total = 0, active = 0, hidden = 0, routerBias } = shape.experts ?? {};
    const idle = layers * (total - active) * expertParameters(shape.width, hidden);
    expect(ffn?.forwardFlops).toBe(2 * (feedForward - idle));
    expect(routerRow?.forwardFlops).toBe(2 * (router - (routerBias ? layers * total : 0)));
  });
});

/** Shapes without any special ratio between their sizes. */
const shapes = fc
  .record({
    layers: fc.integer({ min: 1, max: 4 }),
    width: fc.integer({ min: 1, max: 40 }),
    groups: fc.integer({ min: 1, max: 3 }),
    keyValueHeads: fc.integer({ min: 1, max: 3 }),
    headSize: fc.integer({ min: 1, max: 9 }),
    hidden: fc.integer({ min: 1, max: 50 }),
    vocabulary: fc.integer({ min: 1, max: 70 }),
    gated: fc.boolean(),
    tiedHead: fc.boolean(),
    bias: fc.boolean(),
    finalNorm: fc.boolean(),
    sinks: fc.boolean(),
    windows: fc.array(fc.integer({ min: 1, max: 14 }), { minLength: 4, maxLength: 4 }),
    isWindowed: fc.boolean(),
    norm: fc.constantFrom('none', 'head', 'all'),
  })
  .map(
    ({ groups, windows, isWindowed, norm, ...rest }): TermShape => ({
      ...rest,
      ...(isWindowed ? { layerWindows: windows.slice(0, rest.layers) } : {}),
      ...(norm === 'none' ? {} : { headNorm: norm }),
      heads: groups * rest.keyValueHeads,
      positions: 0,
      normWeights: 1,
    }),
  );

describe('any shape', () => {
  it('costs a sequence what its tokens cost one after another with a cache', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 12 }), (shape, time) => {
        const whole = termCosts(shape, { sequences: 1, queries: time, keys: time });
        for (const term of costTerms) {
          const flopsOf = (keys: number) =>
            termCosts(shape, { sequences: 1, queries: 1, keys }).find((row) => row.term === term)
              ?.forwardFlops ?? 0;
          const byToken = Array.from({ length: time }, (_, t) => flopsOf(t + 1)).reduce((a, b) => a + b);
          const expected =
            term === 'attention'
              ? causalAttentionFlops(shape, { sequences: 1, queries: time, keys: time })
              : (whole.find((row) => row.term === term)?.forwardFlops ?? 0);
          expect(byToken).toBe(expected);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('adds the weights of normed heads and sinks, and sees windows only', () => {
    const shape = { ...pressShape(small, 4), keyValueHeads: 2 };
    const work = { sequences: 1, queries: 7, keys: 7 };
    const costOf = (changes: Partial<TermShape>, term: CostTerm) => {
      const found = termCosts({ ...shape, ...changes }, work).find((row) => row.term === term);
      return [found?.forwardFlops ?? 0, found?.parameters ?? 0];
    };
    const [flops = 0, weights = 0] = costOf({}, 'norm');
    // 3 layers, 4 + 2 heads of 3 channels.
    expect(costOf({ headNorm: 'head' }, 'norm')).toEqual([flops + 2 * 7 * 3 * 18, weights + 3 * 2 * 3]);
    expect(costOf({ headNorm: 'all' }, 'norm')).toEqual([flops + 2 * 7 * 3 * 18, weights + 3 * 18]);
    expect(costOf({ sinks: true }, 'attention')[1]).toBe(3 * 4);
    expect(costOf({ layerWindows: [2, 7, 9] }, 'attention')[0]).toBe(4 * 12 * 7 * (2 + 7 + 7));
  });

  it('leaves (T + 1) / 2T of attention under the causal mask', () => {
    const shape = pressShape(small, 4);
    for (const time of [1, 2, 64, 129]) {
      const work = { sequences: 3, queries: time, keys: time };
      const full = termCosts(shape, work).find(({ term }) => term === 'attention')?.forwardFlops ?? 0;
      expect(causalAttentionFlops(shape, work) * 2 * time).toBe(full * (time + 1));
    }
  });

  it('is refused without a size, or with fewer keys than new tokens', () => {
    const shape = pressShape(small, 4);
    expect(() => termCosts({ ...shape, width: 0 }, { sequences: 1, queries: 1, keys: 1 })).toThrow(
      'terms: width is impossible: 0.',
    );
    expect(() => termCosts(shape, { sequences: 1, queries: 5, keys: 4 })).toThrow(
      'terms: 5 new tokens cannot look at 4. Count the new ones among the keys.',
    );
  });
});
