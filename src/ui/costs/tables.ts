// The tables of the room of costs: Table 1 and Table 3 of Press, training and decoding of the model, his check on DeepSeek.

import type { CsvCell } from '../../text/csv.ts';
import { formatCount, formatDollars, formatPercent, formatPower } from '../../text/numbers.ts';
import type { FigureTable } from '../../text/table.ts';
import { deepSeekCheck, deepSeekModel, deepSeekReported } from '../../theory/deepseek.ts';
import { pressEconomics } from '../../theory/economics.ts';
import { naiveAttentionValues, pressCosts, pressFormulas, pressTable } from '../../theory/press.ts';
import { caseCosts, type PressCaseCosts, pressCaseUnits } from '../../theory/press-cases.ts';
import { printedFigures } from '../../theory/press-printed.ts';
import { longContext, whatIf, whatIfDefaults } from '../../theory/what-if.ts';
import type { Bar, BarStretch } from '../figures/svg-bars.ts';
import { type CostsInputs, pressStarts, workUnit } from './inputs.ts';

/** A row whose figures are all of one kind. */
interface Row {
  readonly name: string;
  readonly unit: string;
  readonly values: readonly (number | undefined)[];
  readonly format?: (value: number) => string;
}

function tableOf(heads: readonly string[], rows: readonly Row[]): FigureTable {
  const format = (value: number, row: number): string => (rows[row]?.format ?? formatPower)(value);
  return {
    columns: [{ label: 'Quantity' }, { label: 'Unit' }, ...heads.map((label) => ({ label, format }))],
    rows: rows.map(({ name, unit, values }): readonly CsvCell[] => [name, unit, ...values]),
  };
}

/** Table 1 for the model: formulas, figures of the whole model, shares of the work, and the sums. */
export function termsTable({ model, counting }: CostsInputs): FigureTable {
  const rows = pressTable(model);
  const costs = pressCosts(model);
  const times = (isPerLayer: boolean): number => (isPerLayer ? model.layers : 1);
  const work = workUnit(counting);
  const factor = counting === 1 ? '' : '2·';
  return {
    columns: [
      { label: 'Task' },
      { label: 'Times' },
      { label: `Formula, ${work}` },
      { label: `${work}, whole model`, format: formatPower },
      { label: 'Share', format: formatPercent },
      { label: 'Formula, activations' },
      { label: 'Activations, values', format: formatPower },
      { label: 'Formula, parameters' },
      { label: 'Parameters, whole model', format: formatPower },
    ],
    rows: [
      ...rows.map(({ task, isPerLayer, multiplyAdds, data, parameters }, index): readonly CsvCell[] => {
        const { multiplyAdds: formula = '', ...formulas } = pressFormulas[index] ?? {};
        const total = multiplyAdds * times(isPerLayer);
        return [
          task,
          isPerLayer ? 'L' : '1',
          formula === '0' ? '0' : `${factor}${formula}`,
          total * counting,
          total / costs.forwardMultiplyAdds,
          formulas.data,
          data,
          formulas.parameters,
          parameters * times(isPerLayer),
        ];
      }),
      [
        'total',
        '',
        counting === 1 ? '12L·n·d² + 2L·n²·d + (2L+V)·n·d' : '2·(12L·n·d² + 2L·n²·d + (2L+V)·n·d)',
        costs.forwardMultiplyAdds * counting,
        1,
        '13n·d + n·V',
        costs.activations,
        '12L·d² + 4L·d + 2V·d',
        costs.parameters,
      ],
    ],
  };
}

const termTones = ['pale-3', 'class-1', 'class-2', 'class-3', 'class-4', 'pale-4', 'class-5', 'ink'] as const;

/** Table 1 as three bars of shares: work, activations, parameters. */
export function termBars({ model, counting }: CostsInputs): readonly Bar[] {
  const rows = pressTable(model);
  const bar = (label: string, values: readonly number[]): Bar => {
    const sum = values.reduce((total, value) => total + value, 0);
    const stretches = rows.map(({ task }, index): BarStretch => {
      return { name: task, value: values[index] ?? 0, tone: termTones[index] ?? 'ink' };
    });
    return { label, text: formatPower(sum), stretches };
  };
  const whole = rows.map(({ isPerLayer }) => (isPerLayer ? model.layers : 1));
  return [
    bar(
      workUnit(counting),
      rows.map(({ multiplyAdds }, index) => multiplyAdds * counting * (whole[index] ?? 1)),
    ),
    bar(
      'activations',
      rows.map(({ data }) => data),
    ),
    bar(
      'parameters',
      rows.map(({ parameters }, index) => parameters * (whole[index] ?? 1)),
    ),
  ];
}

