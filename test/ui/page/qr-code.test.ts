// A link as a QR code: dark modules inside a light margin, and none where nobody could read it.
import { expect, it } from 'vitest';
import { qrPath } from '../../../src/ui/page/qr-code.ts';

it('draws the three finder patterns inside the margin', () => {
  const drawn = qrPath('https://school.test/lab/?v=1&preset=pico#lessons/heads');
  const size = drawn?.size ?? 0;
  const dark = new Set((drawn?.path.match(/M\d+ \d+/g) ?? []).map((move) => move.slice(1)));
  const last = size - 5;
  for (const [x, y] of [
    [4, 4],
    [last, 4],
    [4, last],
  ])
    expect(dark.has(`${x} ${y}`)).toBe(true);
  expect([...dark].some((place) => /^[0-3] | [0-3]$/.test(place))).toBe(false);
});

it('has none for a text that is too long', () => {
  expect(qrPath('x'.repeat(1201))).toBeUndefined();
});
