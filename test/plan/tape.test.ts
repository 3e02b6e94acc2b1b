// Recording: order, gradients, variants, checkpoints, and errors that reach the caller before any GPU.
import { describe, expect, it } from 'vitest';
import { add, addKernel } from '../../src/kernels/add.ts';
import { copyForward } from '../../src/kernels/copy.ts';
import { softmax, softmaxForward } from '../../src/kernels/softmax.ts';
import {
  baselineCapabilities,
  type Dispatch,
  type Kernel,
  type VariantTable,
} from '../../src/plan/kernel.ts';
import { freeze } from '../../src/plan/plan.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import { type Tensor, viewOf } from '../../src/plan/tensor.ts';
import { CpuRuntime } from '../../src/runtime/cpu-runtime.ts';

const newTape = (training = true, variants?: VariantTable) =>
  new Tape({ capabilities: baselineCapabilities, training, ...(variants ? { variants } : {}) });

const matrix = (name: string, shape: readonly number[] = [2, 64]) =>
  persistentTensor(name, shape, 'f32', 'weights');

/** A parameter with its gradient, registered. */
function parameter(tape: Tape, name: string, accumulate: 0 | 1 = 0): { weight: Tensor; gradient: Tensor } {
  const [weight, gradient] = [matrix(name), matrix(`∂${name}`)];
  tape.parameter(weight, gradient, accumulate);
  return { weight, gradient };
}

/** An operation that records nothing but its closure. */
function link(tape: Tape, inputs: readonly Tensor[], name: string, log: string[]): Tensor {
  const output = tape.tensor(name, [2, 64]);
  tape.onBackward(inputs, output, () => {
    log.push(name);
    for (const input of inputs) tape.gradientTarget(input);
  });
  return output;
}

describe('Tape.extendWriter', () => {
  /** Adds b to what the writer copies. */
  const adding = (b: Tensor) => (writer: Dispatch) => ({
    dims: { ...writer.dims, hasB: 1 },
    bindings: { ...writer.bindings, b },
  });
  const copied = (tape: Tape, a: Tensor) => {
    const y = tape.tensor('y', [2, 64]);
    tape.dispatch(addKernel, { elements: 128, hasB: 0, accumulate: 0 }, { a, y });
    return y;
  };

  it('changes what wrote a tensor last, in its place', () => {
    const [tape, a, b] = [newTape(), matrix('a'), matrix('b')];
    const y = tape.scope('first', () => copied(tape, a));
    copied(tape, b);
    expect(tape.extendWriter(y, adding(b))).toBe(true);
    const [first, second] = tape.dispatches;
    expect(first).toMatchObject({ label: 'first', dims: { hasB: 1 }, bindings: { b } });
    expect(second?.dims.hasB).toBe(0);
  });

  it('leaves it alone where somebody has read it since, nobody wrote it, or its kernel cannot', () => {
    const [tape, a, b] = [newTape(), matrix('a'), matrix('b')];
    const y = copied(tape, a);
    copied(tape, y);
    expect(tape.extendWriter(y, adding(b))).toBe(false);
    expect(tape.extendWriter(b, adding(a))).toBe(false);
    expect(tape.extendWriter(copied(tape, a), () => undefined)).toBe(false);
    expect(tape.dispatches.every(({ dims }) => dims.hasB === 0)).toBe(true);
  });

  it('checks what it binds like any dispatch', () => {
    const [tape, a] = [newTape(), matrix('a')];
    const y = copied(tape, a);
    expect(() => tape.extendWriter(y, adding(y))).toThrow(/share a buffer/);
    expect(() => tape.extendWriter(y, adding(matrix('b', [3])))).toThrow(/b must hold/);
  });
});

