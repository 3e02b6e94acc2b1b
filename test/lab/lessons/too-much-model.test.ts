// The law by which the lesson predicts is the fit of the runs that ship with the page.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { tinyLaw } from '../../../src/lab/lessons/too-much-model.ts';
import { fitLaw } from '../../../src/laws/fit-law.ts';
import { readRecording } from '../../../src/ui/laws/recorded.ts';

it('predicts by the law of the tiny runs', () => {
  const sets = readRecording(JSON.parse(readFileSync('public/recorded-laws.json', 'utf8')));
  const runs = sets.find(({ id }) => id === 'zipf')?.points ?? [];
  expect(runs).toHaveLength(15);
  const { parameters } = fitLaw(runs, { law: 'chinchilla', method: 'variable-projection' });
  const { irreducible, parameterFactor, tokenFactor, parameterExponent, tokenExponent } = tinyLaw;
  const written = {
    E: irreducible,
    A: parameterFactor,
    B: tokenFactor,
    alpha: parameterExponent,
    beta: tokenExponent,
  };
  for (const [name, value] of Object.entries(written))
    expect(parameters[name] / value, name).toBeCloseTo(1, 3); // written down to four digits
});
