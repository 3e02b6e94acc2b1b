// Lessons of a teacher's own: read from a file, run like the others, refused in words.
import { describe, expect, it, vi } from 'vitest';
import { runLesson } from '../../../src/lab/lessons/lesson.ts';
import { longestLesson, readOwnLesson } from '../../../src/lab/lessons/own.ts';
import { cpuEngine } from '../../../src/lab/plans/engine.ts';
import { Trainer } from '../../../src/lab/training/trainer.ts';
import { ownLessonFile } from './own-lesson-file.ts';

const read = (change: object) => readOwnLesson(JSON.stringify({ ...ownLessonFile, ...change }));

describe('a lesson of one’s own', () => {
  it('runs as the built-in ones do: theory first, then the measurement, held against the range', async () => {
    const lesson = await read({});
    const { id } = lesson.info;
    expect(lesson.info).toMatchObject({ title: 'How low?', text: ['Read this. <script>alert(1)</script>'] });
    const outcome = await runLesson(cpuEngine(), lesson, { id, size: 'small', guess: 100 });
    expect(outcome).toMatchObject({ lesson: id, guessVerdict: 'off', meaning: ['Talk.'] });
    expect(outcome.prediction.answer.text).toMatch(/^1\S* to 5\S* nats per token$/);
    expect(outcome.checks.map(({ holds }) => holds)).toEqual([true]);
    expect(JSON.parse(JSON.stringify(outcome))).toEqual(outcome);
    expect((await read({})).info.id).toBe(id); // the same file, the same lesson
  });

  it.each(['loss', 'parameters', 'tokensPerSecond'])('measures %s', async (measure) => {
    const lesson = await read({ measure, expected: { from: 1e12, to: 1e13 } });
    const outcome = await runLesson(cpuEngine(), lesson, { id: lesson.info.id, size: 'small' });
    expect(outcome.measured.value).toBeGreaterThan(0);
    expect(outcome.checks.map(({ holds }) => holds)).toEqual([false]);
  });

  it('counts the tokens of every part of a step', async () => {
    // A clock that goes by steps: one a second.
    let steps = 0;
    const { submitStep } = Trainer.prototype;
    vi.spyOn(Trainer.prototype, 'submitStep').mockImplementation(function (this: Trainer) {
      steps++;
      return submitStep.call(this);
    });
    vi.spyOn(performance, 'now').mockImplementation(() => 1000 * steps);
    const train = { ...ownLessonFile.experiment.train, accumulation: 3 };
    const lesson = await read({
      measure: 'tokensPerSecond',
      experiment: { ...ownLessonFile.experiment, train },
    });
    const { measured } = await runLesson(cpuEngine(), lesson, { id: lesson.info.id, size: 'small' });
    expect(measured.value).toBeCloseTo(3 * 2 * 8, 6); // parts of two rows of eight tokens
  });

  it.each([
    [{ version: 2 }, /of version 2, and this page reads 1/],
    [{ format: 'other' }, /lesson file: format/],
    [{ text: [] }, /lesson file: text/],
    [{ measure: 'happiness' }, /lesson file: measure/],
    [{ expected: { from: 2, to: 1 } }, /expected: from is above to/],
    [{ experiment: { train: { steps: 1e9 } } }, /steps is 1000000000: use a whole number from 1 to 5000/],
    [{ experiment: { data: { source: 'file' } } }, /source is "file"/],
    [{ experiment: { model: { layers: -1 } } }, /lesson file: experiment: .*layers/i],
  ])('is refused with %j', async (change, message) => {
    await expect(read(change)).rejects.toThrow(message);
  });

  it('is refused when it is no JSON, or too long', async () => {
    await expect(readOwnLesson('{')).rejects.toThrow(/not JSON/);
    await expect(readOwnLesson(' '.repeat(longestLesson + 1))).rejects.toThrow(/at most 100000/);
  });
});
