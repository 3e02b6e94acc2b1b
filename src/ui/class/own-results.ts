// What a student may send: the open run and the lessons that were done, each as a result. Pure.
import { type ClassResult, cleanName, curvePoints } from '../../classroom/result.ts';
import type { LessonInfo } from '../../contract/lessons.ts';
import { deviceName } from '../state/device-name.ts';
import type { LessonWork } from '../state/lesson-work.ts';
import { hasWeights, measuredRate, type PageState } from '../state/state.ts';

/** Who sends. */
export interface Sender {
  /** Random; kept by this browser. */
  readonly student: string;
  readonly name: string;
}

/** What all results of a page say of themselves. */
function headOf(
  page: PageState,
  { student, name }: Sender,
  at: Date,
): Pick<ClassResult, 'format' | 'version' | 'student' | 'at' | 'name' | 'device'> {
  const { device } = page;
  const shown = cleanName(name);
  return {
    format: 'flopscope-result',
    version: 1,
    student,
    at: at.toISOString(),
    ...(shown === undefined ? {} : { name: shown }),
    device:
      device.kind === 'done'
        ? {
            name: deviceName(device.value).slice(0, 200),
            runtime: device.value.runtime,
            isSoftware: device.value.isSoftware,
          }
        : { name: 'unknown', runtime: 'cpu', isSoftware: true },
  };
}

/** The open run as a result; undefined before its first step. The same run is the same result, sent again. */
export function runResult(page: PageState, sender: Sender, at = new Date()): ClassResult | undefined {
  const { run, series, catalogue, presetId } = page;
  const { last } = run;
  if (!hasWeights(run) || last === undefined) return undefined;
  const preset = catalogue?.presets.find(({ id }) => id === presetId)?.title;
  return {
    ...headOf(page, sender, at),
    id: `run-${(run.id ?? 'open').replace(/[^\w-]/g, '').slice(0, 36)}`.padEnd(8, '-'),
    title: (run.title || preset || 'A run').slice(0, 200),
    ...known('predicted', run.prediction?.tokensPerSecond),
    ...known('measured', measuredRate(run)),
    step: last.step,
    totalSteps: run.totalSteps,
    ...known('loss', last.loss),
    ...known('validationLoss', run.lastValidation),
    curve: thinned(series.points.filter(({ loss }) => Number.isFinite(loss))).map(({ step, loss }) => [
      step,
      loss,
    ]),
  };
}

/** A field with a number, or nothing where there is none. */
function known<K extends string>(name: K, value: number | undefined): { readonly [P in K]?: number } {
  return value === undefined || !Number.isFinite(value)
    ? {}
    : ({ [name]: value } as { readonly [P in K]: number });
}

/** As many items as a result carries, the first and the last among them. */
function thinned<T>(items: readonly T[]): readonly T[] {
  if (items.length <= curvePoints) return items;
  const at = (index: number) => items[Math.round((index * (items.length - 1)) / (curvePoints - 1))] as T;
  return Array.from({ length: curvePoints }, (_, index) => at(index));
}

/** The lessons that were done here as results. */
export function lessonResults(
  page: PageState,
  sender: Sender,
  lessons: readonly LessonInfo[],
  work: ReadonlyMap<string, LessonWork>,
  at = new Date(),
): readonly ClassResult[] {
  return lessons.flatMap((lesson) =>
    (['normal', 'small'] as const).flatMap((size): readonly ClassResult[] => {
      const outcome = work.get(`${lesson.id} ${size}`)?.outcome;
      const { guess, guessVerdict, measured } = outcome ?? {};
      if (guess === undefined || measured === undefined) return [];
      const question = lesson.question[size];
      const text =
        question.kind === 'choice' ? question.choices.find(({ id }) => id === guess)?.label : undefined;
      return [
        {
          ...headOf(page, sender, at),
          id: `lesson-${lesson.id}-${size}`.slice(0, 40),
          title: lesson.title.slice(0, 200),
          guess: {
            lesson: `${lesson.title}${size === 'small' ? ', small form' : ''}`.slice(0, 120),
            ...(question.kind === 'number' ? { unit: question.unit.slice(0, 60) } : {}),
            value: guess,
            text: (text ?? String(guess)).slice(0, 200),
            outcome: measured.value,
            outcomeText: measured.text.slice(0, 200),
            ...(guessVerdict === undefined ? {} : { verdict: guessVerdict }),
          },
        },
      ];
    }),
  );
}
