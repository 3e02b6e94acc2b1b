// Writes short stories in simple English: a plot, a cast drawn for it, and sentences chosen from many.
import { pick, type Random } from '../random.ts';
import { PHRASES } from './phrases.ts';
import { DAILY_PLOTS } from './plots-daily.ts';
import { HEART_PLOTS } from './plots-heart.ts';
import { HELP_PLOTS } from './plots-help.ts';
import { QUEST_PLOTS } from './plots-quest.ts';
import { createRenderer, type Plot } from './template.ts';
import { FOODS, PLACES } from './world.ts';

/** All plots, each as likely as the others. */
export const PLOTS: readonly Plot[] = [...HELP_PLOTS, ...HEART_PLOTS, ...QUEST_PLOTS, ...DAILY_PLOTS];

/** A function that writes one story per call: paragraphs on lines of their own, about 600 to 1300 characters of ASCII. */
export function createStoryWriter(): (random: Random) => string {
  const render = createRenderer(PHRASES);
  return (random) => {
    const plot = pick(random, PLOTS);
    const begun = plot.begin(random);
    // One place and one food for the whole story, so that what is said of them stays true.
    const words = { place: pick(random, PLACES), food: pick(random, FOODS), ...begun.words };
    const scene = { people: begun.people, words };
    const write = (sentence: string): string => render(sentence, scene, random);
    const paragraphs = plot.paragraphs.map((sentences) => sentences.map(write).filter(Boolean).join(' '));
    return paragraphs.join('\n');
  };
}
