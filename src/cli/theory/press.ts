// `flopscope theory press` and `deepseek`: Press's Table 3, and his check of it.

import { type Command, Option } from 'commander';
import { textColumns } from '../../text/columns.ts';
import { formatDigits } from '../../text/numbers.ts';
import { type Assumptions, statedAssumptions } from '../../theory/assumptions.ts';
import { deepSeekCheck, deepSeekModel, deepSeekReported } from '../../theory/deepseek.ts';
import { economicsUnits } from '../../theory/economics.ts';
import { pressConvention, pressTable } from '../../theory/press.ts';
import {
  type PressCase,
  type PressCaseCosts,
  type PressCaseName,
  pressCase,
  pressCaseModels,
  pressCaseNames,
  pressCaseUnits,
  type Span,
} from '../../theory/press-cases.ts';
import { type PrintedFigure, printedFigures, printedNote } from '../../theory/press-printed.ts';
import { integer, jsonOption, outputOf } from '../options.ts';

import { type AssumptionOptions, addAssumptions, assumptionsOf } from './options.ts';

/** Adds both commands. */
export function addPress(theory: Command): void {
  addAssumptions(theory.command('press'))
    .description("Press's Table 3: memory, flops, time and money of four models")
    .addOption(new Option('--case <name>', 'this column only').choices([...pressCaseNames]))
    .addOption(jsonOption())
    .action(async (options: AssumptionOptions & { case?: PressCaseName }, command: Command) => {
      const assumptions = await assumptionsOf(options);
      const names = options.case === undefined ? pressCaseNames : [options.case];
      const cases = Object.fromEntries(names.map((name) => [name, pressCase(name, assumptions)]));
      const convention = pressConvention;
      const printed = printedFigures.filter((figure) => names.includes(figure.case));
      outputOf(command).result(
        { convention, assumptions: statedAssumptions(assumptions), cases, printed },
        [
          describeCases(cases),
          describePrinted(cases, printed),
          ...(options.case === undefined ? [] : [describeTerms(options.case)]),
          describeAssumptions(assumptions),
          convention,
        ].join('\n\n'),
      );
    });
  addAssumptions(theory.command('deepseek'))
    .description("Press's formulas beside what DeepSeek-V3 reported")
    .option(
      '--context <n>',
      `tokens of a training text: the paper takes ${deepSeekModel.context}, most of the training was at ${deepSeekModel.trainedContext}`,
      integer(1),
      deepSeekModel.context,
    )
    .addOption(jsonOption())
    .action(async (options: AssumptionOptions & { context: number }, command: Command) => {
      const assumptions = await assumptionsOf(options);
      const { context } = options;
      const recomputed = deepSeekCheck(assumptions, context);
      const result = {
        convention: pressConvention,
        units: { ...economicsUnits, tokens: 'tokens', multiplyAdds: 'multiply-adds', parameters: 'values' },
        assumptions: statedAssumptions(assumptions),
        model: { ...deepSeekModel, context },
        recomputed,
        reported: deepSeekReported,
      };
      outputOf(command).result(
        result,
        [describeDeepSeek(assumptions, context), describeAssumptions(assumptions), pressConvention].join(
          '\n\n',
        ),
      );
    });
}

function describeCases(cases: Readonly<Record<string, PressCase>>): string {
  const rows = Object.keys(pressCaseUnits) as (keyof PressCaseCosts)[];
  return textColumns([
    ['', ...Object.keys(cases), 'unit'],
    ...rows.map((row) => [
      row,
      ...Object.values(cases).map((costs) => span(costs[row], formatDigits)),
      pressCaseUnits[row],
    ]),
  ]);
}

/** What the paper prints otherwise, beside the figures above. */
function describePrinted(
  cases: Readonly<Record<string, PressCase>>,
  printed: readonly PrintedFigure[],
): string {
  if (printed.length === 0) return printedNote;
  return `${textColumns([
    ['Printed otherwise in Table 3', 'printed', 'computed', 'because'],
    ...printed.map(({ case: name, end = 'low', row, printed: value, difference }) => {
      const ours = cases[name][row];
      return [
        `${name}${typeof ours === 'number' ? '' : ` ${end}`}, ${row}`,
        formatDigits(value),
        formatDigits(typeof ours === 'number' ? ours : ours[end]),
        difference,
      ];
    }),
  ])}\n${printedNote}`;
}

/** Table 1 of one case, term by term. */
function describeTerms(name: PressCaseName): string {
  const models = pressCaseModels[name];
  const [low, high] = ('low' in models ? [models.low, models.high] : [models, models]).map(pressTable);
  const cell = (from: number, to: number): string =>
    span(from === to ? from : { low: from, high: to }, formatDigits);
  return textColumns([
    ['Table 1, forward', 'of', 'multiply-adds', 'activations', 'parameters'],
    ...low.map((from, index) => [
      from.task,
      from.isPerLayer ? 'each layer' : 'the model',
      cell(from.multiplyAdds, high[index].multiplyAdds),
      cell(from.data, high[index].data),
      cell(from.parameters, high[index].parameters),
    ]),
  ]);
}

function span(value: number | Span<number>, show: (value: number) => string): string {
  return typeof value === 'number' ? show(value) : `${show(value.low)} to ${show(value.high)}`;
}

function describeAssumptions(assumptions: Assumptions): string {
  const stated = statedAssumptions(assumptions);
  return `Assumed: ${Object.entries(stated)
    .map(([name, value]) => `${name} ${formatDigits(value)}`)
    .join(', ')}.`;
}

function describeDeepSeek(assumptions: Assumptions, context: number): string {
  const { activeParameters, multiplyAddsPerToken, optimal, reportedTokens, inference } = deepSeekCheck(
    assumptions,
    context,
  );
  const { low, high } = reportedTokens.operatingDollars;
  const compared = (recomputed: number, reported: number): string =>
    `${formatDigits(recomputed)}  reported ${formatDigits(reported)}`;
  return textColumns([
    ['active parameters, 12L·d²', compared(activeParameters, deepSeekReported.activeParameters)],
    [`multiply-adds per token, n = ${context}`, formatDigits(multiplyAddsPerToken)],
    [
      `tokens, ${assumptions.tokensPerParameter} per parameter`,
      compared(optimal.tokens, deepSeekReported.tokens),
    ],
    [
      'training on these',
      `${formatDigits(optimal.multiplyAdds)} multiply-adds, ${formatDigits(optimal.gpuHours)} GPU-hours`,
    ],
    ['training on the reported', `${formatDigits(reportedTokens.multiplyAdds)} multiply-adds`],
    ['GPU-hours of it', compared(reportedTokens.gpuHours, deepSeekReported.gpuHours)],
    ['dollars of it, capital', compared(reportedTokens.dollars, deepSeekReported.dollars)],
    ['running it besides', `${formatDigits(low)} to ${formatDigits(high)} dollars`],
    [
      'energy of it',
      `${formatDigits(reportedTokens.kilowattHours)} kWh, ${formatDigits(reportedTokens.energyDollars)} dollars`,
    ],
    [
      `decoding a token after ${inference.context}`,
      `${formatDigits(inference.multiplyAddsPerToken)} multiply-adds, ${formatDigits(inference.dollarsPerMillionTokens)} dollars a million`,
    ],
  ]);
}
