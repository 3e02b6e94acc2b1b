// Every optimizer of the table: its row is whole, PyTorch's numbers, blocks of a table, and a step that is not finite.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type OptimizerName,
  optimizerNames,
  optimizers,
  optimizersWith,
} from '../../src/kernels/optimizer-table.ts';
import { defaultOptimizer, type OptimizerConfig } from '../../src/model/fields/optimizer.ts';
import type { ParameterShape } from '../../src/plan/store.ts';
import { expectClose } from './run-op.ts';
import { type Numbers, runOptimizer } from './run-optimizer.ts';

interface Golden {
  readonly optimizer: OptimizerName;
  readonly settings: Partial<OptimizerConfig>;
  readonly parameters: readonly ParameterShape[];
  readonly weights: Numbers;
  readonly gradients: readonly Numbers[];
  readonly after: readonly Numbers[];
}

const file = new URL('../fixtures/optimizers.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as readonly Golden[];
const [example] = cases as readonly [Golden, ...Golden[]];

const settings = { ...defaultOptimizer, learningRate: 0.01 };

describe.each(cases.map((golden, index) => [`${golden.optimizer} (${index})`, golden] as const))(
  '%s',
  (_, golden) => {
    const run = (options = {}) =>
      runOptimizer(
        optimizers[golden.optimizer],
        { ...golden, settings: { ...settings, ...golden.settings } },
        options,
      );

    it('equals PyTorch in every parameter after every step', async () => {
      const { after } = await run();
      golden.after.forEach((expected, step) => {
        for (const [name, values] of Object.entries(expected))
          expectClose(after[step]?.[name], values, 1e-10);
      });
    });

    it('does not depend on the blocks that a table is cut into', async () => {
      const whole = await run();
      const cut = await run({ maxBindingBytes: 64 * 8 * 4 });
      expect(cut.store.parameters.get('table')?.blocks.length).toBe(3);
      whole.after.forEach((expected, step) => {
        for (const [name, values] of Object.entries(expected))
          expectClose(cut.after[step]?.[name], values, 1e-12);
      });
    });
  },
);

describe.each(optimizerNames)('%s', (name) => {
  const { label, summary, settings: used, states } = optimizers[name];

  it('has a row that says what it is', () => {
    expect(label).not.toBe('');
    expect(summary).toContain(label.split(' ')[0]);
    expect(used.filter((setting) => !(setting in defaultOptimizer))).toEqual([]);
    for (const setting of used) expect(optimizersWith(setting)).toContain(name);
    expect(new Set(states.map((state) => state.name)).size).toBe(states.length);
  });

  it('moves every number of every parameter, and leaves the gradients at zero', async () => {
    const { after, buffers } = await runOptimizer(optimizers[name], { ...example, settings });
    for (const [parameter, values] of Object.entries(after[0] ?? {})) {
      const before = example.weights[parameter] ?? [];
      expect(values.filter((value, i) => value === before[i]).length, parameter).toBe(0);
    }
    expect(buffers['gradients 0']?.every((value) => value === 0)).toBe(true);
  });

  it('changes nothing in a step that is not finite, but clears the gradients', async () => {
    const gradients = example.gradients.slice(0, 1).map((numbers) => {
      const entries = Object.entries(numbers).map(([key, values]) => [
        key,
        values.map((value, i) => (i % 5 === 0 ? Number.NaN : value)),
      ]);
      return Object.fromEntries(entries) as Numbers;
    });
    const { after, buffers } = await runOptimizer(
      optimizers[name],
      { ...example, gradients, settings },
      { isFiniteStep: false },
    );
    expect(after[0]).toEqual(example.weights);
    for (const values of Object.values(buffers)) expect(values.every((value) => value === 0)).toBe(true);
  });
});

it('a setting that no optimizer lists is of none', () => {
  expect(optimizersWith('matrixRate')).toEqual(['muon']);
  expect(optimizersWith('weightDecay')).toEqual(optimizerNames);
  expect(optimizersWith('warmth')).toEqual([]);
});
