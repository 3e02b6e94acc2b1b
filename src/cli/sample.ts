// `flopscope sample`: continues a text or a list of tokens.

import type { Command } from 'commander';
import { promptTokens } from '../lab/plans/corpus.ts';
import { inferenceMemory } from '../lab/plans/inference-memory.ts';
import type { InferencePlans } from '../lab/plans/inference-plans.ts';
import type { StoredWeights } from '../lab/plans/parameter-io.ts';
import { stage } from '../lab/plans/problem.ts';
import type { Generation, SamplingOptions } from '../lab/sampling/options.ts';
import type { ModelFiles } from '../lab/training/model-files.ts';
import { openSampler } from '../lab/training/open-sampler.ts';
import { type FoundTokenizer, tokenizerOf } from '../lab/training/tokenizer-files.ts';
import { longestContext } from '../model/attention-config.ts';
import type { WeightOptions } from '../model/weight-format.ts';
import type { CacheFormat } from '../plan/quantised-cache.ts';
import type { RuntimeKind } from '../runtime/runtime.ts';
import { formatBytes, formatFigure, formatPercent, formatSi } from '../text/numbers.ts';
import { adapterOption, readAdapted } from './adapters.ts';
import { openMachine } from './device.ts';
import { refuse } from './failure.ts';
import { modelArgument, readDraft } from './models.ts';
import {
  cacheOption,
  checkDraftTokens,
  draftOption,
  draftTokensOption,
  integer,
  jsonOption,
  outputOf,
  parseSeed,
  real,
  runtimeOption,
  share,
  threadsOption,
  tokenList,
  unquantisedOption,
  weightsOption,
} from './options.ts';
import { chatOf, converse } from './sample-chat.ts';

interface SampleOptions extends WeightOptions {
  readonly adapter?: string;
  readonly prompt?: string;
  readonly promptTokens?: number[];
  readonly chat?: boolean;
  readonly system?: string;
  readonly maxNew: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly knownTokens?: boolean;
  readonly context?: number;
  readonly seed: number;
  /** False without one. */
  readonly cache: CacheFormat | false;
  /** A directory, or ngram. */
  readonly draft?: string;
  readonly draftTokens: number;
  readonly runtime: RuntimeKind;
  readonly threads?: number;
}

