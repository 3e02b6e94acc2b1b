// `flopscope lesson`: the guided lessons from a terminal: the question, theory's answer, and what this machine measures.

import type { Command } from 'commander';
import type { LessonFigure, LessonGuess, LessonInfo, LessonOutcome } from '../contract/lessons.ts';
import { allLessons, lessonNamed } from '../lab/lessons/catalogue.ts';
import { type Lesson, runLesson } from '../lab/lessons/lesson.ts';
import { readOwnLesson } from '../lab/lessons/own.ts';
import type { RuntimeKind } from '../runtime/runtime.ts';
import { textColumns } from '../text/columns.ts';
import { formatFigure } from '../text/numbers.ts';
import { openMachine } from './device.ts';
import { refuse } from './failure.ts';
import { readBytes } from './files.ts';
import { withInterruption } from './interruption.ts';
import { decimalOf, jsonOption, outputOf, pointHint, runtimeOption, threadsOption } from './options.ts';
import { useKnownProfile } from './profiles-known.ts';

interface LessonOptions {
  readonly small?: true;
  readonly guess?: string;
  readonly runtime: RuntimeKind;
  readonly threads?: number;
}

/** Adds the command. */
export function addLesson(program: Command): void {
  program
    .command('lesson')
    .argument(
      '[id]',
      'run this one, or the LESSON.json or LESSON.md of your own; without it the lessons are listed',
    )
    .description('check by experiment what theory says: guess, predict, measure, compare')
    .option('--small', 'the small form: seconds on a software GPU')
    .option('--guess <answer>', 'your guess, a number or one of the answers that the list shows')
    .addOption(runtimeOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async (id: string | undefined, options: LessonOptions, command: Command) => {
      const output = outputOf(command);
      if (id === undefined) {
        for (const { info } of allLessons) output.result(info, describeLesson(info));
        return;
      }
      const lesson = /\.(json|md)$/i.test(id) ? await readLessonFile(id) : lessonNamed(id);
      const size = options.small === true ? 'small' : 'normal';
      const guess = options.guess === undefined ? undefined : readGuess(lesson.info, options.guess);
      const machine = await openMachine(options);
      const { engine, device } = machine;
      await useKnownProfile(machine, undefined, output); // with it a lesson on time predicts seconds
      const request = { id: lesson.info.id, size, ...(guess === undefined ? {} : { guess }) } as const;
      const question = lesson.info.question[size];
      output.text(
        `${lesson.info.title}\n\n${lesson.info.text.join('\n\n')}\n\n${question.text}${question.kind === 'number' ? ` ${question.judged}` : ''}\n\n`,
      );
      const outcome = await withInterruption((signal) =>
        runLesson(
          engine,
          lesson,
          request,
          (event) => {
            if (event.kind === 'progress') output.progress(event.what, event.fraction);
          },
          signal,
        ),
      );
      output.result({ ...outcome, device }, describeOutcome(outcome));
    });
}

async function readLessonFile(path: string): Promise<Lesson> {
  return readOwnLesson(new TextDecoder().decode(await readBytes(path)));
}

/** A number where the question asks for one. What does not fit the question is refused when the lesson begins. */
function readGuess({ question }: LessonInfo, text: string): LessonGuess {
  if (question.normal.kind !== 'number') return text;
  const guess = decimalOf(text);
  if (guess !== undefined) return guess;
  return refuse('invalidData', `lesson: the guess ${JSON.stringify(text)} is no number${pointHint(text)}.`);
}

function describeLesson({ id, title, summary, question }: LessonInfo): string {
  const { normal } = question;
  const answers =
    normal.kind === 'choice' ? ` (${normal.choices.map((choice) => choice.id).join(', ')})` : '';
  return `${id}\n    ${title}. ${summary}\n    ${normal.text}${answers}`;
}

function describeOutcome(outcome: LessonOutcome): string {
  const { guess, guessVerdict, prediction, measured, checks, figures, meaning, seconds } = outcome;
  const tables = figures.filter((one) => one.kind === 'table');
  return [
    ...(guess === undefined ? [] : [`You guessed ${guess}: ${guessVerdict}.`]),
    `Theory says: ${prediction.answer.text}.`,
    ...prediction.reasons.map((reason) => `  ${reason}`),
    `It was: ${measured.text} (${formatFigure(seconds)} s).`,
    '',
    ...checks.map(
      ({ what, expected, found, holds }) =>
        `${holds ? 'holds' : 'FAILS'}  ${what}: expected ${expected}, found ${found}`,
    ),
    ...tables.flatMap((one) => ['', ...describeTable(one)]),
    '',
    ...meaning,
  ].join('\n');
}

function describeTable({ title, columns, rows }: Extract<LessonFigure, { kind: 'table' }>): string[] {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? formatFigure(cell) : cell)));
  return [title, textColumns([columns, ...cells], 'left', '  ')];
}
