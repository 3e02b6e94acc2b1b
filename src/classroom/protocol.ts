// What a page and a class server say to each other, in types and names: all that both sides must agree on.
import type { ClassResult } from './result.ts';

/** Where the class server's calls are, relative to the page. */
export const classPath = 'class/';
/** Name of the `<meta>` by which a class server says to its page that it is one; the content is the class's title. */
export const classMark = 'flopscope-class';
/** Header with the join code of a student's call. */
export const codeHeader = 'x-class-code';
/** Header with the teacher's key. */
export const keyHeader = 'x-class-key';
/** Header with the student's random id, for what concerns all that the student sent. */
export const studentHeader = 'x-class-student';

/** A result as the teacher sees it: without the student's secret. */
export interface ClassRow {
  readonly row: number;
  /** One number for each browser that sent something. */
  readonly person: number;
  /** Counts all changes of the class; a row that changed has a new one. */
  readonly revision: number;
  /** Absent when it cannot be read any more. */
  readonly result?: Omit<ClassResult, 'student'>;
}

/** What the teacher's page asks for: all that changed after a revision. */
export interface ClassChanges {
  readonly title: string;
  readonly code: string;
  readonly revision: number;
  readonly rows: readonly ClassRow[];
  /** All rows that there are, where any was deleted after that revision. */
  readonly left?: readonly number[];
}

/** What the server says of a call that it refuses. */
export interface ClassRefusal {
  readonly message: string;
}

/** A join code as it is compared: letters large, no spaces or dashes. */
export function normalCode(code: string): string {
  return code.toUpperCase().replace(/[\s-]+/g, '');
}
