// Hubs that a page may ask, as its content policy names them.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { hubOf } from '../../../src/lab/hub/address.ts';

const place = { hub: 'https://huggingface.co', page: 'https://school.example' };

it.each([
  ['https://huggingface.co/', 'https://huggingface.co'],
  [' /hub ', 'https://school.example/hub'],
  ['https://school.example/a/b//', 'https://school.example/a/b'],
])('takes %j for %s', (text, address) => {
  expect(hubOf(text, place)).toBe(address);
});

it.each(['https://elsewhere.example', 'http://huggingface.co', 'https://', 'javascript:0'])(
  'refuses %j, which the policy of the page forbids',
  (text) => {
    expect(() => hubOf(text, place)).toThrow(/may ask https:\/\/huggingface\.co and its own host/);
    expect(() => hubOf(text, { ...place, hub: '' })).toThrow(/may ask no hub but its own host/);
  },
);

it('lets the content policy name what .env names, and nothing else', () => {
  expect(readFileSync('index.html', 'utf8')).toContain("connect-src 'self' %VITE_HUB%;");
  expect(import.meta.env.VITE_HUB).toBe(/^VITE_HUB=(.*)$/m.exec(readFileSync('.env', 'utf8'))?.[1]);
});
