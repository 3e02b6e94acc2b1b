// `flopscope evaluate`: what a text costs a model, how many answers it writes right, and how often it picks the right one.

import { type Command, InvalidArgumentError } from 'commander';
import { parseChatText } from '../data/chat-text.ts';
import { type CorpusName, generateCorpus, isCorpusName } from '../data/corpora.ts';
import { readText } from '../data/text-file.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import {
  answeredTurns,
  evaluateAnswers,
  evaluateTurns,
  readAnsweredLines,
} from '../lab/evaluation/answers.ts';
import { evaluateChoices, readChoiceQuestions } from '../lab/evaluation/choices.ts';
import { type QualityWeights, qualityWeights, roundedFiles } from '../lab/evaluation/rounded-files.ts';
import { evaluateText } from '../lab/evaluation/text-loss.ts';
import { compareWeights, type WeightQuality } from '../lab/evaluation/weight-quality.ts';
import { type Conversation, isConversations, readConversations } from '../lab/plans/conversations.ts';
import { stage } from '../lab/plans/problem.ts';
import type { ModelFiles } from '../lab/training/model-files.ts';
import { tokenizerOf } from '../lab/training/tokenizer-files.ts';
import { longestContext } from '../model/attention-config.ts';
import type { VocabularyTable } from '../model/weight-format.ts';
import { type CacheFormat, cacheFormats } from '../plan/quantised-cache.ts';
import type { RuntimeKind } from '../runtime/runtime.ts';
import { columnLine, textColumns } from '../text/columns.ts';
import { formatBytes, formatDigits, formatLoss, formatPercent } from '../text/numbers.ts';
import { adapterOption, readAdapted } from './adapters.ts';
import { openMachine } from './device.ts';
import { refuse } from './failure.ts';
import { readBytes, resolvePath } from './files.ts';
import { modelArgument } from './models.ts';
import {
  integer,
  jsonOption,
  outputOf,
  parseSeed,
  runtimeOption,
  threadsOption,
  unquantisedOption,
} from './options.ts';
import type { Output } from './output.ts';

interface EvaluateOptions {
  readonly adapter?: string;
  readonly data?: string;
  readonly answers?: string;
  readonly choices?: string;
  readonly context?: number;
  readonly stride?: number;
  readonly batch: number;
  readonly count: number;
  readonly seed: number;
  readonly delimiter: string;
  readonly weights: readonly QualityWeights[];
  readonly cache: readonly CacheFormat[];
  readonly unquantised: readonly VocabularyTable[];
  readonly runtime: RuntimeKind;
  readonly threads?: number;
}

/** What all evaluations work with. */
interface Evaluated {
  readonly files: ModelFiles;
  readonly tokenizer: Tokenizer;
  readonly context: number;
  readonly output: Output;
}

