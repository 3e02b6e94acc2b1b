// The gradient of attention's sinks against its reference: rows around the workgroup, many heads. The op is in attention.test.ts.
import { describe, expect, it } from 'vitest';
import { attention } from '../../src/kernels/attention.ts';
import { attentionSinkGradients } from '../../src/kernels/attention-sinks.ts';
import { baselineCapabilities, familyOf } from '../../src/plan/kernel.ts';
import { Tape } from '../../src/plan/tape.ts';
import { beyondOneGridRow, describeKernel } from './describe-kernel.ts';

describeKernel(attentionSinkGradients, [
  { batch: 1, time: 1, heads: 1 },
  { batch: 2, time: 37, heads: 3 },
  { batch: 1, time: 63, heads: 1 },
  { batch: 3, time: 64, heads: 5 },
  { batch: 1, time: 65, heads: 2 },
  ...beyondOneGridRow({ batch: 700, time: 3, heads: 100 }),
]);

describe('gradients of attention with sinks', () => {
  it.each([
    ['only the sinks train', [false, true], ['attention.delta', 'attention.sinks', 'columnSum']],
    [
      'only the rows train',
      [true, false],
      ['attention.delta', 'attention.queries', 'attention.keysAndValues'],
    ],
  ] as const)('are the wanted ones where %s', (_, [trainsRows, trainsSinks], expected) => {
    const tape = new Tape({ capabilities: baselineCapabilities, training: true });
    const qkv = tape.tensor('qkv', [6, 6]);
    const sinks = tape.tensor('sinks', [1]);
    if (trainsRows) tape.parameter(qkv, tape.tensor('∂qkv', qkv.shape));
    if (trainsSinks) tape.parameter(sinks, tape.tensor('∂sinks', sinks.shape));
    const sizes = { batch: 2, time: 3, heads: 1, keyValueHeads: 1, keySize: 2, valueSize: 2 };
    const y = attention(tape, qkv, { ...sizes, sinks });
    tape.adoptGradient(y, tape.tensor('dy', y.shape));
    tape.backward();
    const backward = tape.dispatches.filter(({ phase }) => phase === 'backward');
    expect(backward.map(({ kernel }) => familyOf(kernel.name))).toEqual(expected);
  });
});
