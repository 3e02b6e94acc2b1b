// Tests of the strict JSON parser: agreement with JSON.parse, and what it refuses beyond that.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseStrictJson, quoteName } from '../../src/data/strict-json.ts';
import { anyCharacter } from './any-character.ts';
import { countWork } from './counted-work.ts';

const bounds = { maxDepth: 20, maxKeys: 1000 };

test('it agrees with JSON.parse on every valid text', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6, stringUnit: anyCharacter }), (text) => {
      expect(parseStrictJson('test', text, bounds)).toEqual(JSON.parse(text));
    }),
    { seed: 9 },
  );
});

test.each([
  ['plain', '{"a":1,"a":2}'],
  ['escaped', '{"a":1,"\\u0061":2}'],
  ['with a quote', '{"a\\"":1,"a\\"":2}'],
  ['spaced', '{"a" \n:1, "a"\t: 2}'],
  ['nested', '[{"b":{"a":1,"c":{"a":1},"a":2}}]'],
  ['__proto__', '{"__proto__":1,"__proto__":2}'],
  ['empty', '{"":1,"":2}'],
])('a repeated key is refused: %s', (_, text) => {
  expect(() => JSON.parse(text)).not.toThrow();
  expect(() => parseStrictJson('test', text, bounds)).toThrow(/^test: a key occurs twice: ".*"\. The file/);
});

test('equal keys of different objects, and equal values, are fine', () => {
  const text = '[{"a":"a","b":"a"},{"a":["a","a"],"b":{"a":"}"}}]';
  expect(parseStrictJson('test', text, bounds)).toEqual(JSON.parse(text));
});

test.each(['', '{', '{"a"', '{"a":', '"\\', '{"a":1}}', '[1,]', '{"\\x":1,"\\x":1}', 'NaN', '{a:1}'])(
  'what is not JSON is refused in one line: %s',
  (text) => {
    expect(() => parseStrictJson('test', text, bounds)).toThrow(/^test: (not JSON|a key)[^\n]*$/);
  },
);

test('depth and number of keys are bounded', () => {
  const small = { maxDepth: 2, maxKeys: 2 };
  expect(parseStrictJson('test', '{"a":[1],"b":{}}', small)).toEqual({ a: [1], b: {} });
  expect(() => parseStrictJson('test', '{"a":[[1]]}', small)).toThrow('more than 2 levels at 6');
  expect(() => parseStrictJson('test', '{"a":1,"b":1,"c":1}', small)).toThrow('more than 2');
});

test('ten million brackets are refused at once', () => {
  const text = new TextDecoder().decode(new Uint8Array(10_000_000).fill('['.charCodeAt(0)));
  expect(() => parseStrictJson('test', text, bounds)).toThrow('nested too deeply');
  const { looked, parsed } = countWork(() => parseStrictJson('test', text, bounds));
  expect(looked).toBe(bounds.maxDepth + 1);
  expect(parsed).toBe(0);
});

test('names in messages are escaped and cut', () => {
  expect(quoteName('a"\u001b[31m\u202eé')).toBe('"a\\"\\u001b[31m\\u{202e}\\u{e9}"');
  expect(quoteName('x'.repeat(1_000_000)).length).toBe(63);
});
