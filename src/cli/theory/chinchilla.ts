// `flopscope theory chinchilla`: the best size and data for a budget by both fits, and the questions the other way round.
import type { Command } from 'commander';
import { stage } from '../../lab/plans/problem.ts';
import { textColumns } from '../../text/columns.ts';
import { formatDigits } from '../../text/numbers.ts';
import {
  type ComputeOptimum,
  chinchillaConvention,
  chinchillaLoss,
  closedFormOptimum,
  gridOptimum,
  type LossFit,
  publishedFit,
  ratioOptimum,
} from '../../theory/chinchilla.ts';
import {
  computeForLoss,
  fitsExplanation,
  lifetimeOptimum,
  mixtureSize,
  namedFits,
  optimaOfFits,
  parametersForTokens,
  tokensForParameters,
} from '../../theory/chinchilla-inverse.ts';
import { refuse } from '../failure.ts';
import { jsonOption, outputOf } from '../options.ts';
import { amount } from './options.ts';

interface ChinchillaOptions {
  readonly flops?: number;
  readonly tokensPerParameter: number;
  readonly parameters?: number;
  readonly total?: number;
  readonly tokens?: number;
  readonly loss?: number;
  readonly served?: number;
}

const units = { parameters: 'values', tokens: 'tokens', loss: 'nats per token' };

/** Adds the command. */
export function addChinchilla(theory: Command): void {
  theory
    .command('chinchilla')
    .description(
      'the best size and data for a budget of training flops, or the budget for a size, data or loss',
    )
    .option('--flops <count>', 'the budget, a multiply-add as two', amount)
    .option('--tokens-per-parameter <ratio>', 'of the rule of thumb', amount, 20)
    .option(
      '--parameters <count>',
      'how many tokens is this size best for? Of a mixture: those active',
      amount,
    )
    .option('--total <count>', 'all parameters of a mixture: it counts as √(active · total)', amount)
    .option('--tokens <count>', 'which size is so much data best for?', amount)
    .option('--loss <nats>', 'how much compute reaches this loss?', amount)
    .option('--served <tokens>', 'with --loss: the cheapest model that also serves so many tokens', amount)
    .addOption(jsonOption())
    .action(async (options: ChinchillaOptions, command: Command) => {
      const { flops, parameters, total, tokens, loss, served } = options;
      if (total !== undefined && parameters === undefined)
        refuse('invalidConfig', 'chinchilla: --total needs --parameters, those active per token. Give both.');
      if (served !== undefined && loss === undefined)
        refuse('invalidConfig', 'chinchilla: --served needs --loss. Give both.');
      if ([flops, parameters, tokens, loss].every((value) => value === undefined)) {
        refuse(
          'invalidConfig',
          "chinchilla: option '--flops <count>' not specified, nor --parameters, --tokens or --loss. Give one of them.",
        );
      }
      const answer = await stage('invalidConfig', () => ({
        ...(flops === undefined ? {} : ofBudget(flops, options.tokensPerParameter)),
        ...(parameters === undefined ? {} : { forParameters: ofSize(parameters, total) }),
        ...(tokens === undefined ? {} : { forTokens: ofTokens(tokens) }),
        ...(loss === undefined ? {} : { forLoss: ofLoss(loss, served) }),
      }));
      outputOf(command).result(
        {
          convention: chinchillaConvention,
          units,
          fit: publishedFit,
          fits: namedFits,
          explanation: fitsExplanation,
          ...answer,
        },
        describe(answer),
      );
    });
}

type Row = ComputeOptimum & { readonly fit?: string };

interface Answer {
  readonly closedForm?: ComputeOptimum;
  readonly grid?: ComputeOptimum | undefined;
  readonly ratio?: ComputeOptimum;
  readonly byFit?: readonly Row[];
  readonly forParameters?: readonly Row[];
  readonly forTokens?: readonly Row[];
  readonly forLoss?: readonly Row[];
}

function ofBudget(flops: number, tokensPerParameter: number) {
  return {
    flops,
    closedForm: closedFormOptimum(flops),
    grid: gridOptimum(flops),
    ratio: ratioOptimum(flops, tokensPerParameter),
    byFit: optimaOfFits(flops),
  };
}

function ofSize(active: number, total: number | undefined): Row[] {
  const size = total === undefined ? active : mixtureSize(active, total);
  return namedFits.map(({ name, fit }) => {
    const tokens = tokensForParameters(size, fit);
    const method =
      total === undefined ? 'data for the size' : 'data for the mixture, counted as √(active · total)';
    return { fit: name, method, flops: 6 * active * tokens, ...pair(size, tokens, fit) };
  });
}

function ofTokens(tokens: number): Row[] {
  return namedFits.map(({ name, fit }) => ({
    fit: name,
    method: 'size for the data',
    ...pair(parametersForTokens(tokens, fit), tokens, fit),
  }));
}

function ofLoss(loss: number, served: number | undefined): Row[] {
  return namedFits.flatMap(({ name, fit }) => [
    { fit: name, ...computeForLoss(loss, fit) },
    ...(served === undefined ? [] : [{ fit: name, ...lifetimeOptimum(loss, served, fit) }]),
  ]);
}

function pair(parameters: number, tokens: number, fit: LossFit) {
  const loss = chinchillaLoss(parameters, tokens, fit);
  return { parameters, tokens, loss, tokensPerParameter: tokens / parameters };
}

function describe({ closedForm, grid, ratio, byFit, forParameters, forTokens, forLoss }: Answer): string {
  const known: Row[] = [closedForm, grid, ratio].filter((row) => row !== undefined);
  const refits = (byFit ?? []).filter(({ fit }) => fit !== 'hoffmann');
  const rows = [...known, ...refits, ...(forParameters ?? []), ...(forTokens ?? []), ...(forLoss ?? [])];
  const lines = rows.map(({ fit, method, parameters, tokens, tokensPerParameter, loss }) => [
    fit ? `${method} (${fit})` : method,
    ...[parameters, tokens, tokensPerParameter, loss].map((value) => formatDigits(value)),
  ]);
  const head = ['', 'parameters', 'tokens', 'tokens per parameter', 'loss'];
  return `${textColumns([head, ...lines])}\n\n${chinchillaConvention}\n${fitsExplanation}`;
}
