// The generated corpora: text to train on that needs no download, the same for the same seed everywhere.
import { writeCalculation } from './arithmetic.ts';
import { writeMemoryTask } from './copy-recall.ts';
import { writeInstruction } from './instructions.ts';
import { createRandom, type Random } from './random.ts';
import { createStoryWriter } from './stories/writer.ts';
import { createZipfLanguage } from './zipf-language.ts';

/** A generated corpus: a row of the table. Schema, form and tests take theirs from here. */
interface Corpus {
  /** What a person chooses, in a few words. */
  readonly title: string;
  /** One line for a person who chooses. */
  readonly description: string;
  /** Characters unless asked otherwise. */
  readonly defaultCharacters: number;
  /** Whether losses of models of different sizes on it follow a power law, and why. */
  readonly scaling: { readonly isFit: boolean; readonly reason: string };
  /** What stands between two pieces that the writer wrote. */
  readonly separator: string;
  /** Writes one piece a call. What a corpus has of its own, such as a lexicon, may depend on the seed. */
  readonly createWriter: (seed: number) => (random: Random) => string;
}

const ofRules = { isFit: false, reason: 'A rule is found or not; in between there is no power law.' };

/** The corpora by name, the first of them what is read unless something else is chosen. */
export const corpora = {
  stories: {
    title: 'simple stories',
    description: 'Short stories in simple English with a fixed cast of children and animals',
    defaultCharacters: 1_200_000,
    scaling: {
      isFit: false,
      reason:
        'Its templates are learnt one by one, each size at a cliff of its own: 8 % off the law, 38 % at worst.',
    },
    separator: '\n\n',
    createWriter: createStoryWriter,
  },
  arithmetic: {
    title: 'sums',
    description: 'Sums, differences and products, one per line: 37+48=85',
    defaultCharacters: 1_000_000,
    scaling: ofRules,
    separator: '\n',
    createWriter: () => writeCalculation,
  },
  copyRecall: {
    title: 'a memory task',
    description: 'Memory tasks, one per line: copy a word, or find the value of a key',
    defaultCharacters: 1_000_000,
    scaling: ofRules,
    separator: '\n',
    createWriter: () => writeMemoryTask,
  },
  instructions: {
    title: 'conversations',
    description:
      'Questions with one right answer, follow-ups, and turns of a system that says how to answer: for chats',
    defaultCharacters: 2_000_000,
    scaling: ofRules,
    separator: '\n',
    createWriter: () => writeInstruction,
  },
  zipf: {
    title: 'a made-up language for scaling laws',
    description: 'Sentences of a made-up language whose words, and whose pairs of words, follow Zipf’s law',
    defaultCharacters: 2_000_000,
    scaling: {
      isFit: true,
      reason:
        'Every size finds something rarer left to learn, and 30 million characters do not repeat: 1.1 to 1.5 % off the law. Models from 147 k gain more of long texts than it grants, up to 4 %.',
    },
    separator: '',
    createWriter: (seed) => createZipfLanguage(seed).write,
  },
} as const satisfies Readonly<Record<string, Corpus>>;

/** The name of a generated corpus. */
export type CorpusName = keyof typeof corpora;

/** Their names, in the order of the table. */
export const corpusNames = Object.keys(corpora) as readonly CorpusName[];

/** The most characters generated: a string must hold them. */
export const corpusLimitCharacters = 200_000_000;

/** Whether a text names a corpus. */
export function isCorpusName(name: string): name is CorpusName {
  return Object.hasOwn(corpora, name);
}

/**
 * The text of a corpus: whole stories or lines, at least `characters` long in all; a function of the arguments only.
 * @throws RangeError if the number of characters is not from 1 to the limit, or the seed is none
 */
export function generateCorpus(
  name: CorpusName,
  seed: number,
  characters: number = corpora[name].defaultCharacters,
): string {
  if (!Number.isSafeInteger(characters) || characters < 1 || characters > corpusLimitCharacters) {
    const limits = `from 1 to ${corpusLimitCharacters}`;
    throw new RangeError(`corpus: the number of characters is not ${limits}: ${characters}. Pass 1200000?`);
  }
  const random = createRandom(seed);
  const { createWriter, separator } = corpora[name];
  const write = createWriter(seed);
  const pieces: string[] = [];
  for (let length = 0; length < characters; ) {
    const piece = write(random) + separator;
    pieces.push(piece);
    length += piece.length;
  }
  return pieces.join('');
}
