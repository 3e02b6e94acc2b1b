// Guesses and outcomes of lessons, kept in this browser from one visit to the next.
import { atom } from 'nanostores';
import type { LessonGuess, LessonOutcome } from '../../contract/lessons.ts';

/** What was guessed and found in one form of one lesson. */
export interface LessonWork {
  readonly guess?: LessonGuess | undefined;
  readonly outcome?: LessonOutcome | undefined;
}

/** What is kept, by lesson and form. Storage of an older version is not read: outcomes are measured again in minutes. */
const key = 'flopscope-lessons-1';
/** Characters: outcomes have figures, and the browser gives a page a few million characters in all. */
const maximumLength = 1_500_000;

type Shelf = Pick<Storage, 'getItem' | 'setItem'>;

/** What an earlier visit left; nothing where there is no storage, or something else in it. */
export function readLessonWork(storage: () => Shelf = () => localStorage): ReadonlyMap<string, LessonWork> {
  try {
    const entries: unknown = JSON.parse(storage().getItem(key) ?? '[]');
    return new Map(Array.isArray(entries) ? entries.filter(isEntry) : []);
  } catch {
    return new Map();
  }
}

/** Keeps it. Without storage, or without room, it holds for this visit: guesses first, then outcomes too. */
export function keepLessonWork(
  work: ReadonlyMap<string, LessonWork>,
  storage: () => Shelf = () => localStorage,
): void {
  const whole = JSON.stringify([...work]);
  const guesses = JSON.stringify([...work].map(([name, { guess }]) => [name, { guess }]));
  try {
    storage().setItem(key, whole.length > maximumLength ? guesses : whole);
  } catch {
    // It holds for this visit.
  }
}

/** The work of this browser: read once, for outcomes are long, and then followed. */
export const lessonWork = atom<ReadonlyMap<string, LessonWork>>(readLessonWork());

/** Notes a change of one lesson's form, beside what other tabs noted meanwhile. */
export function noteLessonWork(
  name: string,
  change: LessonWork,
  storage: () => Shelf = () => localStorage,
): void {
  const work = new Map(lessonWork.get());
  // Kept entries may lack an outcome that was too long to keep, and holds for this visit.
  for (const [one, kept] of readLessonWork(storage)) work.set(one, { ...work.get(one), ...kept });
  work.set(name, { ...work.get(name), ...change });
  keepLessonWork(work, storage);
  lessonWork.set(work);
}

function isEntry(entry: unknown): entry is [string, LessonWork] {
  if (!Array.isArray(entry) || entry.length !== 2 || typeof entry[0] !== 'string') return false;
  const work: unknown = entry[1];
  if (!isObject(work)) return false;
  const { guess, outcome } = work;
  return (guess === undefined || isGuess(guess)) && (outcome === undefined || isOutcome(outcome));
}

/** Whether the parts that are drawn are there; only this page writes them, and only a person could change them. */
function isOutcome(value: unknown): boolean {
  if (!isObject(value) || !isObject(value.prediction) || !isObject(value.measured)) return false;
  const { prediction, checks, figures, meaning, seconds } = value;
  const lists = [checks, figures, meaning, prediction.reasons, prediction.figures];
  return lists.every(Array.isArray) && isObject(prediction.answer) && typeof seconds === 'number';
}

function isGuess(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
