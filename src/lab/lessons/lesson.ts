// What a lesson is to the lab, and how one is run: the prediction first, then the measurement, then the verdict.
import type {
  LessonCheck,
  LessonEvent,
  LessonFigure,
  LessonGuess,
  LessonInfo,
  LessonOutcome,
  LessonPrediction,
  LessonQuestion,
  LessonRequest,
  LessonSize,
} from '../../contract/lessons.ts';
import type { Engine } from '../plans/engine.ts';
import { LabError } from '../plans/problem.ts';

/** What a lesson works with. */
export interface LessonTools {
  readonly engine: Engine;
  readonly size: LessonSize;
  /** Says how far the measurement is. @throws when the lesson was cancelled */
  report(fraction: number, what: string): void;
}

/** What a measurement found. */
export type LessonMeasurement = Pick<LessonOutcome, 'measured' | 'checks' | 'figures' | 'meaning'>;

/** A lesson: its text and question, what theory says, and how to measure it. */
export interface Lesson {
  readonly info: LessonInfo;
  predict(tools: Pick<LessonTools, 'engine' | 'size'>): Promise<LessonPrediction>;
  measure(tools: LessonTools, prediction: LessonPrediction): Promise<LessonMeasurement>;
}

/** Runs one lesson. @throws LabError for a guess that answers no such question, or when cancelled */
export async function runLesson(
  engine: Engine,
  lesson: Lesson,
  { size, guess }: LessonRequest,
  onEvent: (event: LessonEvent) => void = () => undefined,
  signal?: AbortSignal,
): Promise<LessonOutcome> {
  if (guess !== undefined) checkGuess(lesson.info.question[size], guess);
  const start = performance.now();
  const report = (fraction: number, what: string) => {
    if (signal?.aborted) throw new LabError({ kind: 'busy', message: String(signal.reason) });
    onEvent({ kind: 'progress', fraction, what });
  };
  report(0, 'Working out what theory says');
  const prediction = await lesson.predict({ engine, size });
  onEvent({ kind: 'prediction', prediction });
  report(0, 'Preparing the experiment');
  const found = await lesson.measure({ engine, size, report }, prediction);
  report(1, 'Done');
  return {
    lesson: lesson.info.id,
    size,
    ...(guess === undefined
      ? {}
      : { guess, guessVerdict: judgeGuess(lesson.info.question[size], guess, found.measured.value) }),
    prediction,
    ...found,
    seconds: (performance.now() - start) / 1000,
  };
}

/** How the guess of a count is judged. */
export const exactly = { rightFactor: 1, judged: 'A count: right when it is equal.' } as const;

/** How the guess of what has a tolerance is judged. */
export function within(rightFactor: number) {
  return { rightFactor, judged: `Right within a factor of ${rightFactor}.` } as const;
}

/** How near a guess came: right as the question says; close is one off a count, or within the factor twice; a choice is right or not. */
export function judgeGuess(
  question: LessonQuestion,
  guess: LessonGuess,
  measured: LessonGuess,
): 'right' | 'close' | 'off' {
  if (guess === measured) return 'right';
  if (question.kind === 'choice' || typeof guess === 'string' || typeof measured === 'string') return 'off';
  const { rightFactor } = question;
  if (rightFactor === 1) return Math.abs(guess - measured) <= 1 ? 'close' : 'off';
  if (guess <= 0 || measured <= 0) return 'off';
  const factor = Math.max(guess / measured, measured / guess);
  return factor <= rightFactor ? 'right' : factor <= rightFactor ** 2 ? 'close' : 'off';
}

/** @throws LabError when a guess is no answer to the question */
function checkGuess(question: LessonQuestion, guess: LessonGuess): void {
  const problem =
    question.kind === 'choice'
      ? question.choices.some(({ id }) => id === guess)
        ? undefined
        : `${guess} is none of ${question.choices.map(({ id }) => id).join(', ')}`
      : typeof guess === 'number' && guess >= question.minimum && guess <= question.maximum
        ? undefined
        : `${guess} is no number from ${question.minimum} to ${question.maximum}`;
  if (problem) throw new LabError({ kind: 'invalidConfig', message: `lesson: the guess ${problem}.` });
}

/** A check of a statement. */
export function check(what: string, expected: string, found: string, holds: boolean): LessonCheck {
  return { what, expected, found, holds };
}

/** A table for the page. */
export function table(
  title: string,
  columns: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): LessonFigure {
  return { kind: 'table', title, columns, rows };
}
