// The linear layer's gradients against finite differences, and the order in which it records them.
import { describe, expect, it } from 'vitest';
import { linear } from '../../src/kernels/linear.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { Tape } from '../../src/plan/tape.ts';
import { checkGradient } from './describe-kernel.ts';
import { runOp } from './run-op.ts';

checkGradient('linear', { x: { shape: [2, 3, 5] }, w: { shape: [5, 4] } }, (tape, { x, w }) =>
  linear(tape, x, w),
);
checkGradient(
  'linear with bias and residual',
  { x: { shape: [6, 5] }, w: { shape: [5, 4] }, bias: { shape: [4] }, residual: { shape: [6, 4] } },
  (tape, { x, w, bias, residual }) => linear(tape, x, w, { bias, residual }),
);
checkGradient(
  'two linear layers on one residual stream',
  { x: { shape: [3, 4] }, v: { shape: [4, 4] }, w: { shape: [4, 4] } },
  (tape, { x, v, w }) => {
    const middle = linear(tape, x, v, { residual: x });
    return linear(tape, middle, w, { residual: middle });
  },
);

describe('linear', () => {
  it('passes the gradient of an inner residual on without a copy', () => {
    const tape = new Tape({ capabilities: baselineCapabilities, training: true });
    const [x, v, w] = [tape.tensor('x', [3, 4]), tape.tensor('v', [4, 4]), tape.tensor('w', [4, 4])];
    for (const leaf of [x, v, w]) tape.parameter(leaf, tape.tensor(`∂${leaf.name}`, leaf.shape));
    const middle = linear(tape, x, v);
    const y = linear(tape, x, w, { residual: middle });
    const dy = tape.tensor('∂y', y.shape);
    tape.adoptGradient(y, dy);
    tape.backward();
    expect(tape.gradientOf(middle)).toBe(dy);
    expect(tape.dispatches.some(({ kernel }) => kernel.name === 'add')).toBe(false);
  });

  it('sums the weight gradient of many tokens in slices to the same numbers', async () => {
    const [tokens, inputs, outputs] = [1031, 5, 7];
    const values = (count: number, step: number) =>
      Array.from({ length: count }, (_, i) => Math.sin(i * step));
    const [x, w, dy] = [
      values(tokens * inputs, 0.7),
      values(inputs * outputs, 1.3),
      values(tokens * outputs, 2.1),
    ];
    const operands = {
      x: { shape: [tokens, inputs], values: x },
      w: { shape: [inputs, outputs], values: w },
    };
    let recorded: Tape | undefined;
    const { gradients } = await runOp(
      operands,
      (tape, tensors) => {
        recorded = tape;
        return linear(tape, tensors.x, tensors.w);
      },
      { dy },
    );
    expect(recorded?.dispatches.map(({ dims }) => dims.slices ?? 1)).toContain(4);
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < outputs; o++) {
        let sum = 0;
        for (let t = 0; t < tokens; t++) sum += x[t * inputs + i] * dy[t * outputs + o];
        expect(gradients.w?.[i * outputs + o]).toBeCloseTo(sum, 9);
      }
    }
  });

  it('refuses operands that do not fit by name', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    const [x, w] = [tape.tensor('activations', [3, 5]), tape.tensor('weights', [4, 5])];
    expect(() => linear(tape, x, w)).toThrow(/activations.*weights/);
    const [fits, bias] = [tape.tensor('weights', [5, 4]), tape.tensor('offsets', [5])];
    expect(() => linear(tape, x, fits, { bias })).toThrow(/offsets/);
  });
});
