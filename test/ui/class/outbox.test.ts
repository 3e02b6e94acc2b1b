// Results wait while the server is away, over a reload too, and each arrives once.
import { describe, expect, it } from 'vitest';
import type { ClassResult } from '../../../src/classroom/result.ts';
import type { CallOutcome } from '../../../src/ui/class/calls.ts';
import { type Membership, newMembership } from '../../../src/ui/class/membership.ts';
import { Outbox } from '../../../src/ui/class/outbox.ts';
import { sampleResult } from '../../classroom/sample-result.ts';

/** A class server that is there or not, and a browser that keeps what it is given. */
function surroundings() {
  const world = {
    answer: (_: ClassResult): CallOutcome<unknown> => ({ kind: 'ok', value: {} }),
    arrived: [] as ClassResult[],
    asked: 0,
    later: [] as (() => void)[],
    kept: { student: 'student-0001', name: '', code: 'BCD234', waiting: [] } as Membership | undefined,
    /** What happens before a call is answered. */
    onCall: async (): Promise<void> => undefined,
    hasLocks: true,
  };
  const open = () =>
    new Outbox({
      send: async (_code, result) => {
        world.asked += 1;
        await world.onCall();
        const answer = world.answer(result);
        if (answer.kind === 'ok') world.arrived.push(result);
        return answer as CallOutcome<never>;
      },
      deleteMine: async () => {
        const deleted = world.arrived.length;
        world.arrived = [];
        await world.onCall();
        return { kind: 'ok', value: { deleted } };
      },
      read: () => world.kept,
      keep: (membership) => {
        world.kept = membership;
        return true;
      },
      later: (callback) => void world.later.push(callback),
      alone: (work) => (world.hasLocks ? work() : Promise.reject(new Error('no lock is given here'))),
    });
  return { world, open };
}

const taken = (): CallOutcome<unknown> => ({ kind: 'ok', value: {} });
const away = (): CallOutcome<unknown> => ({ kind: 'unheard', seconds: 5 });

