// Tests that the printed figures of Table 3 differ from the formulas as much as their reasons say.
import { expect, it } from 'vitest';
import { pressCase } from '../../src/theory/press-cases.ts';
import {
  type PrintedFigure,
  printedFigures,
  tokensWithoutVocabulary,
} from '../../src/theory/press-printed.ts';

function computed({ case: name, end, row }: PrintedFigure): number {
  const value = pressCase(name)[row];
  if (typeof value === 'number') return value;
  if (end === undefined) throw new Error(`test: ${name} is a range.`);
  return value[end];
}

it.each(printedFigures)('$case $row is near the formula, but not it', (figure) => {
  const ratio = figure.printed / computed(figure);
  expect(ratio).toBeGreaterThan(0.95);
  expect(ratio).toBeLessThan(1.35);
  expect(Number(computed(figure).toPrecision(2))).not.toBe(figure.printed);
});

it('what is rounded to one digit is', () => {
  for (const figure of printedFigures.filter(({ difference }) => difference === 'rounded to one digit'))
    expect(Number(computed(figure).toPrecision(1))).toBe(figure.printed);
});

it('B’s tokens are equation 4 without the vocabulary', () => {
  expect(Number(tokensWithoutVocabulary.toPrecision(2))).toBe(
    printedFigures.find(({ row }) => row === 'optimalTokens')?.printed,
  );
});
