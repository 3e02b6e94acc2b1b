// Lesson files that this browser keeps.
import { expect, it } from 'vitest';
import { readOwnLessons, withLesson } from '../../../src/ui/state/own-lessons.ts';

it('keeps the last twelve, each once', () => {
  const many = Array.from({ length: 12 }, (_, index) => `lesson ${index}`);
  expect(withLesson(many, 'lesson 3').at(-1)).toBe('lesson 3');
  expect(withLesson(many, 'lesson 3')).toHaveLength(12);
  expect(withLesson(many, 'new')).toEqual([...many.slice(1), 'new']);
});

it.each([
  [null, []],
  ['{', []],
  ['{"a":1}', []],
  ['["a", 3, "b"]', ['a', 'b']],
])('reads %j as %j', (kept, texts) => {
  expect(readOwnLessons(() => ({ getItem: () => kept, setItem: () => undefined }))).toEqual(texts);
});
