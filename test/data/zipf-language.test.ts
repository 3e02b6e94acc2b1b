// Tests of the language for scaling laws: heavy tails, nothing repeated, and an entropy that its text bears out.
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../src/data/random.ts';
import { createZipfLanguage } from '../../src/data/zipf-language.ts';

const language = createZipfLanguage(1);
const random = createRandom(5);
const sentences: string[] = [];
for (let length = 0; length < 1_500_000; ) {
  const sentence = language.write(random);
  sentences.push(sentence);
  length += sentence.length;
}
const words = sentences.flatMap((sentence) => sentence.trimEnd().split(' '));

function countEach(items: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

describe('the language of Zipf', () => {
  test('has words whose frequency falls with their rank', () => {
    const counts = [...countEach(words).values()].sort((a, b) => b - a);
    const slope = Math.log(counts[30] / counts[1000]) / Math.log(1003.7 / 33.7);
    expect(slope).toBeGreaterThan(0.95);
    expect(slope).toBeLessThan(1.2);
    expect(counts.length).toBeGreaterThan(15_000);
  });

  test('goes on finding new pairs of words', () => {
    const pairs = words.slice(1).map((word, index) => `${words[index]} ${word}`);
    const half = new Set(pairs.slice(0, pairs.length / 2)).size;
    // With a finite set of pairs the second half would add few.
    expect(new Set(pairs).size).toBeGreaterThan(1.5 * half);
  });

  test('repeats no long sentence', () => {
    const long = sentences.filter((sentence) => sentence.length > 80);
    expect(new Set(long).size / long.length).toBeGreaterThan(0.999);
  });

  test('has the entropy that its pairs of words show', () => {
    // Plug-in estimate of H(next | previous) for the commonest word, which occurs often enough to be counted.
    const [common] = [...countEach(words)].sort((a, b) => b[1] - a[1])[0];
    const after = words.filter((_, index) => index > 0 && words[index - 1] === common);
    const nats = [...countEach(after).values()].reduce(
      (sum, count) => sum - (count / after.length) * Math.log(count / after.length),
      0,
    );
    const perCharacter = language.entropy(createRandom(1));
    const meanLength = words.reduce((sum, word) => sum + word.length + 1, 0) / words.length;
    // An estimate by counting is low where tails are heavy; the end of a sentence adds 0.29 nats a word.
    expect(nats).toBeGreaterThan(0.7 * perCharacter * meanLength);
    expect(nats).toBeLessThan(1.1 * perCharacter * meanLength);
    expect(perCharacter).toBeGreaterThan(0.8);
    expect(perCharacter).toBeLessThan(1);
    expect(language.entropy(createRandom(2))).toBeCloseTo(perCharacter, 1);
  });

  test('is another for another seed', () => {
    expect(createZipfLanguage(2).write(createRandom(5))).not.toBe(
      createZipfLanguage(1).write(createRandom(5)),
    );
  });
});
