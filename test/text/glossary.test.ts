// The glossary: enough words, each in whole sentences, and every place that it names exists.
import { describe, expect, it } from 'vitest';
import { allLessons } from '../../src/lab/lessons/catalogue.ts';
import { findWords, type GlossaryEntry, glossary } from '../../src/text/glossary.ts';
import { rooms } from '../../src/ui/page/rooms.ts';

const entries: GlossaryEntry[] = Object.values(glossary);

describe('the glossary', () => {
  it('has some sixty words, each once', () => {
    expect(entries.length).toBeGreaterThanOrEqual(60);
    expect(new Set(entries.map(({ name }) => name)).size).toBe(entries.length);
  });

  it('explains in whole sentences', () => {
    for (const { name, meaning } of entries) expect(meaning, name).toMatch(/^\S.{40,}\.$/);
  });

  it('names rooms and lessons that there are', () => {
    const places = [...rooms.map(({ id }) => id), ...allLessons.map(({ info }) => `lessons/${info.id}`)];
    for (const { name, place } of entries) {
      if (place !== undefined) expect(places, name).toContain(place);
    }
  });

  it('finds words by all that is searched for, in any case and order', () => {
    expect(findWords('')).toHaveLength(entries.length);
    expect(findWords('ROTARY positions').map(({ name }) => name)).toEqual(['Rotary positions']);
    expect(findWords('distances angle').map(({ name }) => name)).toEqual(['Rotary positions']);
    expect(findWords('no such word')).toEqual([]);
  });
});
