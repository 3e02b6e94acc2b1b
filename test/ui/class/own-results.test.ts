// What a student may send, from the page's state.
import { describe, expect, it } from 'vitest';
import { curvePoints, readResult } from '../../../src/classroom/result.ts';
import type { LessonInfo, LessonOutcome } from '../../../src/contract/lessons.ts';
import { lessonResults, runResult } from '../../../src/ui/class/own-results.ts';
import { initialState, noSeries, type PageState } from '../../../src/ui/state/state.ts';

const sender = { student: 'student-0001', name: ' Ana ' };
const stepAt = (step: number) => ({
  ...{ step, tokens: 64 * step, loss: 4 - step / 100, learningRate: 1, gradientNorm: 1 },
  ...{ stepSeconds: 1, tokensPerSecond: 64, flops: step, seconds: step },
});
const page: PageState = {
  ...initialState,
  series: { ...noSeries, points: Array.from({ length: 200 }, (_, index) => stepAt(index + 1)) },
  run: {
    ...initialState.run,
    state: 'finished',
    id: 'a1:b2',
    title: 'Pico',
    totalSteps: 200,
    last: stepAt(200),
  },
};

describe('the result of a run', () => {
  it('is one that every reader takes, with a curve from first to last', () => {
    const result = runResult(page, sender);
    expect(readResult(result)).toEqual({ kind: 'ok', value: result });
    expect(result).toMatchObject({ name: 'Ana', title: 'Pico', step: 200, measured: 64 });
    expect(result?.curve).toHaveLength(curvePoints);
    expect([result?.curve?.[0]?.[0], result?.curve?.at(-1)?.[0]]).toEqual([1, 200]);
    expect(runResult(page, sender)?.id).toBe(result?.id); // sent again it replaces itself
  });

  it('is not there before the first step', () => {
    expect(runResult(initialState, sender)).toBeUndefined();
  });
});

describe('the results of lessons', () => {
  it('are those with a guess and an outcome, in the words of the question', () => {
    const question = {
      kind: 'choice',
      text: '?',
      choices: [{ id: 'same', label: 'Exactly as many' }],
    } as const;
    const lesson = { id: 'heads', title: 'Heads are free', question: { normal: question, small: question } };
    const outcome = {
      guess: 'same',
      guessVerdict: 'right',
      measured: { value: 'same', text: 'Exactly as many' },
    };
    const results = lessonResults(
      page,
      sender,
      [lesson as unknown as LessonInfo],
      new Map([
        ['heads small', { guess: 'same', outcome: outcome as unknown as LessonOutcome }],
        ['heads normal', { guess: 'same' }],
      ]),
    );
    expect(results.map(({ guess }) => guess)).toEqual([
      {
        ...{ lesson: 'Heads are free, small form', value: 'same', text: 'Exactly as many' },
        ...{ outcome: 'same', outcomeText: 'Exactly as many', verdict: 'right' },
      },
    ]);
    expect(readResult(results[0]).kind).toBe('ok');
  });
});
