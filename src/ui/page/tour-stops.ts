// The stops of the tour as data: what each points at and says, which of them there are, and where the card stands.

/** One stop of the tour: a part of the room Train, or the tabs. */
export interface TourStop {
  /** The page's element that it points at. */
  readonly target: string;
  readonly title: string;
  /** One sentence, without a word that the page does not explain elsewhere. */
  readonly text: string;
  /** What it says where a teacher's link leaves the lessons out. */
  readonly withoutLessons?: { readonly title: string; readonly text: string };
  /** What a teacher's link may hide, so that the element stands empty. */
  readonly emptiedBy?: string;
}

export const tourStops: readonly TourStop[] = [
  {
    target: 'run-controls',
    title: 'One press does it all',
    text: 'Press Train, and the page checks this device, predicts how fast it will be, trains a small language model on it and shows what the model writes.',
  },
  {
    target: 'experiment-form',
    title: 'Settings',
    text: 'These say how big the model is, how it learns and from which text: change one, train again, and see what it does.',
    emptiedBy: 'settings',
  },
  {
    target: 'loss-chart',
    title: 'The loss curve',
    text: 'The loss says how badly the model guesses what comes next in a text, so the further this curve falls, the more it has learned.',
  },
  {
    target: 'sample-list',
    title: 'It writes',
    text: 'What the model wrote after more and more steps of training stands side by side: look for the step where noise turns into words.',
  },
  {
    target: 'throughput-gauge',
    title: 'Predicted beside measured',
    text: 'The page works out beforehand how many tokens, which are small pieces of text, this device trains on in a second, and puts that beside what it measures.',
  },
  {
    target: 'room-tabs',
    title: 'Rooms and lessons',
    text: 'Each tab opens a room, where you look inside the model, compare runs, or take a lesson that asks for your guess before it measures.',
    withoutLessons: {
      title: 'Rooms',
      text: 'Each tab opens a room with another view of the model and of its runs.',
    },
  },
];

/**
 * The stops that there are on this page.
 * @param hidden what a teacher's link hides: rooms, parts, settings
 * @param isOnDisplay whether the page's element of this name can be seen
 */
export function stopsOnDisplay(
  hidden: readonly string[],
  isOnDisplay: (target: string) => boolean,
): readonly TourStop[] {
  return tourStops
    .filter(({ target, emptiedBy }) => isOnDisplay(target) && !hidden.includes(emptiedBy ?? target))
    .map((stop) => (hidden.includes('lessons') ? { ...stop, ...stop.withoutLessons } : stop));
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Pixels between the card, what it points at, and the window's edges. */
const gap = 12;

/**
 * Where the card stands in the window, in pixels: beside what it points at, else below or above it, else over its end.
 * @param target in the window, as `getBoundingClientRect` has it
 */
export function placeCard(
  target: Size & { readonly left: number; readonly top: number },
  card: Size,
  view: Size,
): { readonly left: number; readonly top: number } {
  const right = target.left + target.width + gap;
  const below = target.top + target.height + gap;
  const lastLeft = view.width - card.width - gap;
  const lastTop = view.height - card.height - gap;
  const within = (value: number, last: number): number => Math.max(gap, Math.min(value, last));
  const beside = { top: within(target.top, lastTop) };
  if (right <= lastLeft) return { left: right, ...beside };
  const before = target.left - gap - card.width;
  if (before >= gap) return { left: before, ...beside };
  const left = within(target.left, lastLeft);
  if (below <= lastTop) return { left, top: Math.max(gap, below) };
  const above = target.top - gap - card.height;
  return { left, top: above >= gap ? above : within(lastTop, lastTop) };
}
