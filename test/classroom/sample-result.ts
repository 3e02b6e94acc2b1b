// A result as a student's page makes it, for tests.
import type { ClassResult } from '../../src/classroom/result.ts';

/** The result of a run of Pico on a laptop. */
export function sampleResult(change: Partial<ClassResult> = {}): ClassResult {
  return {
    format: 'flopscope-result',
    version: 1,
    id: 'result-0001',
    student: 'student-0001',
    name: 'Ana',
    at: '2026-11-30T10:00:00.000Z',
    title: 'Pico',
    device: { name: 'Apple M3', runtime: 'gpu', isSoftware: false },
    predicted: 120_000,
    measured: 111_000,
    step: 200,
    totalSteps: 200,
    loss: 1.75,
    validationLoss: 1.875,
    curve: [
      [1, 4.25],
      [100, 2.5],
      [200, 1.75],
    ],
    ...change,
  };
}
