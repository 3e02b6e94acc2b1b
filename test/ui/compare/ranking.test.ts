// The answer of a comparison: losses at equal flops, intervals over seeds, and no winner where seeds show none.
import { describe, expect, it } from 'vitest';
import {
  answerText,
  type ComparisonRun,
  comparisonResult,
  resultTable,
} from '../../../src/ui/compare/ranking.ts';

const models = [{ title: 'A' }, { title: 'B' }];
const run = (index: number, points: readonly (readonly [flops: number, loss: number])[]): ComparisonRun => {
  const evaluations = points.map(([flops, loss], at) => ({ step: at, tokens: at, flops, seconds: at, loss }));
  return { index, record: { evaluations, steps: [] } };
};

describe('comparisonResult', () => {
  it('reads losses where the run with the fewest flops ended', () => {
    const result = comparisonResult(models, [
      run(0, [
        [50, 3],
        [100, 2],
      ]),
      run(1, [
        [50, 2.5],
        [150, 1.5],
      ]),
    ]);
    expect(result?.flops).toBe(100);
    expect(result?.models.map(({ title }) => title)).toEqual(['A', 'B']);
    expect(result?.models[1]?.mean).toBeCloseTo(2, 12);
    expect(result?.lead?.halfWidth).toBeUndefined();
  });

  it('has the interval of Student over seeds', () => {
    const seeds = [1, 2, 3].map((loss) => run(0, [[100, loss]]));
    const [model] = comparisonResult(models, seeds)?.models ?? [];
    expect(model?.mean).toBeCloseTo(2, 12);
    expect(model?.halfWidth).toBeCloseTo(4.303 / Math.sqrt(3), 6);
  });

  it('is none before there is a held-out loss', () => {
    expect(comparisonResult(models, [run(0, [])])).toBeUndefined();
  });
});

describe('the answer', () => {
  const answer = (a: readonly number[], b: readonly number[]) => {
    const runs = [...a.map((loss) => run(0, [[1e12, loss]])), ...b.map((loss) => run(1, [[1e12, loss]]))];
    const result = comparisonResult(models, runs);
    return result ? answerText(result) : '';
  };

  it('names the best, and says what one seed cannot', () => {
    expect(answer([1.5], [1.6])).toMatch(
      /^A learned most from 1\.00\sTFLOP of training each: .*One seed a model cannot say/,
    );
  });

  it('names the best with its lead where seeds bear it out', () => {
    expect(answer([1.5, 1.51, 1.49], [1.8, 1.81, 1.79])).toMatch(
      /^A learned most .* a lead of 0\.3000 \(95 %: 0\.2.*over 3 seeds/,
    );
  });

  it('names none where they do not', () => {
    expect(answer([1.5, 1.7], [1.6, 1.8])).toMatch(/^No difference that these seeds can show/);
  });

  it('has a row a model in its table', () => {
    const result = comparisonResult(models, [run(0, [[1, 3]]), run(1, [[1, 2]])]);
    const { columns, rows } = result ? resultTable(result) : { columns: [], rows: [] };
    expect(rows.map((row) => [row.length, row[0], row[3]])).toEqual([
      [columns.length, 'B', 0],
      [columns.length, 'A', 1],
    ]);
  });
});
