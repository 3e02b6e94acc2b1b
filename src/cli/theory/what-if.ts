// `flopscope theory what-if`: what Press asks of his formulas, for the models of his Table 2.

import type { Command } from 'commander';
import { stage } from '../../lab/plans/problem.ts';
import { textColumns } from '../../text/columns.ts';
import { formatDigits } from '../../text/numbers.ts';
import { statedAssumptions } from '../../theory/assumptions.ts';
import { pressConvention } from '../../theory/press.ts';
import { pressCaseModels } from '../../theory/press-cases.ts';
import {
  halvingYears,
  longContext,
  type WhatIf,
  whatIf,
  whatIfDefaults,
  whatIfUnits,
} from '../../theory/what-if.ts';
import { integer, jsonOption, outputOf, real } from '../options.ts';
import { type AssumptionOptions, addAssumptions, assumptionsOf } from './options.ts';

interface Options extends AssumptionOptions {
  readonly years: number;
  readonly turns: number;
  readonly tokensPerTurn: number;
}

/** Adds the command. */
export function addWhatIf(theory: Command): void {
  const { years, conversation } = whatIfDefaults;
  addAssumptions(theory.command('what-if'))
    .description("Press's what-ifs: without the factor n, later prices, tokens decoded, a conversation, 128K")
    .option('--years <number>', `ahead; prices halve every ${halvingYears}`, real(-50, 50), years)
    .option('--turns <count>', 'of a conversation', integer(1, 100_000), conversation.turns)
    .option('--tokens-per-turn <count>', 'that each adds', integer(1), conversation.tokensPerTurn)
    .addOption(jsonOption())
    .action(async (options: Options, command: Command) => {
      const assumptions = await assumptionsOf(options);
      const chosen = {
        years: options.years,
        conversation: { turns: options.turns, tokensPerTurn: options.tokensPerTurn },
      };
      const cases = await stage('invalidConfig', () =>
        Object.fromEntries(
          Object.entries(pressCaseModels).flatMap(([name, model]) =>
            'low' in model
              ? [
                  [`${name}-low`, whatIf(model.low, assumptions, chosen)],
                  [`${name}-high`, whatIf(model.high, assumptions, chosen)],
                ]
              : [[name, whatIf(model, assumptions, chosen)]],
          ),
        ),
      );
      outputOf(command).result(
        {
          convention: pressConvention,
          units: whatIfUnits,
          assumptions: statedAssumptions(assumptions),
          ...chosen,
          longContext,
          cases,
        },
        `${describe(cases)}\n\nIn ${chosen.years} years; ${chosen.conversation.turns} turns of ${chosen.conversation.tokensPerTurn} tokens; a long context is ${longContext} tokens.\n${pressConvention}`,
      );
    });
}

function describe(cases: Readonly<Record<string, WhatIf>>): string {
  return textColumns([
    ['', ...Object.keys(cases), 'unit'],
    ...(Object.keys(whatIfUnits) as (keyof WhatIf)[]).map((row) => [
      row,
      ...Object.values(cases).map((one) => formatDigits(one[row])),
      whatIfUnits[row],
    ]),
  ]);
}
