// Tests of the running hash: published answers, and the platform's own digest as oracle.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSha256, sha256Hex } from '../../src/data/sha256.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each([
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
])('the hash of "%s" is the published one', (text, hash) => {
  expect(sha256Hex(utf8(text))).toBe(hash);
});

test('any bytes in any pieces hash as the platform hashes them whole', async () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(pieces, async (parts) => {
      const hash = createSha256();
      for (const part of parts) hash.update(part);
      const whole = Uint8Array.from(parts.flatMap((part) => [...part]));
      const expected = new Uint8Array(await crypto.subtle.digest('SHA-256', whole));
      expect(hash.digest()).toBe(Array.from(expected, (byte) => byte.toString(16).padStart(2, '0')).join(''));
    }),
    { seed: 5, numRuns: 200 },
  );
});
