// Timing in turns: on a fake machine that is slowed in stretches and scatters each pass.
import { describe, expect, it } from 'vitest';
import { timeInTurns } from '../../../src/runtime/timing/in-turns.ts';
import { sharedMachine } from './shared-machine.ts';

describe('timing in turns', () => {
  it('finds the gain through load that is there for one part of the time only', async () => {
    const machine = sharedMachine();
    const [slow, quick] = [machine(0.02), machine(0.01)];
    const { gain } = await timeInTurns(
      () => slow(1),
      () => quick(1),
      9,
    );
    expect(gain.value).toBeGreaterThan(1.8);
    expect(gain.value).toBeLessThan(2.2);
    expect(gain.repeats).toBe(9);
  });

  it('lets each go first in turn, and ends when it is told to', async () => {
    const order: string[] = [];
    const pass = (name: string) => async () => order.push(name);
    await timeInTurns(pass('a'), pass('b'), 9, (round) => round === 3);
    expect(order.join('')).toBe('abbaab');
  });
});
