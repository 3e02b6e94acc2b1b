// The lesson files of a teacher's own that were opened in this browser; the room of lessons reads them.
import { atom } from 'nanostores';

const key = 'flopscope-own-lessons-1';
/** Lessons that are kept; the oldest goes for a new one. */
const mostLessons = 12;
/** Characters of a file that is kept: as the reader takes. */
const longest = 100_000;

type Shelf = Pick<Storage, 'getItem' | 'setItem'>;

/** What an earlier visit left, oldest first. */
export function readOwnLessons(storage: () => Shelf = () => localStorage): readonly string[] {
  try {
    const kept: unknown = JSON.parse(storage().getItem(key) ?? '[]');
    const isText = (one: unknown): one is string => typeof one === 'string' && one.length <= longest;
    return Array.isArray(kept) ? kept.filter(isText).slice(-mostLessons) : [];
  } catch {
    return [];
  }
}

/** With one more, which is last. */
export function withLesson(texts: readonly string[], text: string): readonly string[] {
  return [...texts.filter((one) => one !== text), text].slice(-mostLessons);
}

/** Texts of lesson files, oldest first. */
export const ownLessons = atom<readonly string[]>(readOwnLessons());

function keep(texts: readonly string[]): void {
  try {
    localStorage.setItem(key, JSON.stringify(texts.filter(({ length }) => length <= longest)));
  } catch {
    // They hold for this visit.
  }
  ownLessons.set(texts);
}

/** Those of all tabs. */
function everyLesson(): readonly string[] {
  return [...new Set([...readOwnLessons(), ...ownLessons.get()])];
}

/** Opens a lesson file; whether it is one, the room of lessons says. */
export function openLesson(text: string): void {
  keep(withLesson(everyLesson(), text));
}

/** Forgets one: it is gone with the next visit. */
export function forgetLesson(text: string): void {
  keep(everyLesson().filter((one) => one !== text));
}
