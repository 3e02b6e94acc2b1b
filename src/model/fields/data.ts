// The fields of `data`: what a model is trained on.
import { corpora, corpusNames } from '../../data/corpora.ts';
import { type Field, maximumSeed } from './kinds.ts';

const generated = { path: 'data.source', values: corpusNames } as const;
const titles = corpusNames.map((name) => corpora[name].title);

/** Fields of `data`, in the order of the form. */
export const dataFields = [
  {
    path: 'data.source',
    kind: 'choice',
    label: 'Text',
    help: `What the model reads: ${titles.join(', ')}, or your own file.`,
    choices: [...corpusNames, 'file'],
    default: 'stories',
  },
  {
    path: 'data.tokenizer',
    kind: 'choice',
    label: 'Tokens',
    help:
      'One token per character of the text, per byte of its UTF-8, or byte pairs: frequent neighbours, learned from the ' +
      'text before the run, are one token (bpe). Or those of the model that was opened.',
    choices: ['characters', 'bytes', 'bpe', 'model'],
    brought: ['model'],
    default: 'characters',
  },
  {
    path: 'data.tokenizerVocabulary',
    kind: 'integer',
    label: 'Tokens of the tokenizer',
    help: '256 bytes, and as many pairs as make this number; fewer where no pair of the text occurs twice.',
    unit: 'tokens',
    minimum: 300,
    maximum: 16_384,
    default: 1024,
    onlyIf: { path: 'data.tokenizer', values: ['bpe'] },
  },
  {
    path: 'data.characters',
    kind: 'integer',
    label: 'Length of the text',
    help: 'How much text is generated.',
    unit: 'characters',
    minimum: 1000,
    maximum: 100_000_000,
    default: 1_200_000,
    onlyIf: generated,
    advanced: true,
  },
  {
    path: 'data.seed',
    kind: 'integer',
    label: 'Seed of the text',
    help: 'Another number writes other stories.',
    minimum: 0,
    maximum: maximumSeed,
    default: 1,
    onlyIf: generated,
    advanced: true,
  },
  {
    path: 'data.validationFraction',
    kind: 'number',
    label: 'Held-out part',
    help: 'Part of the text, from its end, that is never trained on.',
    minimum: 0.001,
    maximum: 0.5,
    default: 0.1,
    advanced: true,
  },
] as const satisfies readonly Field[];