/** Adds the command. */
export function addSample(program: Command): void {
  // Both set the same option: that both were given is seen as they are read.
  const given = new Set<string>();
  program
    .command('sample')
    .on('option:cache', () => void given.add('--cache'))
    .on('option:no-cache', () => void given.add('--no-cache'))
    .argument('<dir>', modelArgument)
    .description('continue a text or a list of tokens')
    .option('--prompt <text>', 'text to continue; needs the tokenizer file')
    .option('--prompt-tokens <ids>', 'tokens to continue, such as 1,2,3', tokenList)
    .option(
      '--chat',
      "answer by the model's chat template, up to the token that ends an answer: --prompt as a user's turn, or without it " +
        'every line of stdin as one, beside what was said before',
    )
    .option('--system <text>', 'what stands before the turns of --chat')
    .option('--max-new <n>', 'tokens to draw', integer(0, 10_000_000), 100)
    .option('--temperature <t>', '0 takes the most likely token', real(0), 1)
    .option('--top-k <k>', 'draw from the k most likely tokens; 0: all', integer(0), 0)
    .option('--top-p <p>', 'draw from the most likely tokens that together have this probability', share, 1)
    .option(
      '--known-tokens',
      'draw only tokens that the tokenizer has: a model may have more rows than that, which are shown as U+FFFD',
    )
    .option(
      '--context <tokens>',
      "tokens to see at once; by default as many as prompt and --max-new need, at most the model's and what the device " +
        'has room for',
      integer(1, longestContext),
    )
    .option('--seed <s>', 'another number draws other tokens', parseSeed, 1)
    .addOption(cacheOption())
    .option(
      '--no-cache',
      'run the whole text through the model for every token; past the context it sees all of the last context, where ' +
        'the cache goes on from the last half of it, so that the same seed gives two texts from there on',
    )
    .addOption(adapterOption())
    .addOption(draftOption())
    .addOption(draftTokensOption())
    .addOption(weightsOption())
    .addOption(unquantisedOption())
    .addOption(runtimeOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async (path: string, options: SampleOptions, command: Command) => {
      const output = outputOf(command);
      checkDraftTokens(command);
      if (given.size > 1)
        refuse(
          'invalidConfig',
          'sample: --no-cache keeps no keys and values for --cache to say how. Give one of them.',
        );
      const files = await readAdapted(path, options.adapter, output.note);
      const chat = options.chat === true ? await chatOf(files) : undefined;
      checkChat(options);
      const prompt = chat ? [] : await promptOf(files, options);
      if (options.draft !== undefined && options.cache === false)
        refuse('invalidData', 'sample: drafts are checked beside a cache. Leave --draft or --no-cache out.');
      const draft = await readDraft(options.draft, options.draftTokens, output.note);
      const { engine, device } = await openMachine(options);
      const { weights = 'f32', cache } = options;
      const { sampler, plans, draftPlans, context, reason, dispose } = await openSampler(
        engine,
        { ...files, weights: checked(files.weights) },
        {
          // Turns are not known yet: as much as most contexts of small models.
          promptTokens: chat ? Math.max(1, usualConversation - options.maxNew) : prompt.length,
          maximumTokens: options.maxNew,
          useCache: cache !== false,
          context: options.context,
          weights,
          cache: cache || 'f32',
          unquantised: options.unquantised ?? [],
          ...(draft ? { draft } : {}),
        },
      );
      if (reason !== undefined)
        output.note(
          `sample: a context of ${context}, of the model's ${files.model.context}, because ${reason}`,
        );
      const decoder = files.tokenizer?.createStreamDecoder(true);
      try {
        if (chat && files.tokenizer) {
          const answering = { sampler, tokenizer: files.tokenizer, chat, context };
          return await converse(answering, options, samplingOptions(options), output);
        }
        const generation = await stage('invalidData', () =>
          sampler.generate(prompt, {
            ...samplingOptions(options),
            ...(options.knownTokens
              ? { drawable: tokenizerOf(files, 'Leave --known-tokens out.').vocabularySize }
              : {}),
            onTokens: (tokens) => {
              output.text(decoder ? decoder.push(tokens) : `${tokens.join(' ')} `);
              return true;
            },
          }),
        );
        const { tokens, prefillTokens, prefillSeconds, decodedTokens, decodeSeconds } = generation;
        const rates = {
          prefillTokensPerSecond: rateOf(prefillTokens, prefillSeconds),
          decodeTokensPerSecond: rateOf(decodedTokens, decodeSeconds),
        };
        const text = files.tokenizer ? { text: files.tokenizer.decode(tokens, true) } : {};
        output.text(`${decoder?.end() ?? ''}\n`);
        const { weightBytes, cacheBytes, totalBytes } = inferenceMemory(plans);
        const drafted = draft && draftFacts(generation, options.draftTokens, draftPlans);
        const facts = {
          weights,
          cache: cache || 'none',
          weightBytes,
          cacheBytes,
          totalBytes,
          runtime: engine.kind,
          device,
        };
        const drafts = drafted ? { draft: drafted } : {};
        output.result({ ...text, tokens, context, ...rates, ...facts, ...drafts }, undefined);
        if (generation.problem !== undefined) refuse('invalidData', generation.problem);
        if (!output.json) {
          const [prefill, decode] = [rates.prefillTokensPerSecond, rates.decodeTokensPerSecond];
          const decoding = decodedTokens > 0 ? `, decode ${formatSi(decode, 'tokens/s')}` : '';
          output.note(
            `prefill ${formatSi(prefill, 'tokens/s')}${decoding} on ${device}; ` +
              `weights in ${weights} ${formatBytes(weightBytes)}, cache ${cache ? `in ${cache} ` : ''}${formatBytes(cacheBytes)}, ` +
              `${formatBytes(totalBytes)} in all`,
          );
          if (drafted) {
            const { checks, acceptance, tokensPerCheck, draftTokens } = drafted;
            output.note(
              `drafts of ${draftTokens}: ${formatPercent(acceptance)} of the tokens that were looked at stayed, ` +
                `${formatFigure(tokensPerCheck)} tokens a check in ${checks} checks`,
            );
          }
        }
      } finally {
        dispose();
      }
    });
}

