// Writes short stories in simple English: a plot, a cast drawn for it, and sentences chosen from many.
import { pick, type Random } from '../random.ts';
import { phrases } from './phrases.ts';
import { dailyPlots } from './plots-daily.ts';
import { heartPlots } from './plots-heart.ts';
import { helpPlots } from './plots-help.ts';
import { questPlots } from './plots-quest.ts';
import { createRenderer, type Plot } from './template.ts';
import { foods, places } from './world.ts';

/** All plots, each as likely as the others. */
export const plots: readonly Plot[] = [...helpPlots, ...heartPlots, ...questPlots, ...dailyPlots];

/** A function that writes one story per call: paragraphs on lines of their own, about 600 to 1300 characters of ASCII. */
export function createStoryWriter(): (random: Random) => string {
  const render = createRenderer(phrases);
  return (random) => {
    const plot = pick(random, plots);
    const begun = plot.begin(random);
    // One place and one food for the whole story, so that what is said of them stays true.
    const words = { place: pick(random, places), food: pick(random, foods), ...begun.words };
    const scene = { people: begun.people, words };
    const write = (sentence: string): string => render(sentence, scene, random);
    const paragraphs = plot.paragraphs.map((sentences) => sentences.map(write).filter(Boolean).join(' '));
    return paragraphs.join('\n');
  };
}