const caseRows: readonly (readonly [
  key: keyof PressCaseCosts,
  name: string,
  kind: 'values' | 'work' | 'plain' | 'dollars',
])[] = [
  ['parameters', 'Parameters', 'values'],
  ['activations', 'Activations, 13n·d + n·V', 'values'],
  ['inferenceCache', 'Key and value cache, 2L·n·d', 'values'],
  ['flopsForward', 'Forward pass over a full context', 'work'],
  ['flopsIncremental', 'One more token with a cache', 'work'],
  ['optimalTokens', 'Tokens to train on, D* (eq. 4)', 'plain'],
  ['trainingFlops', 'Training (eq. 6)', 'work'],
  ['gpuYears', 'Time on one GPU', 'plain'],
  ['dollars', 'Capital', 'dollars'],
];

/** What the paper prints otherwise, beside its formulas under its own assumptions. */
export function printedTable({ counting }: CostsInputs): FigureTable {
  const rows = printedFigures.map(({ case: name, end, row, printed, difference }): readonly CsvCell[] => {
    const [, title = row, kind] = caseRows.find(([key]) => key === row) ?? [];
    const start = pressStarts.find(({ id }) => id === (end ? `${name}-${end}` : name));
    const factor = kind === 'work' ? counting : 1;
    const computed = start === undefined ? undefined : caseCosts(start.model)[row] * factor;
    return [title, start?.name, printed * factor, computed, difference];
  });
  return {
    columns: [
      { label: 'Quantity' },
      { label: 'Case' },
      { label: 'Printed', format: formatPower },
      { label: 'By the formula', format: formatPower },
      { label: 'Because', room: 'medium' },
    ],
    rows,
  };
}

/** Table 3 under the present assumptions: the model beside Press's cases, D by its two ends. */
export function casesTable({ model, assumptions, counting, bytesPerValue }: CostsInputs): FigureTable {
  const all = [model, ...pressStarts.map((start) => start.model)].map((one) => caseCosts(one, assumptions));
  const unit = (key: keyof PressCaseCosts): string =>
    pressCaseUnits[key].replace('multiply-adds', workUnit(counting)).replace('dollars', 'US dollars');
  const rows = caseRows.flatMap(([key, name, kind]): Row[] => {
    const factor = kind === 'work' ? counting : 1;
    const values = all.map((costs) => costs[key] * factor);
    const format = kind === 'dollars' ? formatDollars : formatPower;
    const row = { name, unit: unit(key), values, format };
    if (kind !== 'values') return [row];
    return [
      row,
      {
        name: '… stored',
        unit: `bytes, ${bytesPerValue} a value`,
        values: values.map((value) => value * bytesPerValue),
      },
    ];
  });
  return tableOf(['This model', ...pressStarts.map(({ name }) => name)], rows);
}

/** Training and decoding of the model: equations 4 to 6, time, energy, money; what the cache saves. */
export function runningTable(inputs: CostsInputs): FigureTable {
  const { model, assumptions, counting, bytesPerValue } = inputs;
  const costs = pressCosts(model, assumptions.tokensPerParameter);
  const whole = (costs.trainingMultiplyAddsPerContext / model.context) * costs.optimalTokens;
  const economics = pressEconomics(costs.trainingMultiplyAdds, assumptions);
  const work = workUnit(counting);
  const row = (name: string, unit: string, value: number, format?: Row['format']): Row => {
    return { name, unit, values: [value], ...(format ? { format } : {}) };
  };
  return tableOf(
    ['This model'],
    [
      row('Tokens to train on, D* (eq. 4)', 'tokens', costs.optimalTokens),
      row(
        'Forward and backward over one context (eq. 5)',
        work,
        costs.trainingMultiplyAddsPerContext * counting,
      ),
      row('… of one token', work, (costs.trainingMultiplyAddsPerContext / model.context) * counting),
      row('Training (eq. 6, no vocabulary terms)', work, costs.trainingMultiplyAdds * counting),
      row('Training (eq. 5 over D* tokens, with vocabulary)', work, whole * counting),
      row('Time on one GPU (eq. 6)', 'GPU-years', economics.gpuYears),
      row('… in hours', 'GPU-hours', economics.gpuHours),
      row('Capital, at the price of an operation', 'US dollars', economics.dollars, formatDollars),
      row('Capital, GPU-years at their price', 'US dollars', economics.dollarsByGpuYears, formatDollars),
      row('Energy', 'kWh', economics.kilowattHours),
      row('… bought', 'US dollars', economics.energyDollars, formatDollars),
      row('Running it, 50 % of capital', 'US dollars', economics.operatingDollars.low, formatDollars),
      row('Running it, 100 % of capital', 'US dollars', economics.operatingDollars.high, formatDollars),
      row('Decode one token, with a cache of n tokens', work, costs.incrementalMultiplyAdds * counting),
      row('… without a cache: forward over n again', work, costs.forwardMultiplyAdds * counting),
      row(
        '… the cache saves a factor of',
        'times',
        costs.forwardMultiplyAdds / costs.incrementalMultiplyAdds,
      ),
      row('Cache of n tokens', `bytes, ${bytesPerValue} a value`, costs.cache * bytesPerValue),
      row(
        'Scores that naive attention keeps besides, H·n²',
        `bytes, ${bytesPerValue} a value`,
        naiveAttentionValues(model, model.heads) * bytesPerValue,
      ),
    ],
  );
}

