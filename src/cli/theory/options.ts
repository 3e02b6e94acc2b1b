// Options and numbers of `flopscope theory`: amounts, assumptions, and how figures are shown.
import { type Command, InvalidArgumentError } from 'commander';
import { stage } from '../../lab/plans/problem.ts';
import { type Assumptions, pressAssumptions, requirePossible } from '../../theory/assumptions.ts';
import { pointHint } from '../options.ts';

const suffixes: Readonly<Record<string, number>> = { '': 1, K: 1e3, M: 1e6, B: 1e9, T: 1e12 };

/** A number, such as 2.21e19 or 671B; whether it is possible is for the theory to say. */
export function amount(text: string): number {
  const [, digits = '', suffix = ''] = text.trim().match(/^([-+]?[\d.]+(?:e[-+]?\d+)?)([KMBT]?)$/i) ?? [];
  const value = digits === '' ? Number.NaN : Number(digits) * suffixes[suffix.toUpperCase()];
  if (Number.isFinite(value)) return value;
  throw new InvalidArgumentError(`Use a number, such as 2.21e19 or 671B${pointHint(text)}.`);
}

/** What the options of `addAssumptions` hold; undefined takes Press's figure. */
export interface AssumptionOptions {
  readonly peak?: number;
  readonly gpuYear?: number;
  readonly price?: number;
  readonly watts?: number;
  readonly kilowattHour?: number;
  readonly tokensPerParameter?: number;
}

/** Adds the options. */
export function addAssumptions(command: Command): Command {
  return command
    .option('--peak <rate>', 'multiply-adds per second that one GPU sustains (300e12)', amount)
    .option('--gpu-year <dollars>', 'price of one GPU for a year (10000)', amount)
    .option(
      '--price <dollars>',
      'of one multiply-add (1e-18; the quotient when peak or year are given)',
      amount,
    )
    .option('--watts <power>', 'of one GPU (700)', amount)
    .option('--kilowatt-hour <dollars>', 'price of energy (0.1)', amount)
    .option('--tokens-per-parameter <ratio>', 'to train on (20)', amount);
}

/** The assumptions, checked. @throws LabError with one sentence per impossible one */
export function assumptionsOf(options: AssumptionOptions): Promise<Assumptions> {
  const isPriceDerived = options.peak !== undefined || options.gpuYear !== undefined;
  const { dollarsPerMultiplyAdd: rounded, ...press } = pressAssumptions;
  return stage('invalidConfig', () =>
    requirePossible({
      multiplyAddsPerSecond: options.peak ?? press.multiplyAddsPerSecond,
      dollarsPerGpuYear: options.gpuYear ?? press.dollarsPerGpuYear,
      dollarsPerMultiplyAdd: options.price ?? (isPriceDerived ? undefined : rounded),
      wattsPerGpu: options.watts ?? press.wattsPerGpu,
      dollarsPerKilowattHour: options.kilowattHour ?? press.dollarsPerKilowattHour,
      tokensPerParameter: options.tokensPerParameter ?? press.tokensPerParameter,
    }),
  );
}