describe('Tape.backward', () => {
  it('replays closures last first, and skips what nobody sent a gradient to', () => {
    const tape = newTape();
    const log: string[] = [];
    const { weight } = parameter(tape, 'w');
    const a = link(tape, [weight], 'a', log);
    link(tape, [a], 'dead end', log);
    const loss = link(tape, [link(tape, [a], 'b', log)], 'loss', log);
    tape.gradientTarget(loss);
    tape.backward();
    expect(log).toEqual(['loss', 'b', 'a']);
  });

  it('records nothing for inputs that want no gradient, nor when not training', () => {
    const data = matrix('data');
    const tape = newTape();
    const y = softmax(tape, data);
    expect(tape.needsGradient(y)).toBe(false);
    const still = newTape(false);
    const { weight } = parameter(still, 'w');
    const z = softmax(still, weight);
    still.gradientTarget(z);
    still.backward();
    expect(still.dispatches).toHaveLength(1);
  });

  it('overwrites with the first contribution and accumulates the later ones, in recorded order', () => {
    const tape = newTape();
    const { weight, gradient } = parameter(tape, 'w');
    for (const y of [softmax(tape, weight), softmax(tape, weight), softmax(tape, weight)]) {
      tape.adoptGradient(y, matrix('dy'));
    }
    tape.backward();
    const backward = tape.dispatches.filter(({ phase }) => phase === 'backward');
    expect(backward.map(({ dims }) => dims.accumulate)).toEqual([0, 1, 1]);
    expect(new Set(backward.map(({ bindings }) => bindings.dx))).toEqual(new Set([gradient]));
  });

  it('accumulates from the first contribution when the parameter says so', () => {
    const tape = newTape();
    const { weight } = parameter(tape, 'w', 1);
    tape.adoptGradient(softmax(tape, weight), matrix('dy'));
    tape.backward();
    expect(tape.dispatches.at(-1)?.dims.accumulate).toBe(1);
  });

  it('labels gradients with the scope of their operation', () => {
    const tape = newTape();
    const { weight } = parameter(tape, 'w');
    const y = tape.scope('layer 0', () => tape.scope('attention', () => softmax(tape, weight)));
    tape.adoptGradient(y, matrix('dy'));
    tape.backward();
    expect(tape.dispatches.map(({ label, phase }) => [label, phase])).toEqual([
      ['layer 0 / attention', 'forward'],
      ['layer 0 / attention', 'backward'],
    ]);
  });

  it('attributes gradients to the term and layer of their operation, the innermost term', () => {
    const tape = newTape();
    const { weight } = parameter(tape, 'w');
    const x = tape.term('embedding', () => softmax(tape, weight));
    const y = tape.layer(3, () =>
      tape.term('ffn', () =>
        softmax(
          tape,
          tape.term('norm', () => softmax(tape, x)),
        ),
      ),
    );
    tape.adoptGradient(y, matrix('dy'));
    tape.backward();
    expect(tape.dispatches.map(({ term, layer, label, phase }) => [term, layer, label, phase])).toEqual([
      ['embedding', undefined, '', 'forward'],
      ['norm', 3, 'layer 3', 'forward'],
      ['ffn', 3, 'layer 3', 'forward'],
      ['ffn', 3, 'layer 3', 'backward'],
      ['norm', 3, 'layer 3', 'backward'],
      ['embedding', undefined, '', 'backward'],
    ]);
  });

  it('leaves scope, term, layer and phase in order when recording throws', () => {
    const tape = newTape();
    const fail = () => {
      throw new Error('stop');
    };
    const inner = () => tape.layer(1, () => tape.term('ffn', () => tape.phase('update', fail)));
    expect(() => tape.scope('inner', inner)).toThrow('stop');
    softmax(tape, matrix('x'));
    const untouched = { label: '', phase: 'forward', term: undefined, layer: undefined };
    expect(tape.dispatches[0]).toMatchObject(untouched);
  });
});

