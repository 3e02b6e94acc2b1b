// Requests that wait: what a server asks for, and a server that is not there.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { createPatientFetch, retryAfter } from '../../../src/lab/hub/requests.ts';

const unreachable = 'Check the network.';

it.each([
  ['7', 7],
  [' 0 ', 0],
  ['Thu, 01 Jan 1970 00:01:40 GMT', 40],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['soon', undefined],
  [null, undefined],
])('Retry-After %j is %s seconds', (header, seconds) => {
  expect(retryAfter(header, 60_000)).toBe(seconds);
});

it('names a server that cannot be reached, after it tried again', async () => {
  const notes: string[] = [];
  const { signal } = new AbortController();
  const patient = createPatientFetch({ signal, note: (line) => notes.push(line), unreachable, firstWait: 0 });
  // A port that was free a moment ago.
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  await expect(patient(`http://127.0.0.1:${port}/`)).rejects.toThrow(
    new RegExp(`127\\.0\\.0\\.1:${port} cannot be reached \\(.*ECONNREFUSED.*\\)\\. Check the network\\.`),
  );
  expect(notes).toHaveLength(5);
});

it('gives up at once when it is interrupted', async () => {
  const controller = new AbortController();
  controller.abort();
  const patient = createPatientFetch({
    signal: controller.signal,
    note: () => expect.fail('waits'),
    unreachable,
  });
  await expect(patient('http://127.0.0.1:9/')).rejects.toThrow(/abort/i);
});