describe('Outbox', () => {
  it('sends at once where the server answers', async () => {
    const { world, open } = surroundings();
    const outbox = open();
    await outbox.add(sampleResult());
    expect(world.arrived).toHaveLength(1);
    expect(world.kept?.waiting).toEqual([]);
    expect(outbox.$view.get()).toMatchObject({ sent: new Set(['result-0001']), hindrance: '' });
  });

  it('sends and takes back where the browser gives no lock', async () => {
    const { world, open } = surroundings();
    world.hasLocks = false;
    const outbox = open();
    await outbox.add(sampleResult());
    expect(world.arrived).toHaveLength(1);
    expect(await outbox.takeBack()).toEqual({ kind: 'ok', value: { deleted: 1 } });
    await outbox.add(sampleResult({ id: 'result-0002' }));
    expect(world.kept?.waiting).toEqual([]);
  });

  it('keeps what the server does not hear, and sends it by itself when it is back', async () => {
    const { world, open } = surroundings();
    world.answer = away;
    const outbox = open();
    await outbox.add(sampleResult());
    await outbox.add(sampleResult({ id: 'result-0002' }));
    await outbox.add(sampleResult({ id: 'result-0002', step: 250 })); // the newer of one id
    expect(world.kept?.waiting.map(({ step }) => step)).toEqual([200, 250]);
    expect(outbox.$view.get().hindrance).toMatch(/does not answer/);
    world.answer = taken;
    world.later[0]?.();
    await expect.poll(() => world.arrived.map(({ step }) => step)).toEqual([200, 250]);
    expect(world.kept?.waiting).toEqual([]);
  });

  it('sends after a reload what waited before', async () => {
    const { world, open } = surroundings();
    world.answer = away;
    await open().add(sampleResult());
    world.answer = taken;
    await open().flush();
    expect(world.arrived).toHaveLength(1);
  });

  it('waits for a right code, and says what the server said', async () => {
    const { world, open } = surroundings();
    world.answer = () => ({ kind: 'refused', message: 'Not the join code.', isStranger: true });
    const outbox = open();
    await outbox.add(sampleResult());
    expect(outbox.$view.get()).toMatchObject({ hindrance: 'Not the join code.', sent: new Set() });
    expect(world.later).toEqual([]); // asking again would not help
    world.answer = taken;
    outbox.become({ code: 'XYZ234' });
    await outbox.flush();
    expect(world.arrived).toHaveLength(1);
  });

  it('lets a result that is refused hold up no other, and sends it when it is made anew', async () => {
    const { world, open } = surroundings();
    world.answer = ({ id }) =>
      id === 'result-0001' ? { kind: 'refused', message: 'Too much.', isStranger: false } : taken();
    const outbox = open();
    await outbox.add(sampleResult());
    await outbox.add(sampleResult({ id: 'result-0002' }));
    expect(world.arrived.map(({ id }) => id)).toEqual(['result-0002']);
    expect(outbox.$view.get().refused).toEqual(new Map([['result-0001', 'Too much.']]));
    expect(world.kept?.waiting).toHaveLength(1);
    world.answer = taken;
    await outbox.add(sampleResult({ at: '2026-11-30T10:00:01.000Z' }));
    expect(world.kept?.waiting).toEqual([]);
    expect(outbox.$view.get().refused.size).toBe(0);
  });

  it('has one attempt due at a time, however often somebody presses', async () => {
    const { world, open } = surroundings();
    world.answer = away;
    const outbox = open();
    for (let press = 0; press < 5; press++) await outbox.add(sampleResult());
    expect(world.later).toHaveLength(1);
    const before = world.asked;
    await Promise.all([1, 2, 3, 4, 5].map(() => outbox.add(sampleResult())));
    expect(world.asked - before).toBeLessThan(3);
    world.later.pop()?.();
    await expect.poll(() => world.later).toHaveLength(1);
  });

  it('says what the server said of its patience', async () => {
    const { world, open } = surroundings();
    world.answer = () => ({ kind: 'unheard', seconds: 9, message: 'Wait 9 s.' });
    const outbox = open();
    await outbox.add(sampleResult());
    expect(outbox.$view.get().hindrance).toMatch(/^Wait 9 s\. Results wait here/);
  });

  it('keeps what another tab changed, and the other what this one did', async () => {
    const { world, open } = surroundings();
    world.kept = undefined;
    const [one, other] = [open(), open()];
    one.become({ name: 'Ana' });
    other.become({ code: 'BCD234' });
    world.answer = away;
    await one.add(sampleResult());
    await other.add(sampleResult({ id: 'result-0002' }));
    expect(world.kept).toMatchObject({ name: 'Ana', code: 'BCD234' });
    const { student, waiting } = world.kept ?? newMembership();
    expect(waiting.map((result) => [result.id, result.student])).toEqual([
      ['result-0001', student],
      ['result-0002', student],
    ]);
    one.refresh();
    expect(one.membership).toEqual(world.kept);
  });

  it('takes back also what is on its way, and nothing that is sent after', async () => {
    const { world, open } = surroundings();
    const outbox = open();
    let isOnItsWay = false;
    let arrive = () => undefined as undefined;
    world.onCall = () => {
      isOnItsWay = true;
      return new Promise<void>((resolve) => {
        arrive = () => void resolve();
      });
    };
    const sending = outbox.add(sampleResult());
    await expect.poll(() => isOnItsWay).toBe(true);
    const taking = outbox.takeBack();
    const after = outbox.add(sampleResult({ id: 'result-0002' }));
    world.onCall = async () => undefined;
    arrive();
    expect(await taking).toEqual({ kind: 'ok', value: { deleted: 1 } });
    await Promise.all([sending, after]);
    expect(world.arrived.map(({ id }) => id)).toEqual(['result-0002']);
    expect([...outbox.$view.get().sent]).toEqual(['result-0002']);
  });
});
