// What the browser keeps of a class survives, and anything else in its place is left alone.
import { expect, it } from 'vitest';
import {
  keepMembership,
  keptMembership,
  newMembership,
  withoutWaiting,
  withWaiting,
} from '../../../src/ui/class/membership.ts';
import { sampleResult } from '../../classroom/sample-result.ts';

const shelf = (text?: string) => {
  let kept = text ?? null;
  return {
    getItem: () => kept,
    setItem: (_: string, value: string) => {
      kept = value;
    },
  };
};

it('keeps who this is, the code, and what waits', () => {
  const storage = shelf();
  const first = newMembership();
  expect(first.student).toMatch(/^[\w-]{22}$/);
  const full = withWaiting({ ...first, name: 'Ana', code: 'BCD234' }, sampleResult());
  expect(full.waiting[0]?.student).toBe(first.student);
  expect(keepMembership(full, () => storage)).toBe(true);
  expect(keptMembership(() => storage)).toEqual(full);
});

it.each(['', '{', 'null', '[1]', '{"student":"../x","name":3,"waiting":[{"format":"?"}]}'])(
  'takes %j for nothing',
  (text) => {
    expect(keptMembership(() => shelf(text))).toBeUndefined();
  },
);

it('says that it keeps nothing where there is no storage', () => {
  const none = () => {
    throw new Error('SecurityError');
  };
  expect(keptMembership(none)).toBeUndefined();
  expect(keepMembership(newMembership(), none)).toBe(false);
});

it('takes away what arrived, and not what was made anew meanwhile', () => {
  const [old, newer] = [sampleResult(), sampleResult({ at: '2026-12-01T08:00:01.000Z', step: 250 })];
  const waiting = withWaiting(newMembership(), newer);
  expect(withoutWaiting(waiting, [old]).waiting.map(({ step }) => step)).toEqual([250]);
  expect(withoutWaiting(waiting, [newer]).waiting).toEqual([]);
});
