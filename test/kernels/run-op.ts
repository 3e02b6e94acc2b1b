// Runs one recorded operation with given numbers in float64 on the references: for comparisons with PyTorch's numbers.
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Scalars } from '../../src/plan/kernel.ts';
import { baselineCapabilities } from '../../src/plan/kernel.ts';
import { freeze } from '../../src/plan/plan.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import type { Tensor } from '../../src/plan/tensor.ts';
import { CpuRuntime } from '../../src/runtime/cpu-runtime.ts';
import { exampleScalars } from '../../src/runtime/kernel-probe.ts';

/** A tensor with its numbers. */
export interface Operand {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly elementType?: 'f32' | 'u32';
}

/** Output and gradients by input name; written inputs (states) as they are afterwards. */
export interface OpResult {
  readonly y: number[];
  readonly gradients: Readonly<Record<string, number[]>>;
  readonly inputs: Readonly<Record<string, number[]>>;
}

/** Options of one run: `dy` asks for gradients, `training: false` records an evaluation. */
export interface RunOptions {
  readonly dy?: readonly number[];
  readonly training?: boolean;
  readonly scalars?: Scalars;
}

/** Records and runs an operation once; gradients are recorded while training. */
export async function runOp(
  operands: Readonly<Record<string, Operand>>,
  record: (tape: Tape, tensors: Readonly<Record<string, Tensor>>) => Tensor,
  { dy, training = true, scalars = exampleScalars }: RunOptions = {},
): Promise<OpResult> {
  const tape = new Tape({ capabilities: baselineCapabilities, training });
  const tensors: Record<string, Tensor> = {};
  const gradientTensors: Record<string, Tensor> = {};
  for (const [name, { shape, elementType = 'f32' }] of Object.entries(operands)) {
    const tensor = persistentTensor(name, shape, elementType, 'state');
    tensors[name] = tensor;
    if (elementType === 'u32' || !training) continue;
    gradientTensors[name] = persistentTensor(`∂${name}`, shape, 'f32', 'state');
    tape.parameter(tensor, gradientTensors[name]);
  }
  const output = record(tape, tensors);
  const outputGradient = persistentTensor('dy', output.shape, 'f32', 'state');
  if (dy) tape.adoptGradient(output, outputGradient);
  if (training) tape.backward();
  const plan = freeze('op', tape, [output]);
  const extra = [...Object.values(tensors), ...Object.values(gradientTensors), outputGradient, output];
  const persistent = extra.map(({ storage }) => storage).filter(({ kind }) => kind === 'persistent');
  const runtime = new CpuRuntime([plan], persistent, 'f64');
  for (const [name, { values, elementType }] of Object.entries(operands)) {
    const tensor = tensors[name];
    const data = elementType === 'u32' ? Uint32Array.from(values) : Float64Array.from(values);
    if (tensor) runtime.write(tensor, data);
  }
  if (dy) runtime.write(outputGradient, Float64Array.from(dy));
  await runtime.submit([{ plan, scalars }]);
  const readAll = async (from: Readonly<Record<string, Tensor>>) => {
    const entries = Object.entries(from).map(async ([name, tensor]) => [
      name,
      [...(await runtime.read(tensor))],
    ]);
    return Object.fromEntries(await Promise.all(entries)) as Record<string, number[]>;
  };
  return {
    y: [...(await runtime.read(output))],
    gradients: await readAll(gradientTensors),
    inputs: await readAll(tensors),
  };
}

/** Expects equal numbers up to an absolute error of PyTorch's printed digits. */
export function expectClose(
  actual: readonly number[] | undefined,
  expected: readonly number[],
  tolerance = 1e-8,
): void {
  const worst = expected.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (actual?.[i] ?? Number.NaN))),
    0,
  );
  expect(actual).toHaveLength(expected.length);
  expect(worst).toBeLessThanOrEqual(tolerance);
}

/** PyTorch's float64 numbers for one operation, as test/fixtures/make-fixtures.py wrote them. */
export function goldenCases<T>(name: string): readonly T[] {
  const text = readFileSync(new URL('../fixtures/ops.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as Record<string, readonly T[]>)[name] ?? [];
}
