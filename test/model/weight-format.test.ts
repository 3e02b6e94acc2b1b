// Which parameters are quantised, which stay, and what they take.
import { describe, expect, it } from 'vitest';
import { parseExperiment } from '../../src/model/config.ts';
import { storedParameters, type WeightOptions } from '../../src/model/weight-format.ts';

function formats(model: object, options: WeightOptions): Record<string, string> {
  const parsed = parseExperiment({
    model: { layers: 1, width: 64, heads: 2, context: 16, vocabulary: 65, ...model },
    train: { steps: 1, batch: 1, optimizer: { learningRate: 1e-3 } },
    data: {},
  });
  if (parsed.kind !== 'ok') throw new Error(parsed.problems[0]?.message);
  return Object.fromEntries(
    storedParameters(parsed.experiment.model, options).map(({ name, format }) => [name, format]),
  );
}

describe('storedParameters', () => {
  it('quantises matrices and tables, not vectors, positions and routers', () => {
    const of = formats(
      { position: 'learned', tiedHead: false, experts: 4, expertsPerToken: 2 },
      { weights: 'int4' },
    );
    expect(of).toMatchObject({
      tokenEmbedding: 'int4',
      positionEmbedding: 'f32',
      head: 'int4',
      finalNorm: 'f32',
      'layers.0.attention.qkv': 'int4',
      'layers.0.experts.router': 'f32',
      'layers.0.experts.contract': 'int4',
    });
  });

  it('leaves out the tables that it is told to, and a tied head with either name', () => {
    const own = { tiedHead: false };
    expect(formats(own, { weights: 'int8', unquantised: ['head'] })).toMatchObject({
      tokenEmbedding: 'int8',
      head: 'f32',
    });
    for (const name of ['head', 'embedding'] as const) {
      const tied = formats({ tiedHead: true }, { weights: 'int8', unquantised: [name] });
      expect(tied.tokenEmbedding).toBe('f32');
      expect(tied['layers.0.ffn.contract']).toBe('int8');
    }
  });

  it('stores all in f32 unless told otherwise', () => {
    expect(new Set(Object.values(formats({}, {})))).toEqual(new Set(['f32']));
  });
});
