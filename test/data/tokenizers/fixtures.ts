// Tokenizers that Python's library trained, with what it makes of texts: test/fixtures/make-tokenizers.py.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One text. */
export interface TokenCase {
  readonly text: string;
  readonly tokens: readonly number[];
  readonly decoded: string;
}

/** What Python found. */
export interface ExpectedTokens {
  /** The text that all were trained on. */
  readonly text: string;
  readonly tokenizers: Readonly<Record<string, { readonly prefix: number[]; readonly cases: TokenCase[] }>>;
  /** Those of our own kind, as pairs of names. */
  readonly merges: readonly (readonly [string, string])[];
}

/** Kinds whose files are there. */
export const publishedKinds = ['gpt2', 'llama3', 'llama2', 'unigram', 'wordpiece'] as const;

/** The parsed content of a file of the fixtures. */
export function readTokenFixture(name: string): unknown {
  return JSON.parse(readFileSync(join(process.cwd(), 'test/fixtures/tokenizers', `${name}.json`), 'utf8'));
}

/** What Python found. */
export const expectedTokens = readTokenFixture('expected') as ExpectedTokens;