/** Press's what-ifs for the model: lessons at one position alone, prices to come, tokens decoded, a conversation, 128K. */
export function whatIfTable({ model, assumptions, bytesPerValue }: CostsInputs, years: number): FigureTable {
  const { conversation } = whatIfDefaults;
  const answers = whatIf(model, assumptions, { years, conversation });
  const dollars = (name: string, value: number): Row => {
    return { name, unit: 'US dollars', values: [value], format: formatDollars };
  };
  const talk = `${conversation.turns} turns of ${conversation.tokensPerTurn} tokens`;
  return tableOf(
    ['This model'],
    [
      dollars('Training (eq. 6)', answers.trainingDollars),
      dollars('… were only the last of n positions a lesson', answers.trainingDollarsWithoutN),
      dollars(`… in ${years} years`, answers.trainingDollarsLater),
      dollars('A million tokens decoded, with a cache of n tokens', answers.dollarsPerMillionTokens),
      dollars(`… in ${years} years`, answers.dollarsPerMillionTokensLater),
      dollars(
        `… with a cache of ${formatCount(longContext)} tokens`,
        answers.dollarsPerMillionTokensAtLongContext,
      ),
      {
        name: 'That cache',
        unit: `bytes, ${bytesPerValue} a value`,
        values: [answers.cacheAtLongContext * bytesPerValue],
      },
      dollars(`A million tokens of ${talk}, the cache kept`, answers.conversationDollarsPerMillionTokens),
      dollars('… where every turn reads all of it again', answers.rereadDollarsPerMillionTokens),
    ],
  );
}

/** Press's check on DeepSeek-V3, under the present assumptions, beside what was reported; n tokens to a training text. */
export function deepSeekTable(
  { assumptions, counting }: CostsInputs,
  context: number = deepSeekModel.context,
): FigureTable {
  const { activeParameters, multiplyAddsPerToken, optimal, reportedTokens, inference } = deepSeekCheck(
    assumptions,
    context,
  );
  const work = workUnit(counting);
  const row = (
    name: string,
    unit: string,
    values: readonly (number | undefined)[],
    format?: Row['format'],
  ): Row => {
    return { name, unit, values, ...(format ? { format } : {}) };
  };
  const reported = deepSeekReported;
  return tableOf(
    [`At ${assumptions.tokensPerParameter} tokens per parameter`, 'At the reported tokens', 'Reported'],
    [
      row('Active parameters, 12L·d²', 'values', [
        activeParameters,
        activeParameters,
        reported.activeParameters,
      ]),
      row('Tokens', 'tokens', [optimal.tokens, reportedTokens.tokens, reported.tokens]),
      row('Forward and backward of a token (eq. 5)', work, [
        multiplyAddsPerToken * counting,
        multiplyAddsPerToken * counting,
        undefined,
      ]),
      row('Training', work, [
        optimal.multiplyAdds * counting,
        reportedTokens.multiplyAdds * counting,
        undefined,
      ]),
      row('Time', 'GPU-hours', [optimal.gpuHours, reportedTokens.gpuHours, reported.gpuHours]),
      row('Cost', 'US dollars', [optimal.dollars, reportedTokens.dollars, reported.dollars], formatDollars),
      row(`A token decoded after ${formatCount(inference.context)}`, work, [
        inference.multiplyAddsPerToken * counting,
        inference.multiplyAddsPerToken * counting,
        undefined,
      ]),
      row(
        '… a million of them',
        'US dollars',
        [inference.dollarsPerMillionTokens, inference.dollarsPerMillionTokens, undefined],
        formatDollars,
      ),
    ],
  );
}
