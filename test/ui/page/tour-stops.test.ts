// The tour's stops: six of one sentence each, without those that are hidden; the card stays in the window and beside them.
import { describe, expect, it } from 'vitest';
import { placeCard, stopsOnDisplay, tourStops } from '../../../src/ui/page/tour-stops.ts';

describe('the stops of the tour', () => {
  it('are six, of one sentence each', () => {
    expect(tourStops).toHaveLength(6);
    const said = tourStops.flatMap(({ text, withoutLessons }) => [text, withoutLessons?.text ?? text]);
    for (const text of said) expect(text).toMatch(/^[A-Z][^.!?]+\.$/);
  });

  it('leave out what is hidden or stands empty', () => {
    const targets = (hidden: readonly string[], isOnDisplay = (_: string) => true) =>
      stopsOnDisplay(hidden, isOnDisplay).map(({ target }) => target);
    expect(targets([])).toHaveLength(6);
    expect(targets(['settings'])).not.toContain('experiment-form');
    expect(targets(['loss-chart', 'costs'])).toEqual(targets([], (target) => target !== 'loss-chart'));
  });

  it('promise no lesson where there is none', () => {
    const last = (hidden: readonly string[]) => {
      const stop = stopsOnDisplay(hidden, () => true).at(-1);
      return `${stop?.title}: ${stop?.text}`;
    };
    expect(last([])).toMatch(/lesson/);
    expect(last(['lessons'])).not.toMatch(/lesson/);
  });
});

describe('the card', () => {
  const card = { width: 320, height: 180 };
  const view = { width: 1500, height: 900 };
  const place = (left: number, top: number, width: number, height: number, window = view) =>
    placeCard({ left, top, width, height }, card, window);

  it.each([
    ['at the right, where there is room', place(30, 300, 320, 400), { left: 362, top: 300 }],
    ['at the left, where there is none', place(1150, 850, 320, 400), { left: 818, top: 708 }],
    ['below what is wide', place(0, 60, 1500, 40), { left: 12, top: 112 }],
    ['above what is wide and low', place(20, 700, 1460, 180), { left: 20, top: 508 }],
    [
      'over the end of what fills the window',
      place(0, 0, 360, 2000, { width: 360, height: 640 }),
      { left: 12, top: 448 },
    ],
    [
      'at the top of a window lower than itself',
      place(0, 0, 340, 90, { width: 360, height: 150 }),
      { left: 12, top: 12 },
    ],
  ])('stands %s', (_, found, wanted) => {
    expect(found).toEqual(wanted);
  });
});
