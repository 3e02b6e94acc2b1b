// What drafts gained as plain data: each figure measured, and predicted where the device is calibrated.
import type { DraftedServing } from '../../contract/serving.ts';
import {
  formatBytes,
  formatFigure,
  formatPercent,
  formatSeconds,
  formatSi,
  formatSpread,
  unknown,
} from '../../text/numbers.ts';

/** A figure: its name, as measured, as predicted for the share of guesses that stayed. */
export type DraftRow = readonly [name: string, measured: string, predicted: string];

/** Rows of a table; none where nothing was measured. */
export function draftRows({ measured, predicted, ...bytes }: DraftedServing): readonly DraftRow[] {
  if (!measured) return [];
  const [found] = predicted ?? [];
  const known = (value: number | undefined, format: (value: number) => string) =>
    value === undefined ? unknown : format(value);
  const rate = (value: number) => formatSi(value, 'tokens/s');
  const plain = found && 1 / found.tokenSeconds;
  return [
    [
      'Speed-up',
      `${formatFigure(measured.speedUp)} ${formatSpread(measured.spread)}`,
      known(found?.speedUp, formatFigure),
    ],
    ['With drafts', rate(measured.tokensPerSecond), known(found && found.speedUp / found.tokenSeconds, rate)],
    ['Without', rate(measured.plainTokensPerSecond), known(plain, rate)],
    ['Drafted tokens that stayed, of those looked at', formatPercent(measured.acceptance), unknown],
    ['Tokens a check', formatFigure(measured.tokensPerCheck), known(found?.tokensPerCheck, formatFigure)],
    ['Tokens that came from checks', formatPercent(measured.checkedShare), unknown],
    ['A draft', formatSeconds(measured.draftSeconds), known(found?.draftSeconds, formatSeconds)],
    ['A check', unknown, known(found?.checkSeconds, formatSeconds)],
    ['Memory of weights, of caches, and of what drafts', memoryOf(bytes), unknown],
  ];
}

function memoryOf({
  weightBytes,
  cacheBytes,
  draftBytes,
}: Omit<DraftedServing, 'measured' | 'predicted'>): string {
  return [weightBytes, cacheBytes, draftBytes].map(formatBytes).join(', ');
}

/** What came out, in a sentence. */
export function draftSentence({ measured }: DraftedServing): string {
  if (!measured) return '';
  const same = measured.isSame
    ? 'The texts are the same, token for token.'
    : 'The texts differ: the model’s sums round otherwise for several tokens at once, and two tokens were nearly as likely.';
  if (measured.tokensPerCheck === 0) return `Nothing could be drafted. ${same}`;
  return `${formatFigure(measured.speedUp)} times as fast with drafts. ${same}`;
}
