// Tests of solved shapes: the counts by hand, wanted d/√N and r on whole sizes, and what has no solution.
import { describe, expect, test } from 'vitest';
import { shapeOf, solveShape } from '../../../src/lab/studies/shape.ts';
import { type ModelConfig, parseModel } from '../../../src/model/config.ts';

function model(changes: object = {}): ModelConfig {
  const parsed = parseModel({ layers: 3, width: 64, heads: 8, context: 64, ...changes });
  if (parsed.kind !== 'ok') throw new Error(parsed.problems[0].message);
  return parsed.model;
}

describe('a shape', () => {
  test('counts 12·L·d² in the blocks, and head or all embeddings where asked', () => {
    const shape = shapeOf(model(), 'blocks', 60);
    expect(shape).toMatchObject({ parameters: 12 * 3 * 64 ** 2, width: 64, mlpToAttention: 2 });
    expect(shape.ratio).toBeCloseTo(64 / Math.sqrt(12 * 3 * 64 ** 2), 12);
    expect(shapeOf(model(), 'withHead', 60).parameters - shape.parameters).toBe(60 * 64);
    expect(shapeOf(model(), 'all', 60).parameters - shape.parameters).toBe((60 + 64) * 64);
  });

  test.each([
    [148_000, 0.1, 1],
    [148_000, 0.2, 4],
    [148_000, 0.14, 2],
    [1_000_000, 0.1, 1.5],
  ])('of N %d, d/√N %d and r %d is found within a few per cent', (parameters, ratio, mlpToAttention) => {
    const shape = shapeOf(solveShape(model(), { parameters, ratio, mlpToAttention }, 0.2), 'blocks', 1);
    expect(Math.abs(Math.log(shape.parameters / parameters))).toBeLessThan(0.03);
    expect(Math.abs(Math.log(shape.ratio / ratio))).toBeLessThan(0.06);
    expect(Math.abs(Math.log(shape.mlpToAttention / mlpToAttention))).toBeLessThan(0.2);
  });

  test('of a size alone keeps depth, head size and groups of the base', () => {
    const solved = solveShape(model({ keyValueHeads: 2 }), { parameters: 590_000 }, 0.2);
    expect(Math.abs(Math.log(shapeOf(solved, 'blocks', 1).parameters / 590_000))).toBeLessThan(0.05);
    expect([solved.layers, solved.headSize]).toEqual([3, 8]);
    expect(solved.heads).toBe(4 * solved.keyValueHeads);
  });

  test('that no whole sizes come near is refused with the nearest', () => {
    const large = model({ heads: 1, headSize: 64 });
    expect(() => solveShape(large, { parameters: 5000, ratio: 0.2, mlpToAttention: 1 }, 0.2)).toThrow(
      /^study: no whole width, heads and hidden size within 20 % of N 5000, d\/√N 0.200, r 1.00 at 3 layers/,
    );
  });
});
