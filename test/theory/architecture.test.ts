// Tests of the closed form of parameters, term by term, on small shapes that are summed by hand.
import { describe, expect, test } from 'vitest';
import { type Architecture, cacheOfArchitecture, countArchitecture } from '../../src/theory/architecture.ts';

const plain: Architecture = {
  layers: 2,
  width: 8,
  heads: 4,
  keyValueHeads: 2,
  headSize: 3,
  context: 5,
  vocabulary: 11,
  tiedHead: false,
  learnedPositions: true,
  bias: false,
  normsPerLayer: 2,
  queryKeyNorm: 'none',
  feedForward: { kind: 'dense', hidden: 10, gated: true },
};

describe('the closed form of parameters', () => {
  test('counts each term, and the total is their sum', () => {
    const count = countArchitecture(plain);
    expect(count).toMatchObject({
      embedding: 88,
      positions: 40,
      attention: 2 * (8 * 12 + 2 * 8 * 6 + 12 * 8),
      feedForward: 2 * 3 * 8 * 10,
      router: 0,
      norms: 5 * 8,
      head: 88,
    });
    const { total, active: _, ...terms } = count;
    expect(Object.values(terms).reduce((sum, term) => sum + term)).toBe(total);
  });

  test('biases are of every linear layer but the head, and of every norm', () => {
    const added = countArchitecture({ ...plain, bias: true }).total - countArchitecture(plain).total;
    expect(added).toBe(2 * (12 + 6 + 6 + 8 + (10 + 10 + 8) + 2 * 8) + 8);
  });

  test('norms of queries and keys are per head or over all heads', () => {
    const base = countArchitecture(plain).norms;
    expect(countArchitecture({ ...plain, queryKeyNorm: 'perHead' }).norms - base).toBe(2 * 2 * 3);
    expect(countArchitecture({ ...plain, queryKeyNorm: 'allHeads' }).norms - base).toBe(2 * (12 + 6));
    expect(countArchitecture({ ...plain, normsPerLayer: 4 }).norms - base).toBe(2 * 2 * 8);
  });

  test('experts count all in the total and those of one token as active', () => {
    const mixture = countArchitecture({
      ...plain,
      feedForward: {
        kind: 'mixture',
        experts: 6,
        expertsPerToken: 2,
        sharedExperts: 1,
        hidden: 5,
        denseLayers: 1,
        denseHidden: 10,
        routerBias: true,
      },
    });
    expect(mixture.feedForward).toBe(3 * 8 * 10 + 7 * 3 * 8 * 5);
    expect(mixture.router).toBe(6 * 8 + 6);
    expect(mixture.total - mixture.active[0].parameters).toBe(4 * 3 * 8 * 5);
    expect(mixture.active[0].parameters - mixture.active[1].parameters).toBe(88 + 40);
  });

  test('latent attention has the matrices and norms of its compressions', () => {
    const latentAttention = { queryRank: 6, latent: 4, decoupledKey: 2, keySize: 3, valueSize: 3 };
    const count = countArchitecture({ ...plain, latentAttention });
    const layer = 8 * 6 + 6 * 4 * 5 + 8 * 6 + 4 * 4 * 6 + 4 * 3 * 8;
    expect(count.attention).toBe(2 * layer);
    expect(count.norms).toBe(5 * 8 + 2 * (6 + 4));
    expect(cacheOfArchitecture({ ...plain, latentAttention }).groups).toEqual([
      { layers: 2, entry: { kind: 'latent', latent: 4, decoupledKey: 2 } },
    ]);
  });

  test('a cache has the windows of its architecture', () => {
    const windows = { size: 3, globalEvery: 2 };
    expect(cacheOfArchitecture({ ...plain, windows }).groups.map(({ window }) => window)).toEqual([
      3,
      undefined,
    ]);
  });
});