/** Adds the command. */
export function addEvaluate(program: Command): void {
  program
    .command('evaluate')
    .argument('<dir>', `${modelArgument}, with a tokenizer`)
    .description('measure a model on a text, on answers that it writes, or on choices between answers')
    .option('--data <file>', 'loss of this text in nats per token, perplexity, and bits per byte')
    .option(
      '--answers <file>',
      `exact match on lines such as 37+48=85, or on the assistant's turns of JSON lines of {"messages"}: a file, or one of ${answeredCorpora.join(', ')}, generated`,
    )
    .option('--choices <file>', 'JSON lines of {"query", "choices", "gold"}: is the likeliest answer right?')
    .option(
      '--context <tokens>',
      "tokens that the model sees at once; by default the model's, at most 1024",
      integer(1, longestContext),
    )
    .option(
      '--stride <tokens>',
      'from one window of the text to the next; by default the context, so that windows do not overlap',
      integer(1, longestContext),
    )
    .option('--batch <rows>', 'windows or answers computed at once', integer(1, 1024), 8)
    .option('--count <n>', 'answers that are asked for', integer(1, 1_000_000), 200)
    .option('--seed <s>', 'of generated lines; one that the model was not trained with', parseSeed, 12_345)
    .option('--delimiter <text>', 'what stands between query and choice', ' ')
    .option(
      '--weights <formats>',
      'how weights are stored: f32, int8 or int4; f16 rounds them so and multiplies in f32. Of --data also several with commas ' +
        'between, for a table of loss, loss by position and agreement with the first',
      formatList(qualityWeights),
      ['f32'],
    )
    .option(
      '--cache <formats>',
      'what keys and values are kept in: f32 or int8, of --data also both with a comma between. In int8 the text is decoded ' +
        'token by token',
      formatList(cacheFormats),
      ['f32'],
    )
    .addOption(adapterOption())
    .addOption(unquantisedOption())
    .addOption(runtimeOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async (path: string, options: EvaluateOptions, command: Command) => {
      const output = outputOf(command);
      const given = [options.data, options.answers, options.choices].filter((value) => value !== undefined);
      if (given.length !== 1)
        refuse('invalidData', 'evaluate: give one of --data FILE, --answers FILE and --choices FILE.');
      for (const name of ['weights', 'cache'] as const) {
        if (options.data === undefined && options[name].join() !== 'f32')
          refuse('invalidData', `evaluate: --${name} is for --data. Leave it out.`);
      }
      for (const [name, kind] of belonging) {
        if (command.getOptionValueSource(name) === 'cli' && options[kind] === undefined)
          refuse('invalidData', `evaluate: --${name} is for --${kind}. Leave it out.`);
      }
      const files = await readAdapted(path, options.adapter, output.note);
      const tokenizer = tokenizerOf(files, 'Evaluate a directory that has one.');
      const evaluated = { files, tokenizer, context: contextOf(files, options), output };
      if (options.data !== undefined) await evaluateData(options.data, evaluated, options);
      else if (options.answers !== undefined) await answer(options.answers, evaluated, options);
      else if (options.choices !== undefined) await choose(options.choices, evaluated, options);
    });
}

/** Options that one kind of evaluation reads alone. */
const belonging = [
  ['stride', 'data'],
  ['count', 'answers'],
  ['delimiter', 'choices'],
] as const;

/** Contexts of published models are longer than most texts here, and their plans take the memory of all of them. */
const usualContext = 1024;

function contextOf({ model }: ModelFiles, { context, stride }: EvaluateOptions): number {
  const used = context ?? Math.min(model.context, usualContext);
  if (used > model.context)
    refuse('invalidData', `evaluate: a context of ${used} is more than the ${model.context} of the model.`);
  if (stride !== undefined && stride > used)
    refuse('invalidData', `evaluate: a stride of ${stride} skips tokens: the context is ${used}.`);
  return used;
}

async function evaluateData(path: string, evaluated: Evaluated, options: EvaluateOptions): Promise<void> {
  const { files, tokenizer, context, output } = evaluated;
  const text = await textOf(path);
  const { engine } = await openMachine(options);
  const { unquantised, batch } = options;
  const formats = options.weights.flatMap((weights) => options.cache.map((cache) => ({ weights, cache })));
  const windows = { context, stride: options.stride ?? context, batch, unquantised };
  const overlapping = windows.stride < context ? `, ${windows.stride} apart` : ' side by side';
  const cut = `in windows of ${context} tokens${overlapping}`;
  if (formats.length > 1) {
    const progress = (fraction: number) => output.progress('evaluating', fraction);
    const rows = await compareWeights(engine, files, { tokenizer, text }, windows, formats, progress);
    output.text(`${qualityColumns(qualityHead)}\n`);
    for (const row of rows) output.result(row, qualityLine(row));
    output.text(`\nloss in nats per token, ${cut}; agreement: greedy choices as those of the first row\n`);
    return;
  }
  const [weights = 'f32'] = options.weights;
  const [cache = 'f32'] = options.cache;
  const rounded = roundedFiles(files, weights, unquantised);
  const reading = { ...windows, weights: rounded.format, cache } as const;
  const found = await evaluateText(engine, rounded, tokenizer, text, reading, (fraction) =>
    output.progress('evaluating', fraction),
  );
  output.result(
    found,
    textColumns([
      ['loss', `${formatLoss(found.loss)} nats per token, ${cut}`],
      ['perplexity', formatDigits(found.perplexity)],
      ['bits per byte', formatDigits(found.bitsPerByte)],
      ['tokens', String(found.tokens)],
      ['characters', String(found.characters)],
    ]),
  );
}

const qualityColumns = columnLine([8, 6, 10, 8, 10, 10, 10, 10, 10], 'right');
const qualityHead = [
  'weights',
  'cache',
  'bytes',
  'loss',
  'perplexity',
  'agreement',
  'first',
  'middle',
  'last',
];

