// Activations against their references, PyTorch and finite differences.
import { describe, it } from 'vitest';
import {
  type ActivationKind,
  activation,
  activationBackward,
  activationForward,
  activationKinds,
} from '../../src/kernels/activation.ts';
import { checkGradient, describeKernel } from './describe-kernel.ts';
import { expectClose, goldenCases, runOp } from './run-op.ts';

const sizes = [1, 127, 128, 129, 1009];
const shapes = activationKinds.flatMap((_, kind) => sizes.map((elements) => ({ elements, kind })));

describeKernel(activationForward, shapes);
describeKernel(
  activationBackward,
  shapes.map((shape, i) => ({ ...shape, accumulate: i % 2 })),
);

const fixtureNames = { geluTanh: 'geluTanh', gelu: 'geluErf', silu: 'silu', relu: 'relu' } as const;

interface Golden {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly dy: readonly number[];
  readonly dx: readonly number[];
}

describe.each(Object.entries(fixtureNames) as [ActivationKind, string][])('%s', (kind, fixture) => {
  checkGradient(kind, { x: { shape: [41], fill: (uniform) => 8 * uniform - 4 } }, (tape, { x }) =>
    activation(tape, x, kind),
  );

  it.each(goldenCases<Golden>(fixture))('equals PyTorch', async ({ x, y, dy, dx }) => {
    const result = await runOp(
      { x: { shape: [x.length], values: x } },
      (tape, tensors) => activation(tape, tensors.x, kind),
      { dy },
    );
    expectClose(result.y, y);
    expectClose(result.gradients.x, dx);
  });
});