/** Tokens of a conversation, answers included, for which plans are made unless --context says otherwise. */
const usualConversation = 1024;

function checkChat({ chat, system, promptTokens: tokens }: SampleOptions): void {
  if (chat !== true && system !== undefined)
    refuse('invalidData', 'sample: --system is for --chat. Add that, or leave it out.');
  if (chat === true && tokens !== undefined)
    refuse('invalidData', 'sample: --chat takes text. Give --prompt TEXT, or lines on stdin.');
}

/** What came of the drafts. */
function draftFacts(generation: Generation, draftTokens: number, plans: InferencePlans | undefined) {
  const { checks, draftedTokens, examinedTokens, acceptedTokens } = generation;
  return {
    draftTokens,
    checks,
    draftedTokens,
    acceptedTokens,
    acceptance: acceptedTokens / Math.max(1, examinedTokens),
    tokensPerCheck: checks > 0 ? (acceptedTokens + checks) / checks : 0,
    bytes: plans ? inferenceMemory(plans).totalBytes : 0,
  };
}

/** Tokens drawn from weights that are no numbers look like any others: these weights are refused by name when they are read. */
function checked(weights: StoredWeights): StoredWeights {
  return {
    forEachPart: (take) =>
      weights.forEachPart((part) => {
        const { name, first, values } = part;
        const place = values.findIndex((value) => !Number.isFinite(value));
        if (place < 0) return take(part);
        const found = `weight ${first + place} of ${name} is ${values[place]}`;
        return refuse(
          'invalidData',
          `sample: ${found}, not a finite number. Use weights from before the run failed.`,
        );
      }),
  };
}

/** Prompt tokens, checked. @throws LabError in one sentence. */
export async function promptOf(
  files: FoundTokenizer & Pick<ModelFiles, 'model'>,
  { prompt, promptTokens: given }: Pick<SampleOptions, 'prompt' | 'promptTokens'>,
): Promise<readonly number[]> {
  if ((prompt === undefined) === (given === undefined)) {
    refuse('invalidData', 'sample: give one of --prompt TEXT and --prompt-tokens 1,2,3.');
  }
  let tokens: readonly number[] = given ?? [];
  if (prompt !== undefined) {
    const tokenizer = tokenizerOf(files, 'Give --prompt-tokens.');
    tokens = await stage('invalidData', () => promptTokens(tokenizer, prompt));
    if (tokens.length === 0)
      refuse('invalidData', 'sample: the prompt is empty. Give at least one character.');
  }
  const { vocabulary } = files.model;
  const wrong = tokens.find((token) => token >= vocabulary);
  if (wrong !== undefined) {
    const found = `token ${wrong} is outside the vocabulary of ${vocabulary}`;
    refuse('invalidData', `sample: ${found}. Use 0 to ${vocabulary - 1}.`);
  }
  return tokens;
}

function samplingOptions({ maxNew, temperature, topK, topP, seed, cache }: SampleOptions): SamplingOptions {
  return { maximumTokens: maxNew, temperature, topK, topP, seed, useCache: cache !== false };
}

function rateOf(tokens: number, seconds: number): number {
  return seconds > 0 ? tokens / seconds : 0;
}