/** A row of the table; losses by position are means over the first, the middle and the last of four parts of a window. */
function qualityLine(row: WeightQuality): string {
  const { lossByPosition: losses } = row;
  const quarter = Math.max(1, losses.length >> 2);
  const middle = (losses.length - quarter) >> 1;
  const meanFrom = (start: number) => {
    const part = losses.slice(start, start + quarter);
    return part.reduce((sum, loss) => sum + loss, 0) / part.length;
  };
  const cells = [
    row.weights,
    row.cache,
    formatBytes(row.weightBytes),
    formatLoss(row.loss),
    formatDigits(row.perplexity),
    formatPercent(row.agreement),
    ...[0, middle, losses.length - quarter].map((start) => formatLoss(meanFrom(start))),
  ];
  return qualityColumns(cells);
}

/** Formats with commas between. */
function formatList<F extends string>(known: readonly F[]): (text: string) => F[] {
  return (text) =>
    text.split(',').map((name) => {
      const format = known.find((one) => one === name.trim());
      if (format) return format;
      throw new InvalidArgumentError(`Use ${known.join(', ')}, or several with commas between.`);
    });
}

async function answer(source: string, evaluated: Evaluated, options: EvaluateOptions): Promise<void> {
  const { files, tokenizer, output } = evaluated;
  const text = isCorpusName(source) ? generated(source, options) : await textOf(source);
  const onProgress = (fraction: number) => output.progress('asking', fraction);
  const conversations = await conversationsOf(source, text);
  const score = conversations
    ? await evaluateTurns(
        (await openMachine(options)).engine,
        files,
        tokenizer,
        answeredTurns(conversations, options.count),
        onProgress,
      )
    : await evaluateAnswers(
        (await openMachine(options)).engine,
        files,
        tokenizer,
        readAnsweredLines(text, options.count),
        onProgress,
      );
  const { exactMatch, correct, questions, kinds, wrong } = score;
  output.result(
    score,
    textColumns([
      ['exact match', `${formatPercent(exactMatch)}: ${correct} of ${questions}`],
      ...Object.entries(kinds).map(
        ([kind, count]) => [kind, `${count.correct} of ${count.questions}`] as [string, string],
      ),
      ...wrong
        .slice(0, 3)
        .map((one): [string, string] => [
          'wrong',
          `${one.question}${conversations ? ' ' : ''}${one.written} (it is ${one.answer})`,
        ]),
    ]),
  );
}

async function choose(path: string, evaluated: Evaluated, options: EvaluateOptions): Promise<void> {
  const { files, tokenizer, context, output } = evaluated;
  const resolved = resolvePath(path);
  const questions = readChoiceQuestions(resolved, new TextDecoder().decode(await readBytes(resolved)));
  const { engine } = await openMachine(options);
  const { batch, delimiter } = options;
  const score = await evaluateChoices(
    engine,
    files,
    tokenizer,
    questions,
    { context, batch, delimiter },
    (fraction) => output.progress('comparing', fraction),
  );
  output.result(
    score,
    textColumns([
      ['accuracy', `${formatPercent(score.accuracy)} of ${score.questions}`],
      ['by length', formatPercent(score.accuracyByLength)],
      ['chance', formatPercent(score.chance)],
    ]),
  );
}

/** The conversations of a text, where it has some. */
async function conversationsOf(source: string, text: string): Promise<readonly Conversation[] | undefined> {
  if (source === 'instructions') return parseChatText(text);
  return isConversations(text) ? stage('invalidData', () => readConversations(text)) : undefined;
}

/** Generated corpora whose questions have one right answer. */
const answeredCorpora: readonly CorpusName[] = ['arithmetic', 'copyRecall', 'instructions'];

/** Enough lines of a corpus, from a seed of their own. */
function generated(name: CorpusName, { count, seed }: EvaluateOptions): string {
  const charactersOfLine = name === 'instructions' ? 256 : 64; // more than any has
  return generateCorpus(name, seed, count * charactersOfLine);
}

async function textOf(path: string): Promise<string> {
  const bytes = await readBytes(resolvePath(path));
  return (await stage('invalidData', () => readText(new Blob([bytes]), { takesOneCharacter: true }))).text;
}
