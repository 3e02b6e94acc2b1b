// The tour is offered once to a browser that keeps choices, and to each visit of one that does not.
import { expect, it, vi } from 'vitest';
import { takeTourOffer } from '../../../src/ui/page/tour-offer.ts';

it('offers the tour once', () => {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, choice: string) => void kept.set(key, choice),
  });
  expect([takeTourOffer(), takeTourOffer()]).toEqual([true, false]);
});

it('offers it at each visit where nothing can be kept', () => {
  vi.stubGlobal('localStorage', undefined);
  expect([takeTourOffer(), takeTourOffer()]).toEqual([true, true]);
});