describe('gradients on the reference', () => {
  const ramp = Float64Array.from({ length: 128 }, (_, i) => Math.sin(i));
  const slope = Float64Array.from({ length: 128 }, (_, i) => Math.cos(3 * i));

  /** Runs what `record` records between x and y, and gives ∂Σ y∘slope / ∂x. */
  async function gradientOf(record: (tape: Tape, x: Tensor) => Tensor): Promise<number[]> {
    const tape = newTape();
    const { weight, gradient } = parameter(tape, 'x');
    const dy = matrix('dy');
    tape.adoptGradient(record(tape, weight), dy);
    tape.backward();
    const plan = freeze('test', tape);
    const runtime = new CpuRuntime([plan], [weight.storage, gradient.storage, dy.storage], 'f64');
    runtime.write(weight, ramp);
    runtime.write(dy, slope);
    await runtime.submit([{ plan, scalars: {} }]);
    return [...(await runtime.read(gradient))];
  }

  it('sum over the consumers of a tensor', async () => {
    const once = await gradientOf((tape, x) => softmax(tape, x));
    const twice = await gradientOf((tape, x) => add(tape, softmax(tape, x), softmax(tape, x)));
    expect(Math.max(...once.map(Math.abs))).toBeGreaterThan(1e-3);
    twice.forEach((value, i) => {
      expect(value).toBeCloseTo(2 * (once[i] ?? 0), 14);
    });
  });

  const block = (tape: Tape, x: Tensor) => add(tape, x, softmax(tape, softmax(tape, x)));

  it('are the same bits with and without checkpoints, nested ones too', async () => {
    const plain = await gradientOf((tape, x) => block(tape, block(tape, x)));
    const checkpointed = await gradientOf((tape, x) => {
      const y = tape.checkpoint([x], () => block(tape, x));
      return tape.checkpoint([y], () => block(tape, y));
    });
    const nested = await gradientOf((tape, x) =>
      tape.checkpoint([x], () => {
        const y = tape.checkpoint([x], () => block(tape, x));
        return block(tape, y);
      }),
    );
    expect(checkpointed).toEqual(plain);
    expect(nested).toEqual(plain);
  });

  it('reach parameters inside a checkpoint whose inputs want none', async () => {
    const data = matrix('data');
    const record = (tape: Tape, x: Tensor) => add(tape, softmax(tape, x), data);
    const plain = await gradientOf(record);
    const checkpointed = await gradientOf((tape, x) => tape.checkpoint([data], () => record(tape, x)));
    expect(checkpointed).toEqual(plain);
  });

  it('are wanted of a checkpoint with shorter lives of its activations', () => {
    const bufferBytes = (record: (tape: Tape, x: Tensor) => Tensor) => {
      const tape = newTape();
      const { weight } = parameter(tape, 'x');
      let y: Tensor = weight;
      for (let layer = 0; layer < 6; layer++) y = record(tape, y);
      tape.adoptGradient(y, matrix('dy'));
      tape.backward();
      return freeze('buffers', tape).buffers.reduce((sum, { bytes }) => sum + bytes, 0);
    };
    const kept = bufferBytes(block);
    expect(bufferBytes((tape, x) => tape.checkpoint([x], () => block(tape, x)))).toBeLessThan(kept);
  });
});

describe('Tape.checkpoint', () => {
  it('gives random operations the same numbers when it records them again', () => {
    const tape = newTape();
    const { weight } = parameter(tape, 'w');
    const operations: number[] = [];
    const random = (x: Tensor) => {
      operations.push(tape.nextOperation());
      return softmax(tape, x);
    };
    const first = tape.checkpoint([weight], () => random(random(weight)));
    const second = tape.checkpoint([first], () => random(first));
    tape.adoptGradient(second, matrix('dy'));
    tape.backward();
    expect(operations).toEqual([0, 1, 2, 2, 0, 1]);
    expect(tape.nextOperation()).toBe(3);
  });

  it('marks what it records again, in the term and layer of the first time, and no gradient', () => {
    const tape = newTape();
    const { weight } = parameter(tape, 'w');
    const block = () => tape.layer(2, () => tape.term('ffn', () => softmax(tape, softmax(tape, weight))));
    tape.adoptGradient(tape.checkpoint([weight], block), matrix('dy'));
    tape.backward();
    expect(tape.dispatches.map(({ phase, isRecomputed }) => [phase, isRecomputed])).toEqual([
      ['forward', false],
      ['forward', false],
      ['backward', true],
      ['backward', true],
      ['backward', false],
      ['backward', false],
    ]);
    for (const dispatch of tape.dispatches) expect(dispatch).toMatchObject({ term: 'ffn', layer: 2 });
  });
});

describe('aliases and adopted gradients', () => {
  it('share memory under a new identity', () => {
    const tape = newTape();
    const x = tape.tensor('x', [4]);
    const alias = tape.alias(x, 'same');
    expect(alias).not.toBe(x);
    expect([alias.storage, alias.name]).toEqual([x.storage, 'same']);
  });

  it('are taken only as the first contribution to a gradient without a place', () => {
    const tape = newTape();
    const [x, dy] = [tape.tensor('x', [4]), tape.tensor('dy', [4])];
    expect(tape.adoptGradient(x, dy)).toBe(true);
    expect(tape.gradientOf(x)).toBe(dy);
    expect(tape.adoptGradient(x, dy)).toBe(false);
    expect(tape.gradientTarget(x)).toEqual({ gradient: dy, accumulate: 1 });
    const { weight, gradient } = parameter(tape, 'w');
    expect(tape.gradientOf(weight)).toBeUndefined();
    expect(tape.adoptGradient(weight, dy)).toBe(false);
    expect(tape.gradientTarget(weight)).toEqual({ gradient, accumulate: 0 });
  });
});

