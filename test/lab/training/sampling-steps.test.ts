// When samples are due.
import { expect, it } from 'vitest';
import { isSampleDue } from '../../../src/lab/training/sampling-steps.ts';

const due = (interval: number, last: number): number[] =>
  Array.from({ length: last + 1 }, (_, step) => step).filter((step) => isSampleDue(step, interval));

it('samples the untrained model, then early steps closely, then every interval', () => {
  expect(due(100, 250)).toEqual([0, 10, 30, 100, 200]);
  expect(due(250, 600)).toEqual([0, 10, 30, 100, 250, 500]);
  expect(due(20, 60)).toEqual([0, 10, 20, 40, 60]);
});

it('samples never at an interval of 0', () => expect(due(0, 100)).toEqual([]));
