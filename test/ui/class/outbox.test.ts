// Results wait while the server is away, over a reload too, and each arrives once.
import { describe, expect, it } from 'vitest';
import type { ClassResult } from '../../../src/classroom/result.ts';
import type { CallOutcome } from '../../../src/ui/class/calls.ts';
import type { Membership } from '../../../src/ui/class/membership.ts';
import { Outbox } from '../../../src/ui/class/outbox.ts';
import { sampleResult } from '../../classroom/sample-result.ts';

/** A class server that is there or not, and a browser that keeps what it is given. */
function surroundings() {
  const world = {
    answer: { kind: 'ok', value: {} } as CallOutcome<unknown>,
    arrived: [] as ClassResult[],
    later: [] as (() => void)[],
    kept: { student: 'student-0001', name: '', code: 'BCD234', waiting: [] } as Membership,
  };
  const open = () =>
    new Outbox({
      send: async (_code, result) => {
        if (world.answer.kind === 'ok') world.arrived.push(result);
        return world.answer as CallOutcome<never>;
      },
      read: () => world.kept,
      keep: (membership) => {
        world.kept = membership;
      },
      later: (callback) => void world.later.push(callback),
    });
  return { world, open };
}

describe('Outbox', () => {
  it('sends at once where the server answers', async () => {
    const { world, open } = surroundings();
    const outbox = open();
    await outbox.add(sampleResult());
    expect(world.arrived).toHaveLength(1);
    expect(world.kept.waiting).toEqual([]);
    expect(outbox.$view.get()).toMatchObject({ sent: new Set(['result-0001']), hindrance: '' });
  });

  it('keeps what the server does not hear, and sends it by itself when it is back', async () => {
    const { world, open } = surroundings();
    world.answer = { kind: 'unheard', seconds: 5 };
    const outbox = open();
    await outbox.add(sampleResult());
    await outbox.add(sampleResult({ id: 'result-0002' }));
    await outbox.add(sampleResult({ id: 'result-0002', step: 250 })); // the newer of one id
    expect(world.kept.waiting.map(({ step }) => step)).toEqual([200, 250]);
    expect(outbox.$view.get().hindrance).toMatch(/does not answer/);
    world.answer = { kind: 'ok', value: {} };
    world.later[0]?.();
    await expect.poll(() => world.arrived.map(({ step }) => step)).toEqual([200, 250]);
    expect(world.kept.waiting).toEqual([]);
  });

  it('sends after a reload what waited before', async () => {
    const { world, open } = surroundings();
    world.answer = { kind: 'unheard', seconds: 5 };
    await open().add(sampleResult());
    world.answer = { kind: 'ok', value: {} };
    await open().flush();
    expect(world.arrived).toHaveLength(1);
  });

  it('waits for a right code, and says what the server said', async () => {
    const { world, open } = surroundings();
    world.answer = { kind: 'refused', message: 'Not the join code.' };
    const outbox = open();
    await outbox.add(sampleResult());
    expect(outbox.$view.get()).toMatchObject({ hindrance: 'Not the join code.', sent: new Set() });
    expect(world.later).toEqual([]); // asking again would not help
    world.answer = { kind: 'ok', value: {} };
    outbox.become({ code: 'XYZ234' });
    await outbox.flush();
    expect(world.arrived).toHaveLength(1);
  });
});
