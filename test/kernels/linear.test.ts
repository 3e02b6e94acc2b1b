// The linear layer's gradients against finite differences, and the order in which it records them.
import { describe, expect, it } from 'vitest';
import { addDropped } from '../../src/kernels/dropout.ts';
import { linear } from '../../src/kernels/linear.ts';
import { baselineCapabilities, familyOf } from '../../src/plan/kernel.ts';
import { Tape } from '../../src/plan/tape.ts';
import { elementCount, type Tensor } from '../../src/plan/tensor.ts';
import { checkGradient } from './describe-kernel.ts';
import { expectClose, runOp } from './run-op.ts';

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
checkGradient(
  'an activated layer before another, whose product takes the slope,',
  { x: { shape: [3, 4] }, v: { shape: [4, 5] }, bias: { shape: [5] }, w: { shape: [5, 4] } },
  (tape, { x, v, bias, w }) => linear(tape, linear(tape, x, v, { bias, activation: 'geluTanh' }), w),
);
checkGradient(
  'an activated layer read twice, which records its slope apart,',
  { x: { shape: [3, 4] }, v: { shape: [4, 4] }, w: { shape: [4, 4] } },
  (tape, { x, v, w }) => {
    const hidden = linear(tape, x, v, { activation: 'silu' });
    return linear(tape, linear(tape, hidden, w), w, { residual: hidden });
  },
);

/** Kernels of what is recorded on persistent leaves, families only, gradients included. */
function familiesOf(shapes: Readonly<Record<string, readonly number[]>>, record: Recorded, training = true) {
  const tape = new Tape({ capabilities: baselineCapabilities, training });
  const leaves = Object.entries(shapes).map(([name, shape]) => [name, tape.tensor(name, shape)] as const);
  for (const [, leaf] of leaves) tape.parameter(leaf, tape.tensor(`∂${leaf.name}`, leaf.shape));
  const y = record(tape, Object.fromEntries(leaves));
  tape.adoptGradient(y, tape.tensor('∂y', y.shape));
  if (training) tape.backward();
  return tape.dispatches.map(({ kernel }) => familyOf(kernel.name));
}

type Recorded = (tape: Tape, tensors: Readonly<Record<string, Tensor>>) => Tensor;

describe('an activated layer', () => {
  const shapes = { x: [6, 8], v: [8, 12], w: [12, 8] };
  const feedForward: Recorded = (tape, { x, v, w }) =>
    linear(tape, linear(tape, x, v, { activation: 'gelu' }), w);

  it('is its product, forward and backward', () => {
    expect(familiesOf(shapes, feedForward)).toEqual([
      ...['matmul.nn', 'matmul.nn', 'matmul.tn', 'matmul.nt', 'matmul.tn', 'matmul.nt'],
    ]);
  });

  it('keeps its sums for their slopes only while it trains', () => {
    for (const training of [true, false]) {
      const tape = new Tape({ capabilities: baselineCapabilities, training });
      const [x, w] = [tape.tensor('x', [3, 4]), tape.tensor('w', [4, 4])];
      tape.parameter(w, tape.tensor('∂w', [4, 4]));
      linear(tape, x, w, { activation: 'relu' });
      expect('kept' in (tape.dispatches[0]?.bindings ?? {})).toBe(training);
    }
  });

  it('takes no residual and no dropout, which would follow the activation', () => {
    const tape = new Tape({ capabilities: baselineCapabilities });
    const [x, w] = [tape.tensor('x', [3, 4]), tape.tensor('w', [4, 4])];
    expect(() => linear(tape, x, w, { activation: 'relu', residual: x })).toThrow(
      /relu is given with a residual/,
    );
  });
});

it('drops of its sums and adds the residual as by dispatches apart, gradients too', async () => {
  const numbers = (shape: readonly number[], step: number) => ({
    shape,
    values: Array.from({ length: elementCount(shape) }, (_, i) => Math.sin(1 + i * step)),
  });
  const operands = {
    ...{
      x: numbers([6, 5], 0.7),
      w: numbers([5, 4], 1.3),
      bias: numbers([4], 2),
      residual: numbers([6, 4], 0.3),
    },
  };
  const dy = numbers([6, 4], 1.1).values;
  const place = { probability: 0.4, time: 3 };
  const fused: Recorded = (tape, { x, w, bias, residual }) =>
    linear(tape, x, w, { bias, residual, dropout: place });
  const apart: Recorded = (tape, { x, w, bias, residual }) =>
    addDropped(tape, residual, linear(tape, x, w, { bias }), place.probability, place);
  const [inside, after] = await Promise.all([fused, apart].map((record) => runOp(operands, record, { dy })));
  expectClose(inside?.y, after?.y ?? []);
  for (const name of Object.keys(operands))
    expectClose(inside?.gradients[name], after?.gradients[name] ?? []);
});

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
