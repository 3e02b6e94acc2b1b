// What the page makes of the class server's answers.
import { expect, it } from 'vitest';
import { sendResult } from '../../../src/ui/class/calls.ts';
import { sampleResult } from '../../classroom/sample-result.ts';

it.each([
  [200, {}, { kind: 'ok' }],
  [403, {}, { kind: 'refused', message: 'why' }],
  [507, {}, { kind: 'refused', message: 'why' }],
  [429, { 'retry-after': '7' }, { kind: 'unheard', seconds: 7 }],
  [500, {}, { kind: 'unheard', seconds: 5 }],
])('takes %d for what it is', async (status, headers, outcome) => {
  const server: typeof fetch = async (address, { method, headers: sent } = {}) => {
    expect([address, method, sent]).toEqual(['class/results', 'POST', { 'x-class-code': 'BCD234' }]);
    return new Response(JSON.stringify({ message: 'why' }), { status, headers: new Headers(headers) });
  };
  expect(await sendResult('bcd 234', sampleResult(), server)).toMatchObject(outcome);
});

it('lets what is not heard, or answered by something else, wait', async () => {
  const away: typeof fetch = () => Promise.reject(new TypeError('Failed to fetch'));
  const portal: typeof fetch = async () => new Response('<html>Log in</html>');
  for (const server of [away, portal])
    expect(await sendResult('BCD234', sampleResult(), server)).toMatchObject({ kind: 'unheard' });
});
