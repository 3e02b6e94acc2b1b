// Activations against their references, PyTorch and finite differences.
import { describe, expect, it } from 'vitest';
import source from '../../shaders/activation-functions.wgsl?raw';
import { activation, activationBackward, activationForward } from '../../src/kernels/activation.ts';
import {
  activationFunctions,
  activationKind,
  activationNames,
  activationOfKind,
} from '../../src/kernels/activation-functions.ts';
import { checkGradient, describeKernel } from './describe-kernel.ts';
import { expectClose, goldenCases, runOp } from './run-op.ts';

const sizes = [1, 127, 128, 129, 1009];
const shapes = activationNames.flatMap((_, kind) => sizes.map((elements) => ({ elements, kind })));

describeKernel(activationForward, shapes);
describeKernel(
  activationBackward,
  shapes.map((shape, i) => ({ ...shape, accumulate: i % 2 })),
);

interface Golden {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly dy: readonly number[];
  readonly dx: readonly number[];
}

describe.each(activationNames)('%s', (name) => {
  const golden = goldenCases<Golden>(name);

  it('has numbers of PyTorch to be compared with', () => {
    expect(golden.length, `make-fixtures.py has no case ${name}`).toBeGreaterThan(0);
  });

  it('has the number of the shader', () => {
    expect(source).toContain(`const ${name} = ${activationKind(name)}u;`);
    expect(source.split(`case ${name}:`)).toHaveLength(3); // once for f, once for f′
  });

  checkGradient(name, { x: { shape: [41], fill: (uniform) => 8 * uniform - 4 } }, (tape, { x }) =>
    activation(tape, x, name),
  );

  it.each(golden)('equals PyTorch', async ({ x, y, dy, dx }) => {
    const result = await runOp(
      { x: { shape: [x.length], values: x } },
      (tape, tensors) => activation(tape, tensors.x, name),
      { dy },
    );
    expectClose(result.y, y);
    expectClose(result.gradients.x, dx);
  });
});

it('an activation that the table lacks is refused', () => {
  expect(activationOfKind(0)).toBe(activationFunctions.geluTanh);
  expect(() => activationOfKind(activationNames.length)).toThrow(/there is no kind/);
});
