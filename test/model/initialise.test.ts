// Tests of first values: their distribution, and that each depends on seed and name alone.
import { expect, test } from 'vitest';
import { initialiseParameters } from '../../src/model/initialise.ts';
import type { ParameterSpec } from '../../src/model/parameters.ts';

const normal = (name: string, shape = [100, 200]): ParameterSpec => ({
  name,
  shape,
  decay: true,
  initialisation: { kind: 'normal', deviation: 0.02 },
});

function initialise(specs: readonly ParameterSpec[], seed: number): Map<string, Float32Array> {
  const values = new Map<string, Float32Array>();
  initialiseParameters(specs, seed, (name, array) => values.set(name, array));
  return values;
}

test('normal values have mean 0 and the deviation asked for', () => {
  const values = initialise([normal('a')], 1).get('a') ?? new Float32Array();
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  expect(values).toHaveLength(20_000);
  expect(Math.abs(mean)).toBeLessThan(5 * (0.02 / Math.sqrt(20_000)));
  expect(Math.sqrt(variance)).toBeCloseTo(0.02, 3);
  expect(Math.max(...values)).toBeGreaterThan(0.06);
});

test('values depend on seed and name, not on order or neighbours', () => {
  const both = initialise([normal('a'), normal('b')], 7);
  const turned = initialise([normal('b'), normal('c'), normal('a')], 7);
  expect(turned.get('a')).toEqual(both.get('a'));
  expect(turned.get('b')).toEqual(both.get('b'));
  expect(both.get('a')).not.toEqual(both.get('b'));
  expect(initialise([normal('a')], 8).get('a')).not.toEqual(both.get('a'));
});

test('the streams of two hundred names start differently', () => {
  const specs = Array.from({ length: 200 }, (_, i) => normal(`layers.${i}.ffn.expand`, [1, 2]));
  const firsts = [...initialise(specs, 0).values()].map((values) => values.join());
  expect(new Set(firsts).size).toBe(200);
});

test('the very first values of a seed stay what they are, because runs are reproduced from them', () => {
  const values = initialise([normal('tokenEmbedding', [1, 5])], 1).get('tokenEmbedding') ?? [];
  expect([...values].map((value) => Number(value.toFixed(6)))).toMatchInlineSnapshot(`
    [
      0.025483,
      0.008987,
      -0.013232,
      0.010353,
      -0.005971,
    ]
  `);
});

test('norms start as the identity and biases as nothing', () => {
  const spec = (name: string, shape: number[], kind: 'ones' | 'zeros' | 'scaleAndBias'): ParameterSpec => ({
    name,
    shape,
    decay: false,
    initialisation: { kind },
  });
  const values = initialise(
    [spec('o', [3], 'ones'), spec('z', [3], 'zeros'), spec('n', [2, 3], 'scaleAndBias')],
    1,
  );
  expect([...(values.get('o') ?? [])]).toEqual([1, 1, 1]);
  expect([...(values.get('z') ?? [])]).toEqual([0, 0, 0]);
  expect([...(values.get('n') ?? [])]).toEqual([1, 1, 1, 0, 0, 0]);
});
