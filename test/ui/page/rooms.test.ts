// Which room an address names.
import { describe, expect, it } from 'vitest';
import { roomFromHash, trainingRoom } from '../../../src/ui/page/rooms.ts';

describe('roomFromHash', () => {
  const known = [{ id: 'costs' }];

  it('names a room that there is', () => {
    expect(roomFromHash('#costs', known)).toBe('costs');
    for (const part of ['case-a', 'qwen3-0.6b', 'nano+llama3-mini/500/3'])
      expect(roomFromHash(`#costs/${part}`, known)).toBe('costs');
  });

  it('leads to the training room from anything else', () => {
    for (const hash of ['', '#', '#train', '#constructor', '#Costs', '#costs/../x'])
      expect(roomFromHash(hash, known)).toBe(trainingRoom.id);
  });
});
