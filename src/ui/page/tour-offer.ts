// Whether this visit offers the tour. Apart from the tour, whose code is loaded when it is taken.
import { keepChoice, keptChoice } from '../state/kept-choice.ts';

/** True on a first visit, once. */
export function takeTourOffer(): boolean {
  const isFirst = keptChoice('tour', ['new', 'offered'], 'new') === 'new';
  if (isFirst) keepChoice('tour', 'offered');
  return isFirst;
}
