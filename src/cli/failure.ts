// How a command fails: one line on stderr and an exit code that other programs can rely on.

import type { Problem } from '../contract/values.ts';
import { LabError, problemOf } from '../lab/plans/problem.ts';

/** Exit codes besides 0. Stable. */
export const exitCodes = { badInput: 1, noDevice: 2, internal: 3, interrupted: 130 } as const;

const codeByKind: Readonly<Record<Problem['kind'], number>> = {
  noWebGpu: exitCodes.noDevice,
  insecureOrigin: exitCodes.noDevice,
  noAdapter: exitCodes.noDevice,
  deviceLost: exitCodes.noDevice,
  threadLost: exitCodes.noDevice,
  outOfMemory: exitCodes.badInput,
  tooLarge: exitCodes.badInput,
  invalidConfig: exitCodes.badInput,
  invalidData: exitCodes.badInput,
  invalidFile: exitCodes.badInput,
  invalidRequest: exitCodes.badInput,
  diverged: exitCodes.badInput,
  storageFull: exitCodes.badInput,
  newerStorage: exitCodes.badInput,
  busy: exitCodes.badInput,
  openElsewhere: exitCodes.badInput,
  locked: exitCodes.badInput,
  notLoaded: exitCodes.internal,
  internal: exitCodes.internal,
};

/** Ctrl-C, or another request to end; the message says what was kept. */
export class Interrupted extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Interrupted';
  }
}

/** Ends the command with a sentence that a person can act on. */
export function refuse(kind: Problem['kind'], message: string): never {
  throw new LabError({ kind, message });
}

/** The exit code of something thrown, and its one line for stderr. */
export function describeFailure(error: unknown): { readonly code: number; readonly line: string } {
  if (error instanceof Interrupted) {
    return { code: exitCodes.interrupted, line: oneLine(`interrupted: ${error.message}`) };
  }
  const { kind, message } = problemOf(error);
  const code = codeByKind[kind];
  const fields = error instanceof LabError ? (error.problem.fields ?? []) : [];
  const text = fields.length > 0 ? fields.map((field) => field.message).join(' ') : message;
  return { code, line: oneLine(code === exitCodes.internal ? `internal error: ${text}` : text) };
}

/** Text of any origin as one printable line. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those of a terminal are what must not get through
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+\s*/g, ' ').trim();
}
