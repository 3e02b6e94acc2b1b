// What a teacher's link keeps as it is: settings whose values stay, and buttons that only say so.
import { allFields } from '../../classroom/link-names.ts';
import type { FormField } from '../../contract/form.ts';
import type { ExperimentJson, Problem } from '../../contract/values.ts';
import { differences } from './experiment.ts';

/** Buttons that can be locked, by the events that they send. */
export const lockableButtons = [
  { id: 'train', label: 'Train' },
  { id: 'stop', label: 'Stop' },
  { id: 'extend-run', label: 'Train on' },
  { id: 'fork-run', label: 'Fork' },
  { id: 'draw-sample', label: 'Write' },
  { id: 'open-saved', label: 'Open a saved run' },
  { id: 'delete-saved', label: 'Delete a saved run' },
  { id: 'import-files', label: 'Open files' },
  { id: 'open-pulled', label: 'Open a published model' },
  { id: 'export-run', label: 'Download' },
  { id: 'calibrate', label: 'Calibrate' },
  { id: 'self-test', label: 'Check the kernels' },
  { id: 'show-kernels', label: 'Show the kernels' },
  { id: 'change-runtime', label: 'Choose what computes' },
] as const;

/** Whether a setting stays as it is. */
export function isLocked(locked: readonly string[], path: string): boolean {
  return locked.includes(path) || locked.includes(allFields);
}

/** Whether any setting is, and not buttons alone. */
export function holdsSettings(locked: readonly string[]): boolean {
  return locked.some((id) => lockableButtons.every((button) => button.id !== id));
}

/** Why an experiment may not stand in the form's place: it changes what is locked. Undefined where it may. */
export function lockedChange(
  locked: readonly string[],
  fields: readonly FormField[],
  from: ExperimentJson,
  to: ExperimentJson,
): Problem | undefined {
  if (locked.length === 0) return undefined;
  const held = differences(fields, from, to).filter(({ path }) => isLocked(locked, path));
  if (held.length === 0) return undefined;
  const names = held.slice(0, 4).map(({ label }) => label);
  const more = held.length > names.length ? ` and ${held.length - names.length} more` : '';
  return refused(`That would change ${names.join(', ')}${more}.`);
}

/** Why a button does nothing; undefined where it is not locked. */
export function lockedButton(locked: readonly string[], id: string): Problem | undefined {
  const button = lockableButtons.find((one) => one.id === id);
  return button === undefined || !locked.includes(id)
    ? undefined
    : refused(`“${button.label}” is not for this lesson.`);
}

/** What is said in a locked page. */
export function refused(message: string): Problem {
  return { kind: 'locked', message };
}
