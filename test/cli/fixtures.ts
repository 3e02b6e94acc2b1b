// The PyTorch fixtures as a command's arguments, and the tolerances within which it must agree with them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readSafetensors } from '../../src/data/safetensors.ts';
import { type CommandResult, jsonLines, writeJson } from './run-command.ts';

/** Folders of test/fixtures, each a model with what PyTorch made of it in float64. */
export const fixtureNames = ['gpt2-a', 'gpt2-b', 'gpt2-erf', 'llama-a', 'llama-b', 'llama-c'] as const;

/** Folders of published families after GPT-2 and Llama, tiny models of Transformers in float64. */
export const familyNames = [
  ...(['mistral', 'mixtral', 'qwen3', 'qwen3-moe', 'gemma3'] as const),
  ...(['olmo2', 'smollm3', 'deepseek-v2', 'deepseek-v3'] as const),
] as const;

/** A file of a fixture. */
export function fixturePath(name: string, file = ''): string {
  return join(process.cwd(), 'test/fixtures', name, file);
}

interface Expected {
  readonly loss: number;
  readonly parameters: number;
  readonly curve: readonly number[];
  readonly gradientNorms: readonly number[];
}

function expectedOf(name: string): Expected {
  return JSON.parse(readFileSync(fixturePath(name, 'expected.json'), 'utf8'));
}

/** Arguments of an inspection that writes into `folder`. */
export function inspectArguments(name: string, folder: string): string[] {
  const out = ['--logits', join(folder, 'logits'), '--gradients', join(folder, 'gradients')];
  return ['inspect', fixturePath(name), '--tokens', fixturePath(name, 'tokens.json'), ...out, '--json'];
}

/** Holds an inspection against PyTorch: loss, logits to 1e-4, gradients to 1e-3 of their norm. */
export function expectInspection(name: string, folder: string, result: CommandResult): void {
  expect(result.stderr).toBe('');
  const { loss, parameters } = expectedOf(name);
  const [found] = jsonLines(result);
  expect(found.parameters).toBe(parameters);
  expect(Math.abs(Number(found.loss) - loss)).toBeLessThan(1e-4);

  const expected = readTensors(fixturePath(name, 'expected.safetensors'));
  const logits = readTensors(join(folder, 'logits'));
  expect([...logits.keys()]).toEqual(['logits']);
  const [wanted, given] = [expected.get('logits'), logits.get('logits')];
  expect(given?.shape).toEqual(wanted?.shape);
  expect(largestDifference(wanted?.data ?? [], given?.data ?? [])).toBeLessThan(1e-4);

  const gradients = readTensors(join(folder, 'gradients'));
  expected.delete('logits');
  expect([...gradients.keys()].sort()).toEqual([...expected.keys()].sort());
  const total = norm([...expected.values()].flatMap(({ data }) => [...data]));
  for (const [tensor, { shape, data }] of expected) {
    const gradient = gradients.get(tensor);
    expect(gradient?.shape).toEqual(shape);
    const error = norm([...data].map((value, index) => value - (gradient?.data[index] ?? Number.NaN)));
    expect(error, tensor).toBeLessThanOrEqual(1e-3 * norm([...data]) + 1e-6 * total);
  }
}

/** Arguments of the 20 steps of AdamW. */
export function curveArguments(name: string): string[] {
  const files = [
    '--batches',
    fixturePath(name, 'batches.json'),
    '--optimizer',
    fixturePath(name, 'optimizer.json'),
  ];
  return ['train', fixturePath(name), ...files, '--json'];
}

/** Holds a curve against PyTorch: one line per batch, losses to 1e-3. */
export function expectCurve(name: string, result: CommandResult): void {
  expect(result.stderr).toBe('');
  const { curve, gradientNorms } = expectedOf(name);
  const lines = jsonLines(result);
  expect(lines.map(({ step }) => step)).toEqual(curve.map((_, index) => index + 1));
  const losses = lines.map(({ loss }) => Number(loss));
  expect(largestDifference(curve, losses)).toBeLessThan(1e-3);
  lines.forEach(({ gradientNorm }, index) => {
    expect(Number(gradientNorm) / gradientNorms[index]).toBeCloseTo(1, 2);
  });
  const { batches } = JSON.parse(readFileSync(fixturePath(name, 'batches.json'), 'utf8'));
  const [{ inputs }] = batches;
  expect(lines.at(-1)?.tokens).toBe(curve.length * inputs.length * inputs[0].length);
}

/** Batches of a fixture, changed by a test, as a file of its own. */
export function writeBatches(
  name: string,
  folder: string,
  change: (batches: { inputs: number[][]; targets: number[][] }[]) => unknown,
): string {
  const { batches } = JSON.parse(readFileSync(fixturePath(name, 'batches.json'), 'utf8'));
  return writeJson(folder, 'batches.json', change(batches));
}

function readTensors(
  path: string,
): Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }> {
  const { tensors } = readSafetensors(new Uint8Array(readFileSync(path)));
  return new Map([...tensors].map(([name, { shape, data }]) => [name, { shape, data: data() }]));
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = a.length === b.length ? 0 : Infinity;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    if (!(difference <= largest)) largest = difference; // takes NaN in, too
  }
  return largest;
}

function norm(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
