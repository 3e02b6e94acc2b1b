// The schedule of slots: who is admitted, who is filled, how long bursts are, and what a full context means. No plan.
import { describe, expect, it } from 'vitest';
import { Schedule, type Turn } from '../../../src/lab/sampling/slot-schedule.ts';

const prompt = (length: number) => Array.from({ length }, (_, i) => i);

/** Lets every turn draw token 7 and tells what was done: `prefill slot:window` or `decode slot×steps …`. */
function play(schedule: Schedule, turns = 100): string[] {
  const done: string[] = [];
  for (let i = 0; i < turns; i++) {
    const turn = schedule.next();
    if (!turn) return done;
    done.push(describeTurn(turn));
    if (turn.kind === 'prefill') schedule.accept(turn.text, [7], turn.window.length);
    else for (const { text, steps } of turn.texts) schedule.accept(text, new Array(steps).fill(7));
  }
  return done;
}

function describeTurn(turn: Turn): string {
  if (turn.kind === 'prefill') return `prefill ${turn.text.slot}:${turn.window.length}`;
  return `decode ${turn.texts.map(({ text, steps }) => `${text.slot}×${steps}`).join(' ')}`;
}

describe('a schedule', () => {
  it('fills the slots first, then draws in bursts, which end with the longest text', () => {
    const schedule = new Schedule(2, 100, 16);
    schedule.add({ prompt: prompt(5), maximumTokens: 20 });
    schedule.add({ prompt: prompt(3), maximumTokens: 4 });
    expect(play(schedule)).toEqual(['prefill 0:5', 'prefill 1:3', 'decode 0×16 1×3', 'decode 0×3']);
  });

  it('gives a slot to the next text as soon as one is over', () => {
    const schedule = new Schedule(1, 100, 16);
    const texts = [3, 2, 1].map((maximumTokens) => schedule.add({ prompt: prompt(2), maximumTokens }));
    expect(play(schedule)).toEqual(['prefill 0:2', 'decode 0×2', 'prefill 0:2', 'decode 0×1', 'prefill 0:2']);
    expect(texts.map((text) => [text.drawn, text.isOver])).toEqual([
      [3, true],
      [2, true],
      [1, true],
    ]);
  });

  it('shortens a burst to the first text that makes room where others wait', () => {
    const schedule = new Schedule(2, 100, 16);
    for (const maximumTokens of [30, 5, 3]) schedule.add({ prompt: prompt(1), maximumTokens });
    expect(play(schedule, 5)).toEqual([
      'prefill 0:1',
      'prefill 1:1',
      'decode 0×4 1×4',
      'prefill 1:1',
      'decode 0×16 1×2',
    ]);
  });

  it('admits what comes while others run', () => {
    const schedule = new Schedule(2, 100, 4);
    schedule.add({ prompt: prompt(1), maximumTokens: 9 });
    expect(play(schedule, 2)).toEqual(['prefill 0:1', 'decode 0×4']);
    schedule.add({ prompt: prompt(6), maximumTokens: 2 });
    expect(play(schedule)).toEqual(['prefill 1:6', 'decode 0×4 1×1']);
  });

  it('fills a slot with the last half of a text that outgrows the context', () => {
    const schedule = new Schedule(1, 10, 16);
    const text = schedule.add({ prompt: prompt(8), maximumTokens: 10 });
    expect(play(schedule)).toEqual(['prefill 0:8', 'decode 0×2', 'prefill 0:5', 'decode 0×5', 'prefill 0:5']);
    expect(text.tokens).toHaveLength(18);
  });

  it('lets others draw between the tokens of a text that has no cache', () => {
    const schedule = new Schedule(2, 8, 4);
    schedule.add({ prompt: prompt(6), maximumTokens: 4, useCache: false });
    schedule.add({ prompt: prompt(2), maximumTokens: 6 });
    expect(play(schedule)).toEqual([
      'prefill 0:6',
      'prefill 1:2',
      'decode 1×4',
      'prefill 0:7',
      'decode 1×1',
      'prefill 0:8',
      'prefill 0:8',
    ]);
  });

  it('forgets a text that is ended, waiting or running, and gives its slot away', () => {
    const schedule = new Schedule(1, 100, 4);
    const [first, second, third] = [1, 2, 3].map((length) => {
      return schedule.add({ prompt: prompt(length), maximumTokens: 9 });
    });
    if (!first || !second || !third) throw new Error('unreachable');
    expect(play(schedule, 2)).toEqual(['prefill 0:1', 'decode 0×4']);
    schedule.end(second);
    schedule.end(first);
    expect(play(schedule, 1)).toEqual(['prefill 0:3']);
    expect([first.slot, second.slot, third.slot]).toEqual([undefined, undefined, 0]);
  });

  it('is over where no token is wanted', () => {
    const schedule = new Schedule(3, 100, 4);
    expect(schedule.add({ prompt: prompt(1), maximumTokens: 0 }).isOver).toBe(true);
    expect(schedule.next()).toBeUndefined();
  });
});
