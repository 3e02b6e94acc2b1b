// No test asks a computed fraction to be exact: 0.9 is 0.9000000000000001 by another order of the same sums.
import { parseSync } from 'vite';
import { describe, expect, it } from 'vitest';
import { listFiles, type SourceFile } from './source-files.ts';

const exactMatchers = new Set([
  ...['toBe', 'toEqual', 'toStrictEqual', 'toMatchObject', 'toContain', 'toContainEqual', 'toHaveProperty'],
  ...['toHaveBeenCalledWith', 'toHaveBeenLastCalledWith', 'toHaveBeenNthCalledWith', 'toHaveReturnedWith'],
]);

/** What may stand for a fraction there; `near` is that of test/near.ts. */
const tolerances = new Set(['near', 'closeTo']);

/** As much of a node of the syntax tree as this file reads. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly callee?: { readonly name?: string; readonly property?: { readonly name?: string } };
  readonly arguments?: readonly unknown[];
  readonly operator?: string;
  readonly value?: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value;

/** The nodes right below a node. */
const childrenOf = (node: Node): Node[] => Object.values(node).flat().filter(isNode);

/** What a call calls: `toBe` of `expect(x).toBe(1)`, `near` of `near(1)`. */
const calledBy = ({ type, callee }: Node) =>
  (type === 'CallExpression' && (callee?.property?.name ?? callee?.name)) || '';

const isFraction = ({ type, value, operator }: Node) =>
  (type === 'Literal' && typeof value === 'number' && !Number.isInteger(value)) ||
  (type === 'BinaryExpression' && operator === '/');

/** Fractions and quotients below a node, besides those within a tolerance. */
function fractionsIn(node: Node): Node[] {
  if (tolerances.has(calledBy(node))) return [];
  return [...(isFraction(node) ? [node] : []), ...childrenOf(node).flatMap(fractionsIn)];
}

/** Where a file hands a fraction to a matcher that knows no tolerance, as `path:line`. */
function exactFractions({ path, text }: SourceFile): string[] {
  const found: string[] = [];
  const visit = (node: Node): void => {
    if (exactMatchers.has(calledBy(node))) {
      const fractions = (node.arguments ?? []).filter(isNode).flatMap(fractionsIn);
      found.push(...fractions.map(({ start }) => `${path}:${text.slice(0, start).split('\n').length}`));
    }
    childrenOf(node).forEach(visit);
  };
  visit(parseSync(path, text).program as unknown as Node);
  return [...new Set(found)];
}

describe('fractions in matchers without a tolerance', () => {
  const linesWith = (text: string) => exactFractions({ path: 'example.ts', text });

  it('are found: literals, quotients, and those within lists and objects', () => {
    const lines = [
      '(x).toBe(0.9)',
      '(x).toEqual([{ a: 1e-4 }])',
      '(x).not.toBe(a / b)',
      '(f).toBe(bits(0.5))',
    ];
    expect(lines.flatMap((line) => linesWith(`expect${line}`))).toHaveLength(lines.length);
    expect(linesWith('\nexpect(x)\n  .toMatchObject({ y: 1 / 3 })')).toEqual(['example.ts:3']);
  });

  it('are not whole numbers, patterns, texts, or what has a tolerance', () => {
    const lines = ['(0.9 / x).toBe(12.5e3)', '(x).toEqual([/a/, "0.5"])', '(x).toEqual({ a: near(1 / 3) })'];
    expect(lines.flatMap((line) => linesWith(`expect${line}`))).toEqual([]);
  });

  // No exemption: what is passed through, not computed, is near its literal too, or is the constant that went in.
  it('stand in no test', () => {
    expect(listFiles('test', '.ts').flatMap(exactFractions)).toEqual([]);
  });
});
