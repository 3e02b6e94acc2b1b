// The term table as rows of text and numbers: closed form, what the plan has besides, and the measured share.
import type { NamedFlops, TermTable } from '../../contract/terms.ts';
import { formatPercent, formatSeconds, formatSi } from '../../text/numbers.ts';
import type { FigureTable } from '../../text/table.ts';

/** Closed forms of one forward pass by term, of Press's Table 1, in the letters that the page has for shapes. */
export const termFormulas: Readonly<Record<string, string>> = {
  embedding: '0',
  norm: '2·n·C·(2L + 1)',
  qkv: '2·n·L·C·(H + 2G)·D',
  attention: '4·n·k·L·H·D',
  projection: '2·n·L·H·D·C',
  router: '2·n·L·C·E',
  ffn: '4·n·L·C·F (6 gated)',
  head: '2·n·C·V',
  loss: 'in no closed form',
  optimizer: 'in no closed form',
  other: 'in no closed form',
};

/** What the letters of `termFormulas` stand for, with Press's for who compares them with the paper or the room Costs. */
export const formulaLetters =
  'L layers, C channels of the width (d in the paper and in Costs), H query heads, G heads of keys and values, ' +
  'D channels of a head, F channels inside the feed-forward part, E experts, V tokens of the vocabulary, ' +
  'n new tokens, k tokens that each of them looks at (for a full context both are T, the n of Costs)';

/** How the works are called on the page. */
export const workNames: Readonly<Record<TermTable['work'], string>> = {
  training: 'a training step',
  evaluation: 'an evaluation',
  prefill: 'a prefill',
  decode: 'decoding one token',
};

/** Differences in words, the largest first, `limit` at most: `causal half −1.2 GFLOP, softmax +30 MFLOP, 2 more`. */
export function describeNamed(list: readonly NamedFlops[], limit = Number.POSITIVE_INFINITY): string {
  const shown = [...list]
    .sort((a, b) => Math.abs(b.flops) - Math.abs(a.flops))
    .slice(0, limit)
    .map(({ name, flops }) => `${name} ${flops < 0 ? '−' : '+'}${formatSi(Math.abs(flops), 'FLOP')}`);
  const rest = list.length - shown.length;
  return [...shown, ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
}

/** Reasons named in the last row, which has them all. */
const namedInTotal = 3;

/** Whether any row has been timed. */
export function isTimed({ total }: TermTable): boolean {
  return total.measuredSeconds !== undefined;
}

/** The reasons that occur in a table, each once, with what they mean. */
export function reasonsOf(table: TermTable): readonly { readonly name: string; readonly note: string }[] {
  const found = new Map<string, string>();
  for (const row of table.rows) {
    for (const { name, note } of [...row.differences, ...row.waste]) found.set(name, note);
  }
  return [...found].map(([name, note]) => ({ name, note }));
}

/** One table for the page and for the file. */
export function termsTable(table: TermTable): FigureTable {
  const flops = (value: number): string => formatSi(value, 'FLOP');
  const isPredicted = table.total.predictedSeconds !== undefined;
  return {
    columns: [
      { label: 'Term' },
      { label: table.work === 'training' ? 'Formula: 3 times' : 'Formula' },
      { label: 'Formula (FLOP)', format: flops },
      { label: 'Plan (FLOP)', format: flops },
      { label: 'Launched (FLOP)', format: flops },
      ...(isPredicted ? [{ label: 'Predicted (s)', format: formatSeconds }] : []),
      ...(isTimed(table)
        ? [
            { label: 'Measured (s)', format: formatSeconds },
            { label: 'Measured share', format: formatPercent },
          ]
        : []),
      { label: 'Plan beyond the formula, by name' },
      { label: 'Without a name (FLOP)', format: flops },
      { label: 'Launched beyond the plan’s mathematics' },
    ],
    rows: [...table.rows, table.total].map((row) => {
      const limit = row === table.total ? namedInTotal : undefined;
      return [
        row.term,
        row === table.total ? '' : (termFormulas[row.term] ?? ''),
        ...[row.closedFlops, row.usefulFlops, row.launchedFlops],
        ...(isPredicted ? [row.predictedSeconds] : []),
        ...(isTimed(table) ? [row.measuredSeconds, row.measuredShare] : []),
        ...[describeNamed(row.differences, limit), row.unexplainedFlops, describeNamed(row.waste, limit)],
      ];
    }),
  };
}
