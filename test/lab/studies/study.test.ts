// Tests of reading a study.
import { describe, expect, test } from 'vitest';
import { baseOf, isDerived, parseStudy } from '../../../src/lab/studies/study.ts';
import { near } from '../../near.ts';
import { exampleStudy, studyWith } from './example-study.ts';

describe('a study', () => {
  test('gets its defaults', () => {
    const study = parseStudy(exampleStudy, 'x');
    expect(study).toMatchObject({ branches: true, count: 'blocks', tolerance: near(0.2), budget: {} });
  });

  test('may start from a preset', () => {
    expect(baseOf(parseStudy(studyWith({ base: 'nano' }), 'x'))).toHaveProperty('model.layers');
    expect(() => baseOf(parseStudy(studyWith({ base: 'none' }), 'x'))).toThrow(/there is no preset "none"/);
  });

  test.each([
    [{ budget: { seconds: 0 } }, /seconds/],
    [{ grid: [] }, /grid/],
    [{ grid: { tokens: [] } }, /grid/],
    [{ unknown: 1 }, /unknown/],
    [{ count: 'some' }, /count/],
  ])('with %j is refused in one line', (changes, message) => {
    const read = () => parseStudy(studyWith(changes), 'study.json');
    expect(read).toThrow(/^study: study.json: [^\n]+$/);
    expect(read).toThrow(message);
  });

  test('derived fields are told from paths', () => {
    expect(['tokens', 'model.width', 'toString'].map(isDerived)).toEqual([true, false, false]);
  });
});
