// What a failure is called decides what the page says and how the command line exits.
import { describe, expect, it } from 'vitest';
import { LabError, problemOf, stage } from '../../../src/lab/plans/problem.ts';

function named(name: string): Error {
  const error = new Error('what happened');
  error.name = name;
  return error;
}

describe('a failure', () => {
  it.each([
    ['OutOfMemoryError', 'outOfMemory'],
    ['DeviceLostError', 'deviceLost'],
    ['InvalidFileError', 'invalidFile'],
    ['QuotaExceededError', 'storageFull'],
    ['TypeError', 'internal'],
  ])('named %s is a problem of kind %s', (name, kind) => {
    expect(problemOf(named(name))).toEqual({ kind, message: 'what happened' });
  });

  it('keeps the problem that it was thrown with', () => {
    const problem = { kind: 'busy', message: 'wait' } as const;
    expect(problemOf(new LabError(problem), 'internal')).toBe(problem);
    expect(new LabError(problem)).toMatchObject({ name: 'LabError', message: 'wait' });
  });

  it('that is no error becomes its text', () => {
    expect(problemOf('plain', 'invalidData')).toEqual({ kind: 'invalidData', message: 'plain' });
  });
});

describe('a stage', () => {
  it('returns what its work returns', async () => {
    expect(await stage('invalidData', () => 3)).toBe(3);
    expect(await stage('invalidData', async () => 4)).toBe(4);
  });

  it('names failures by its kind unless they name themselves', async () => {
    const failing = (error: Error) => stage('invalidData', () => Promise.reject(error));
    await expect(failing(new Error('bad'))).rejects.toMatchObject({ problem: { kind: 'invalidData' } });
    await expect(failing(named('DeviceLostError'))).rejects.toMatchObject({
      problem: { kind: 'deviceLost' },
    });
    const inner = new LabError({ kind: 'tooLarge', message: 'big' });
    await expect(failing(inner)).rejects.toMatchObject({ problem: { kind: 'tooLarge' } });
  });
});
