// What both sides of a class agree on.
import { describe, expect, it } from 'vitest';
import { normalCode } from '../../src/classroom/protocol.ts';

describe('normalCode', () => {
  it.each(['BCD234', 'bcd234', ' bcd 234\n', 'BCD-234'])('takes %j for the same code', (typed) => {
    expect(normalCode(typed)).toBe('BCD234');
  });
});
