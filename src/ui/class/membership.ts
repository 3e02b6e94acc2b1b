// What this browser keeps of a class: who it is, the join code, and the results that wait to be sent.
import { type ClassResult, readResult } from '../../classroom/result.ts';

/** What is kept. */
export interface Membership {
  /** Random, made once: by it a student's results are one student's, whatever the name. */
  readonly student: string;
  readonly name: string;
  /** Join code; empty before one was typed. */
  readonly code: string;
  /** Oldest first. */
  readonly waiting: readonly ClassResult[];
}

/** Where the browser keeps it, for all its tabs. */
export const membershipKey = 'flopscope-class-1';
/** More would be sent than the server takes of one student. */
const mostWaiting = 40;

type Shelf = Pick<Storage, 'getItem' | 'setItem'>;

/** 22 random characters. `crypto.randomUUID` is not there over http. */
function randomStudent(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}

/** Who has never been in a class. */
export function newMembership(): Membership {
  return { student: randomStudent(), name: '', code: '', waiting: [] };
}

/** What is kept now, by this tab or another; undefined where nothing is, or no storage, or something else in it. */
export function keptMembership(storage: () => Shelf = () => localStorage): Membership | undefined {
  try {
    const kept: unknown = JSON.parse(storage().getItem(membershipKey) ?? 'null');
    if (typeof kept !== 'object' || kept === null) return undefined;
    const { student, name, code, waiting } = kept as Record<string, unknown>;
    if (typeof student !== 'string' || !/^[\w-]{8,40}$/.test(student)) return undefined;
    return {
      student,
      name: typeof name === 'string' ? name : '',
      code: typeof code === 'string' ? code : '',
      waiting: (Array.isArray(waiting) ? waiting : []).flatMap((one) => {
        const read = readResult(one);
        return read.kind === 'ok' ? [read.value] : [];
      }),
    };
  } catch {
    return undefined;
  }
}

/** Keeps it. False where there is no storage, or no room in it: then it holds for this visit. */
export function keepMembership(membership: Membership, storage: () => Shelf = () => localStorage): boolean {
  try {
    storage().setItem(membershipKey, JSON.stringify(membership));
    return true;
  } catch {
    return false;
  }
}

/** With one more result that waits, as this student's; an older one of the same id is replaced. */
export function withWaiting(membership: Membership, result: ClassResult): Membership {
  const others = membership.waiting.filter(({ id }) => id !== result.id);
  const own = { ...result, student: membership.student };
  return { ...membership, waiting: [...others, own].slice(-mostWaiting) };
}

/** Without these results; one of the same id that was made since stays. */
export function withoutWaiting(membership: Membership, gone: readonly ClassResult[]): Membership {
  const isGone = (one: ClassResult) => gone.some(({ id, at }) => id === one.id && at === one.at);
  return { ...membership, waiting: membership.waiting.filter((one) => !isGone(one)) };
}
