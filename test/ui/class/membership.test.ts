// What the browser keeps of a class survives, and anything else in its place is left alone.
import { expect, it } from 'vitest';
import { keepMembership, readMembership, withWaiting } from '../../../src/ui/class/membership.ts';
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
  const first = readMembership(() => storage);
  expect(first.student).toMatch(/^[\w-]{22}$/);
  const full = withWaiting({ ...first, name: 'Ana', code: 'BCD234' }, sampleResult());
  keepMembership(full, () => storage);
  expect(readMembership(() => storage)).toEqual(full);
});

it.each(['', '{', 'null', '[1]', '{"student":"../x","name":3,"waiting":[{"format":"?"}]}'])(
  'begins anew where it finds %j',
  (text) => {
    const found = readMembership(() => shelf(text));
    expect(found.student).toMatch(/^[\w-]{22}$/);
    expect([found.name, found.code, found.waiting]).toEqual(['', '', []]);
  },
);

it('holds for the visit where there is no storage', () => {
  const none = () => {
    throw new Error('SecurityError');
  };
  keepMembership(readMembership(none), none);
});
