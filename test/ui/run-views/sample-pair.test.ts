// Pairs of samples: far enough apart, in either order, and none where there is none.
import { expect, it } from 'vitest';
import { drawPair } from '../../../src/ui/run-views/sample-pair.ts';

const sample = (step: number, text = `text of step ${step}`) => ({ step, text });
/** Gives these numbers in turn. */
const sequence = (...numbers: number[]) => {
  let index = 0;
  return () => numbers[index++ % numbers.length] ?? 0;
};

it('draws two samples of which one has at least twice the steps, in either order', () => {
  const samples = [sample(300), sample(200), sample(100), sample(0)]; // the newest first, as a run has them
  expect(drawPair(samples, sequence(0, 0))).toEqual({ shown: [sample(0), sample(100)], later: 1 });
  expect(drawPair(samples, sequence(0, 0.9))).toEqual({ shown: [sample(100), sample(0)], later: 0 });
  const steps = Array.from({ length: 5 }, (_, index) =>
    drawPair(samples, sequence(index / 5, 0))?.shown.map(({ step }) => step),
  );
  expect(steps).toEqual([
    [0, 100],
    [0, 200],
    [0, 300],
    [100, 200],
    [100, 300],
  ]);
});

it('draws none from neighbours, from equal texts, and from less than two', () => {
  expect(drawPair([], sequence(0))).toBeUndefined();
  expect(drawPair([sample(0)], sequence(0))).toBeUndefined();
  expect(drawPair([sample(1900), sample(1000)], sequence(0))).toBeUndefined();
  expect(drawPair([sample(200, 'same'), sample(0, 'same')], sequence(0))).toBeUndefined();
});
