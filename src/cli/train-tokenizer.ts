// `flopscope train-tokenizer`: learns byte pairs from a text, and writes them as Hugging Face's libraries read them.

import type { Command } from 'commander';
import { type CorpusName, generateCorpus, isCorpusName } from '../data/corpora.ts';
import { readText } from '../data/text-file.ts';
import { learnedTokenizer } from '../lab/plans/learned-tokenizers.ts';
import { stage } from '../lab/plans/problem.ts';
import { tokenizerFiles } from '../lab/training/tokenizer-files.ts';
import { textColumns } from '../text/columns.ts';
import { formatDigits, formatSi } from '../text/numbers.ts';
import { createDirectory, readBytes, resolvePath, writeFiles } from './files.ts';
import { unlessInterrupted, withInterruption } from './interruption.ts';
import { integer, jsonOption, outputOf, parseSeed } from './options.ts';

interface TrainTokenizerOptions {
  readonly vocabulary: number;
  readonly characters?: number;
  readonly seed: number;
  readonly out?: string;
}

/** What Transformers is told that a model sees at once: there is no model yet. */
const anyContext = 1_000_000;

/** Adds the command. */
export function addTrainTokenizer(program: Command): void {
  program
    .command('train-tokenizer')
    .argument('<text>', 'a text file, or the name of a generated corpus')
    .description('learn byte pairs of a text: a tokenizer.json that encodes alike here and in Python')
    .option('--vocabulary <n>', 'tokens: 256 bytes and the pairs', integer(257, 16_384), 4096)
    .option('--characters <n>', 'length of a generated corpus', integer(1000, 200_000_000))
    .option('--seed <s>', 'of a generated corpus', parseSeed, 1)
    .option('--out <dir>', 'write the tokenizer there')
    .addOption(jsonOption())
    .action(async (source: string, options: TrainTokenizerOptions, command: Command) => {
      const output = outputOf(command);
      const text = isCorpusName(source) ? generated(source, options) : await textOf(source);
      const out = options.out === undefined ? undefined : resolvePath(options.out);
      if (out !== undefined) await createDirectory(out);
      const start = performance.now();
      const tokenizer = await withInterruption((signal) => {
        const learned = learnedTokenizer(text, options.vocabulary, { signal, onProgress: output.progress });
        return unlessInterrupted(signal, 'while the pairs were learned: nothing was kept.', learned);
      });
      const seconds = (performance.now() - start) / 1000;
      const tokens = await stage('invalidData', () => tokenizer.encode(text).length);
      const bytes = new TextEncoder().encode(text).length;
      if (out !== undefined) await writeFiles(out, tokenizerFiles(tokenizer, anyContext));
      const bytesPerToken = bytes / tokens;
      const vocabulary = tokenizer.vocabularySize;
      output.result(
        { vocabulary, tokens, bytes, bytesPerToken, seconds, out },
        textColumns([
          [
            'vocabulary',
            `${vocabulary} tokens${vocabulary < options.vocabulary ? ': no other pair occurs twice' : ''}`,
          ],
          ['text', `${formatSi(bytes, 'B')}, ${tokens} tokens, ${formatDigits(bytesPerToken)} bytes each`],
          ['learned in', formatSi(seconds, 's')],
          ...(out === undefined ? [] : ([['written to', out]] as const)),
        ]),
      );
    });
}

function generated(name: CorpusName, { seed, characters }: TrainTokenizerOptions): string {
  return generateCorpus(name, seed, characters);
}

async function textOf(path: string): Promise<string> {
  const bytes = await readBytes(resolvePath(path));
  return (await stage('invalidData', () => readText(new Blob([bytes])))).text;
}
