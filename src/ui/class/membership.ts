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

const key = 'flopscope-class-1';
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

/** What an earlier visit left, or a new membership. */
export function readMembership(storage: () => Shelf = () => localStorage): Membership {
  const fresh: Membership = { student: randomStudent(), name: '', code: '', waiting: [] };
  try {
    const kept: unknown = JSON.parse(storage().getItem(key) ?? '{}');
    if (typeof kept !== 'object' || kept === null) return fresh;
    const { student, name, code, waiting } = kept as Record<string, unknown>;
    return {
      student: typeof student === 'string' && /^[\w-]{8,40}$/.test(student) ? student : fresh.student,
      name: typeof name === 'string' ? name : '',
      code: typeof code === 'string' ? code : '',
      waiting: (Array.isArray(waiting) ? waiting : []).flatMap((one) => {
        const read = readResult(one);
        return read.kind === 'ok' ? [read.value] : [];
      }),
    };
  } catch {
    return fresh;
  }
}

/** Keeps it; without storage it holds for this visit. */
export function keepMembership(membership: Membership, storage: () => Shelf = () => localStorage): void {
  try {
    storage().setItem(key, JSON.stringify(membership));
  } catch {
    // It holds for this visit.
  }
}

/** With one more result that waits; an older one of the same id is replaced. */
export function withWaiting(membership: Membership, result: ClassResult): Membership {
  const others = membership.waiting.filter(({ id }) => id !== result.id);
  return { ...membership, waiting: [...others, result].slice(-mostWaiting) };
}
