// How often one address may ask.
import { describe, expect, it } from 'vitest';
import { RateLimiter } from '../../../src/cli/class/limits.ts';

describe('RateLimiter', () => {
  it('lets a burst pass, then as many as time allows, each address by itself', () => {
    const limiter = new RateLimiter({ burst: 3, perSecond: 0.5 });
    for (let call = 0; call < 3; call++) limiter.take('a', 0);
    expect(limiter.wait('a', 0)).toBeGreaterThan(0);
    expect(limiter.wait('a', 0)).toBeLessThanOrEqual(2);
    expect(limiter.wait('b', 0)).toBe(0);
    expect(limiter.wait('a', 2.5)).toBe(0);
    limiter.take('a', 1000); // it never holds more than a burst
    limiter.take('a', 1000);
    limiter.take('a', 1000);
    expect(limiter.wait('a', 1000)).toBeGreaterThan(0);
  });

  it('forgets addresses that it has not seen for longest, so that a flood of them takes no memory', () => {
    const limiter = new RateLimiter({ burst: 1, perSecond: 0 });
    limiter.take('first', 0);
    expect(limiter.wait('first', 0)).toBeGreaterThan(0);
    for (let index = 0; index < 5000; index++) limiter.take(`address ${index}`, 0);
    expect(limiter.wait('first', 0)).toBe(0);
  });
});
