// Parsers of option values, and the options that several commands share.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { mostDrafted } from '../lab/sampling/drafters.ts';
import type { VocabularyTable } from '../model/weight-format.ts';
import { weightFormats } from '../plan/quantised.ts';
import { cacheFormats } from '../plan/quantised-cache.ts';
import { refuse } from './failure.ts';
import { createOutput, type Output } from './output.ts';

/** A whole number from `minimum` to `maximum`. */
export function integer(minimum: number, maximum = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[+-]?\d+$/.test(text) && value >= minimum && value <= maximum) return value;
    const limits = maximum === Number.MAX_SAFE_INTEGER ? `from ${minimum}` : `from ${minimum} to ${maximum}`;
    throw new InvalidArgumentError(`Use a whole number ${limits}.`);
  };
}

/** A number from `minimum` to `maximum`. */
export function real(minimum: number, maximum = Infinity): (text: string) => number {
  return (text) => {
    const value = decimalOf(text);
    if (value !== undefined && value >= minimum && value <= maximum) return value;
    const limits = maximum === Infinity ? `from ${minimum}` : `from ${minimum} to ${maximum}`;
    throw new InvalidArgumentError(`Use a number ${limits}${pointHint(text)}.`);
  };
}

/** The number of a text in decimal digits, as a person writes it; undefined of anything else, and of what is infinite. */
export function decimalOf(text: string): number | undefined {
  const isDecimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim());
  return isDecimal && Number.isFinite(Number(text)) ? Number(text) : undefined;
}

/** What to add to a refusal where a comma stands as decimal mark: `, with a point: 0.5`; else nothing. */
export function pointHint(text: string): string {
  return /^\s*[+-]?\d+,\d+/.test(text) ? `, with a point: ${text.trim().replace(',', '.')}` : '';
}

/** A share above 0 and up to 1. */
export function share(text: string): number {
  const value = decimalOf(text);
  if (value !== undefined && value > 0 && value <= 1) return value;
  throw new InvalidArgumentError(`Use a number above 0 and up to 1${pointHint(text)}; 1 keeps all.`);
}

/** Token ids with commas between. */
export function tokenList(text: string): number[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.every((part) => /^\d{1,10}$/.test(part))) return parts.map(Number);
  throw new InvalidArgumentError('Use token ids with commas between, such as 1,2,3.');
}

/** `--json`, which every command takes. */
export function jsonOption(): Option {
  return new Option('--json', 'write only JSON to stdout, one object per line');
}

/** `--runtime`: the processor is never used unless asked for. */
export function runtimeOption(): Option {
  return new Option(
    '--runtime <kind>',
    'gpu, wasm: threads of the processor, or cpu: its slow reference loops',
  )
    .choices(['gpu', 'wasm', 'cpu'])
    .default('gpu');
}

/** `--threads`: of the processor, where it computes. */
export function threadsOption(): Option {
  return new Option('--threads <n>', 'of --runtime wasm: as many as cores unless given').argParser(
    integer(1, 256),
  );
}

/** `--weights`: how inference stores them. */
export function weightsOption(): Option {
  return new Option(
    '--weights <format>',
    'f32, int8: a byte a value and a scale for each output channel, or int4: 4 bits, and scale and minimum in f16 for 32 values',
  )
    .choices(weightFormats)
    .default('f32');
}

/** `--cache`: how inference keeps keys and values. */
export function cacheOption(): Option {
  return new Option(
    '--cache <format>',
    'what keys and values (or latents) are kept in: f32, or int8: a byte a value and a scale for each token and head',
  )
    .choices(cacheFormats)
    .default('f32');
}

/** `--unquantised`: tables that stay in f32 all the same. */
export function unquantisedOption(): Option {
  return new Option(
    '--unquantised <tables>',
    'embedding, head or both with a comma between: tables that stay in f32 (a tied head is the embedding)',
  )
    .argParser(vocabularyTables)
    .default([], 'none');
}

function vocabularyTables(text: string): VocabularyTable[] {
  return text.split(',').map((name) => {
    if (name === 'embedding' || name === 'head') return name;
    throw new InvalidArgumentError('Use embedding, head or embedding,head.');
  });
}

/** `--draft`: who drafts tokens. */
export function draftOption(): Option {
  return new Option(
    '--draft <dir>',
    'draft tokens with a smaller model of the same tokenizer, or ngram: with what followed in the text before; they are ' +
      'checked in one pass, and the text is distributed as without',
  );
}

/** `--draft-tokens`: how many at a time. */
export function draftTokensOption(): Option {
  return new Option('--draft-tokens <k>', 'tokens to draft at a time, with --draft')
    .argParser(integer(1, mostDrafted))
    .default(4);
}

/** Refuses `--draft-tokens` where nobody drafts. */
export function checkDraftTokens(command: Command): void {
  const { draft } = command.opts<{ draft?: string }>();
  if (draft !== undefined || command.getOptionValueSource('draftTokens') === 'default') return;
  const message = `${command.name()}: --draft-tokens: nobody drafts. Give --draft DIR or ngram too, or leave it out.`;
  refuse('invalidConfig', message);
}

/** `--seed`. */
export const parseSeed = integer(0, 2 ** 32 - 1);

/** The output that a command's options ask for. */
export function outputOf(command: Command): Output {
  return createOutput(command.optsWithGlobals().json === true);
}
