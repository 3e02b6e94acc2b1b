// Curves of earlier runs behind the present one.
import { expect, it } from 'vitest';
import { type Ghost, ghostPoints, withGhosts } from '../../../src/ui/run-views/ghosts.ts';

const step = (at: number, loss: number): Ghost['steps'][number] => ({
  step: at,
  tokens: 10 * at,
  flops: 100 * at,
  seconds: at / 2,
  loss,
  learningRate: 0.1,
  gradientNorm: 1,
  stepSeconds: 0.5,
  tokensPerSecond: 20,
});
const ghost: Ghost = { id: 'a', title: 'A', steps: [step(1, 4), step(2, 3), step(3, 1)] };

it('a ghost has its points on the axis of the chart', () => {
  expect(ghostPoints(ghost, 'tokens')).toEqual([
    { x: 10, y: 4 },
    { x: 20, y: 3 },
    { x: 30, y: 1 },
  ]);
});

it('the scale leaves room for what is in view of ghosts, and for nothing else', () => {
  const points = [ghostPoints(ghost, 'step')];
  expect(withGhosts([2, 3], points, [1, 2])).toEqual([2, 4]);
  expect(withGhosts([2, 3], points, [2, 3])).toEqual([1, 3]);
  expect(withGhosts([2, 3], [], [2, 3])).toEqual([2, 3]);
});
