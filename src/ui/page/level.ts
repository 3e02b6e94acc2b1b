// Two levels of detail: the essentials, which come first, and everything. The choice is kept.
import type { FormField } from '../../contract/form.ts';
import type { FieldProblem } from '../../contract/values.ts';
import type { Level } from '../state/events.ts';
import { keepChoice, keptChoice } from '../state/kept-choice.ts';

const levels = ['essentials', 'everything'] as const;

/** The level that was chosen before; a new visitor sees the essentials. */
export function readLevel(): Level {
  return keptChoice('level', levels, 'essentials');
}

/** Remembers the choice. */
export function keepLevel(level: Level): void {
  keepChoice('level', level);
}

/** Rooms that the essentials leave out, though an address may open each. */
export const detailedRooms: readonly string[] = ['costs', 'kernels', 'serving', 'validation', 'laws'];

/** Settings of the essentials: what a first experiment turns. */
const essentialFields: readonly string[] = [
  'model.layers',
  'model.width',
  'model.heads',
  'model.context',
  'train.steps',
  'train.batch',
  'train.optimizer.learningRate',
  'data.source',
  'data.tokenizer',
];

/** The settings that the essentials show: these few, and what is wrong. */
export function essentialSettings(
  fields: readonly FormField[],
  problems: readonly FieldProblem[],
): readonly FormField[] {
  return fields.filter(
    ({ path }) => essentialFields.includes(path) || problems.some((problem) => problem.path === path),
  );
}
