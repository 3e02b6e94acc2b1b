// Figures that Press's Table 3 prints otherwise than his formulas give for Table 2, each with the reason.
import { type PressCaseCosts, type PressCaseName, pressCaseModels } from './press-cases.ts';

/** One figure of the paper beside the formula's. */
export interface PrintedFigure {
  readonly case: PressCaseName;
  /** Which end of a range; absent where the case is none. */
  readonly end?: 'low' | 'high';
  readonly row: keyof PressCaseCosts;
  /** In the row's unit (`pressCaseUnits`). */
  readonly printed: number;
  /** Why the formula gives another figure. */
  readonly difference: string;
}

const { B } = pressCaseModels;

/** Tokens by equation 4 without the vocabulary's 40V·d, which is what the paper prints for B. */
export const tokensWithoutVocabulary = 'width' in B ? 240 * B.layers * B.width ** 2 : Number.NaN;

/** Table 3's figures that are known to differ (arXiv 2511.11572). */
export const printedFigures: readonly PrintedFigure[] = [
  {
    case: 'B',
    row: 'optimalTokens',
    printed: 5.4e11,
    difference: 'the vocabulary’s 40V·d of equation 4 is left out',
  },
  ...(
    [
      ['flopsForward', 80e15, 'rounded to one digit'],
      ['flopsIncremental', 1e12, 'rounded up to a power of ten'],
      ['trainingFlops', 20e24, 'rounded to one digit'],
      ['gpuYears', 2000, 'rounded to one digit'],
    ] as const
  ).map(([row, printed, difference]) => ({ case: 'D', end: 'low', row, printed, difference }) as const),
];

/** Said beside the figures. */
export const printedNote =
  'Listed are the figures of Table 3 that are known to differ from its formulas; D’s upper end follows from n = 200 000 only.';
