// What the page makes of the class server's answers.
import { expect, it } from 'vitest';
import { sendResult } from '../../../src/ui/class/calls.ts';
import { sampleResult } from '../../classroom/sample-result.ts';

it.each([
  [200, {}, { kind: 'ok' }],
  [400, {}, { kind: 'refused', message: 'why', isStranger: false }],
  [403, {}, { kind: 'refused', message: 'why', isStranger: true }],
  [507, {}, { kind: 'refused', message: 'why', isStranger: false }],
  [429, { 'retry-after': '7' }, { kind: 'unheard', seconds: 7, message: 'why' }],
  [429, { 'retry-after': 'soon' }, { kind: 'unheard', seconds: 5 }],
  [429, { 'retry-after': '99999' }, { kind: 'unheard', seconds: 300 }],
  [503, { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }, { kind: 'unheard', seconds: 1 }],
  [500, {}, { kind: 'unheard', seconds: 5 }],
  [502, {}, { kind: 'unheard', seconds: 5 }],
])('takes %d for what it is, asking again after %j', async (status, headers, outcome) => {
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
    expect(await sendResult('BCD234', sampleResult(), server)).toMatchObject({ kind: 'unheard', seconds: 5 });
  const gateway: typeof fetch = async () =>
    new Response('<html>Try later</html>', { status: 503, headers: { 'retry-after': '30' } });
  expect(await sendResult('BCD234', sampleResult(), gateway)).toMatchObject({ kind: 'unheard', seconds: 30 });
});