describe('Tape.choose', () => {
  const plain = { ...softmaxForward, name: 'f/plain' } as unknown as Kernel;
  const wide = {
    ...plain,
    name: 'f/wide',
    suits: (dims: { rows?: number }) => (dims.rows ?? 0) > 9,
  } as Kernel;
  const fast = { ...plain, name: 'f/fast', requires: ['subgroups'] } as Kernel;
  const candidates = [fast, wide, plain];

  it('takes the first variant that device and dims allow', () => {
    expect(newTape().choose(candidates, { rows: 1 }).name).toBe('f/plain');
    expect(newTape().choose(candidates, { rows: 10 }).name).toBe('f/wide');
    const features = new Set(['subgroups']);
    const able = new Tape({ capabilities: { ...baselineCapabilities, features } });
    expect(able.choose(candidates, { rows: 1 }).name).toBe('f/fast');
  });

  it('follows the variant table where the device can, and only there', () => {
    const table: VariantTable = (runnable, dims) =>
      runnable.find(({ name }) => name === (dims.rows === 10 ? 'f/plain' : 'f/fast'));
    expect(newTape(true, table).choose(candidates, { rows: 10 }).name).toBe('f/plain');
    expect(newTape(true, table).choose(candidates, { rows: 11 }).name).toBe('f/wide');
  });

  it('says when nothing suits', () => {
    expect(() => newTape().choose([fast, wide], { rows: 1 })).toThrow(
      'choose: no variant of f/fast, f/wide suits {"rows":1} on this device.',
    );
  });
});

describe('Tape.dispatch', () => {
  const tape = newTape();
  const [x, y] = [matrix('x'), matrix('y')];

  it('refuses a tensor that is too small or of another type, naming place and dims', () => {
    const wide = { rows: 2, columns: 65 };
    expect(() => tape.scope('head', () => tape.dispatch(softmaxForward, wide, { x, y }))).toThrow(
      'softmax.forward: x must hold [2, 65] f32 but is x [2, 64] f32 at head with {"rows":2,"columns":65}.',
    );
    const tokens = persistentTensor('tokens', [2, 64], 'u32', 'data');
    expect(() => tape.dispatch(softmaxForward, { rows: 2, columns: 64 }, { x: tokens, y })).toThrow(
      /\[2, 64\] u32/,
    );
  });

  it('counts extents from the view to the end of its storage', () => {
    const view = viewOf(x, 64, [64]);
    tape.dispatch(softmaxForward, { rows: 1, columns: 64 }, { x: view, y });
    expect(() => tape.dispatch(softmaxForward, { rows: 2, columns: 64 }, { x: view, y })).toThrow(
      /must hold/,
    );
  });

  it('refuses a written storage that is bound twice', () => {
    expect(() => tape.dispatch(copyForward, { vectors: 16 }, { x: viewOf(x, 64, [64]), y: x })).toThrow(
      /share a buffer, and a written buffer may be bound once only/,
    );
  });

  it('refuses missing and unknown bindings, and dims that are no numbers', () => {
    const dims = { rows: 2, columns: 64 };
    expect(() => tape.dispatch(softmaxForward, dims, { x })).toThrow(
      'softmax.forward: binding y is missing.',
    );
    const extra = { x, y, z: x } as { x: Tensor; y: Tensor };
    expect(() => tape.dispatch(softmaxForward, dims, extra)).toThrow('softmax.forward: has no binding z.');
    expect(() => tape.dispatch(softmaxForward, { rows: Number.NaN, columns: 64 }, { x, y })).toThrow(
      /dim rows is NaN/,
    );
    expect(() => tape.dispatch(softmaxForward, { rows: 0, columns: 64 }, { x, y })).toThrow(
      /launches 0 workgroups/,
    );
  });

  it('refuses tensors of no or fractional size', () => {
    expect(() => tape.tensor('t', [2, 0])).toThrow('tensor: t has shape [2, 0].');
    expect(() => tape.tensor('t', [1.5])).toThrow(/positive integer/);
  });
});
