// The lessons' texts and questions, what the pure one finds, and how guesses are taken and judged.
import { describe, expect, it } from 'vitest';
import type { LessonEvent } from '../../../src/contract/lessons.ts';
import { allLessons, lessonNamed } from '../../../src/lab/lessons/catalogue.ts';
import { decayPerLayer } from '../../../src/lab/lessons/gradients.ts';
import { splitAttention } from '../../../src/lab/lessons/heads.ts';
import { exactly, judgeGuess, type Lesson, runLesson, within } from '../../../src/lab/lessons/lesson.ts';
import { entropyOf } from '../../../src/lab/lessons/router.ts';
import { withoutPart } from '../../../src/lab/lessons/shared-expert.ts';
import { stepsTo } from '../../../src/lab/lessons/targets.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { near } from '../../near.ts';
import { roundProfile } from '../plans/round-profile.ts';

describe('the lessons', () => {
  it('have each an id of its own; the words come first, then Press’s lessons in his order', () => {
    const ids = allLessons.map(({ info }) => info.id);
    const press = ['causal', 'decode', 'positions', 'targets', 'heads', 'gradients', 'deepseek'];
    expect(ids.slice(0, 1 + press.length)).toEqual(['first-words', ...press]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each(allLessons.map(({ info }) => [info.id, info] as const))(
    '%s asks a question in both forms and survives as JSON',
    (_, info) => {
      for (const question of Object.values(info.question)) {
        expect(question.text).toMatch(/\?$/);
        if (question.kind === 'number') {
          expect(question.maximum).toBeGreaterThan(question.minimum);
          // What is said of the tolerance is what the guess is judged by.
          const { rightFactor, judged } = question;
          expect({ rightFactor, judged }).toEqual(rightFactor === 1 ? exactly : within(rightFactor));
        } else expect(new Set(question.choices.map(({ id }) => id)).size).toBe(question.choices.length);
      }
      expect(JSON.parse(JSON.stringify(info))).toEqual(info);
    },
  );

  it('that are not there are refused by name', () => {
    expect(() => lessonNamed('magic')).toThrow(/no "magic". Use one of first-words, causal/);
    expect(lessonNamed('decode').info.id).toBe('decode');
  });
});

describe('a lesson', () => {
  const deepSeek = lessonNamed('deepseek');
  const request = { id: 'deepseek', size: 'small' } as const;

  it('recomputes DeepSeek within the margins it states', async () => {
    const outcome = await runLesson(cpuEngine(), deepSeek, { ...request, guess: 3 });
    expect(outcome.checks.filter(({ holds }) => !holds)).toEqual([]);
    expect(outcome.prediction.answer.value).toBeCloseTo(2.697, 3);
    expect(outcome.measured.value).toEqual(near(2.788));
    expect(outcome.prediction.reasons.at(-1)).toMatch(/At n = 4096 the same sums give 1\.69 million hours/);
    expect([outcome.guess, outcome.guessVerdict]).toEqual([3, 'right']);
  });

  it('tells its prediction before it measures', async () => {
    const order: string[] = [];
    const watched: Lesson = {
      ...deepSeek,
      measure: (tools, prediction) => {
        order.push('measure');
        return deepSeek.measure(tools, prediction);
      },
    };
    await runLesson(cpuEngine(), watched, request, (event) => order.push(event.kind));
    expect(order.slice(0, 4)).toEqual(['progress', 'prediction', 'progress', 'measure']);
  });

  it.each([
    ['deepseek', 'many', /many is no number from 0.0001/],
    ['deepseek', -1, /-1 is no number/],
    ['deepseek', Number.NaN, /NaN is no number/],
    ['heads', 3, /3 is none of more, somewhat, same, fewer/],
    ['heads', 'all', /all is none of/],
  ])('%s refuses the guess %s', async (id, guess, message) => {
    const lesson = lessonNamed(id);
    await expect(runLesson(cpuEngine(), lesson, { id, size: 'small', guess })).rejects.toThrow(message);
  });

  it('stops where it is when cancelled', async () => {
    const abort = new AbortController();
    const onEvent = ({ kind }: LessonEvent) => {
      if (kind === 'prediction') abort.abort('The lesson was cancelled.');
    };
    const run = runLesson(cpuEngine(), deepSeek, request, onEvent, abort.signal);
    await expect(run).rejects.toMatchObject({
      problem: { kind: 'busy', message: 'The lesson was cancelled.' },
    });
  });
});

const number = { kind: 'number', text: '', unit: '', minimum: 0, maximum: 100 } as const;

describe('a guess', () => {
  it.each([
    [6, 6, 'right'],
    [0, 0, 'right'],
    [0, 6, 'off'],
    [5, 6, 'close'],
    [60, 64, 'off'],
  ] as const)('of the count %d where there were %d is %s', (guess, measured, verdict) => {
    expect(judgeGuess({ ...number, ...exactly }, guess, measured)).toBe(verdict);
  });

  it.each([
    [10, 12, 'right'],
    [12, 10, 'right'],
    [10, 15, 'close'],
    [10, 21, 'off'],
    [0, 6, 'off'],
  ] as const)('of %d where %d was measured is %s within a quarter', (guess, measured, verdict) => {
    expect(judgeGuess({ ...number, ...within(1.25) }, guess, measured)).toBe(verdict);
  });

  it.each([
    ['same', 'same', 'right'],
    ['same', 'more', 'off'],
  ] as const)('of the choice %s where it is %s is %s', (guess, measured, verdict) => {
    expect(judgeGuess({ kind: 'choice', text: '', choices: [] }, guess, measured)).toBe(verdict);
  });
});

describe('what the cache saves', () => {
  const { predict } = lessonNamed('decode');
  const engine = cpuEngine();

  it('is told in flops where nobody measured the device, and says so', async () => {
    const { answer, reasons, figures } = await predict({ engine, size: 'small' });
    expect(answer.text).toMatch(/times the flops$/);
    expect(reasons.at(-1)).toMatch(/not calibrated, so flops are compared, not seconds/);
    expect(figures).toHaveLength(1);
  });

  it('is told in seconds on a calibrated device: a shorter factor than flops, for a launch is paid for either way', async () => {
    const inFlops = await predict({ engine, size: 'small' });
    const inSeconds = await predict({ engine: { ...engine, profile: roundProfile }, size: 'small' });
    expect(inSeconds.answer.text).toMatch(/times as long$/);
    expect(inSeconds.answer.value).toBeGreaterThan(1);
    expect(inSeconds.answer.value).toBeLessThan(Number(inFlops.answer.value));
    expect(inSeconds.figures.map(({ title }) => title)).toContain('Expected seconds of one token');
  });
});

describe('a curve', () => {
  it('says at which step it comes down to a loss, between its points on a logarithmic axis', () => {
    const curve = [
      { step: 0, loss: 4 },
      { step: 10, loss: 3 },
      { step: 1000, loss: 2 },
    ];
    expect(stepsTo(curve, 2.5)).toBeCloseTo(100, 6);
    expect(stepsTo(curve, 3.5)).toBe(10);
    expect(stepsTo(curve, 2)).toBe(1000);
    expect(stepsTo(curve, 1)).toBe(1000);
  });

  it('attention is split into what depends on the number of heads and what does not', () => {
    const counts = [1, 4].map((heads) => ({ heads, attention: 1000 + 7 * heads }));
    expect(splitAttention(counts)).toEqual({ products: 1000, softmaxPerHead: 7 });
    expect(() => splitAttention(counts.slice(1))).toThrow(/two different counts/);
  });

  it('the decay per layer is the root over all steps, from the first layer that is not lost', () => {
    expect(decayPerLayer([0.01, 0.1, 1])).toBeCloseTo(0.1, 10);
    expect(decayPerLayer([0, 0.1, 1])).toBeCloseTo(0.1, 10);
    expect(decayPerLayer([0, 0])).toBe(0);
  });
});

describe('experts', () => {
  it('are as many as a load is spread over: exp of its entropy', () => {
    expect(Math.exp(entropyOf([5, 5, 5, 5]))).toBeCloseTo(4, 9);
    expect(Math.exp(entropyOf([0, 7, 0]))).toBeCloseTo(1, 9);
    expect(Math.exp(entropyOf([8, 1, 1]))).toBeLessThan(2);
  });

  it('are taken out one at a time, as parts of one array', () => {
    const values = Float32Array.of(1, 2, 3, 4, 5, 6);
    expect([...withoutPart(values, 1, 3)]).toEqual([1, 2, 0, 0, 5, 6]);
    expect([...withoutPart(values, 0, 1)]).toEqual([0, 0, 0, 0, 0, 0]);
    expect([...values]).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
