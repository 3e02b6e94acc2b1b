// The generated corpora: text to train on that needs no download, the same for the same seed everywhere.
import { writeCalculation } from './arithmetic.ts';
import { writeMemoryTask } from './copy-recall.ts';
import { createRandom, type Random } from './random.ts';
import { createStoryWriter } from './stories/writer.ts';
import { createZipfLanguage } from './zipf-language.ts';

/** What is known of a generated corpus. */
export interface CorpusInfo {
  /** One line for a person who chooses. */
  readonly description: string;
  /** Characters unless asked otherwise. */
  readonly defaultCharacters: number;
  /** Whether losses of models of different sizes on it follow a power law, and why. */
  readonly scaling: { readonly isFit: boolean; readonly reason: string };
}

/** The corpora by name. */
export const CORPORA = {
  stories: {
    description: 'Short stories in simple English with a fixed cast of children and animals',
    defaultCharacters: 1_200_000,
    scaling: {
      isFit: false,
      reason:
        'Its templates are learnt one by one, each size at a cliff of its own: 8 % off the law, 38 % at worst.',
    },
  },
  arithmetic: {
    description: 'Sums, differences and products, one per line: 37+48=85',
    defaultCharacters: 1_000_000,
    scaling: { isFit: false, reason: 'A rule is found or not; in between there is no power law.' },
  },
  copyRecall: {
    description: 'Memory tasks, one per line: copy a word, or find the value of a key',
    defaultCharacters: 1_000_000,
    scaling: { isFit: false, reason: 'A rule is found or not; in between there is no power law.' },
  },
  zipf: {
    description: 'Sentences of a made-up language whose words, and whose pairs of words, follow Zipf’s law',
    defaultCharacters: 2_000_000,
    scaling: {
      isFit: true,
      reason:
        'Every size finds something rarer left to learn, and 30 million characters do not repeat: 1.1 % off the law.',
    },
  },
} as const satisfies Readonly<Record<string, CorpusInfo>>;

/** The name of a generated corpus. */
export type CorpusName = keyof typeof CORPORA;

/** The most characters generated: a string must hold them. */
export const CORPUS_LIMIT_CHARACTERS = 200_000_000;

/** Whether a text names a corpus. */
export function isCorpusName(name: string): name is CorpusName {
  return Object.hasOwn(CORPORA, name);
}

/**
 * The text of a corpus: whole stories or lines, at least `characters` long in all; a function of the arguments only.
 * Throws RangeError when the number of characters is not from 1 to the limit, or the seed is none.
 */
export function generateCorpus(
  name: CorpusName,
  seed: number,
  characters: number = CORPORA[name].defaultCharacters,
): string {
  if (!Number.isSafeInteger(characters) || characters < 1 || characters > CORPUS_LIMIT_CHARACTERS) {
    const limits = `from 1 to ${CORPUS_LIMIT_CHARACTERS}`;
    throw new RangeError(`corpus: the number of characters is not ${limits}: ${characters}. Pass 1200000?`);
  }
  const random = createRandom(seed);
  const { write, separator } = createWriter(name, seed);
  const pieces: string[] = [];
  for (let length = 0; length < characters; ) {
    const piece = write(random) + separator;
    pieces.push(piece);
    length += piece.length;
  }
  return pieces.join('');
}

function createWriter(
  name: CorpusName,
  seed: number,
): { write: (random: Random) => string; separator: string } {
  switch (name) {
    case 'stories':
      return { write: createStoryWriter(), separator: '\n\n' };
    case 'arithmetic':
      return { write: writeCalculation, separator: '\n' };
    case 'copyRecall':
      return { write: writeMemoryTask, separator: '\n' };
    case 'zipf':
      return { write: createZipfLanguage(seed).write, separator: '' };
    default:
      return name satisfies never;
  }
}
