// Models of equal flops as the table of the comparison wants them.
import type { ComparedModel } from '../../contract/comparison.ts';
import {
  formatCount,
  formatDuration,
  formatRatio,
  formatSeconds,
  formatSi,
  unknown,
} from '../../text/numbers.ts';
import type { FigureTable } from '../../text/table.ts';

/** One row a model: what was changed of it, how large it is and what it should cost. */
export function comparisonTable(models: readonly ComparedModel[]): FigureTable {
  return {
    columns: [
      { label: 'Model', room: 'medium' },
      { label: 'Changed to fit', room: 'long' },
      { label: 'Parameters', format: formatCount },
      { label: 'Met by a token', format: formatCount },
      { label: 'Training flops per token', format: (value) => formatSi(value, 'FLOP') },
      { label: 'Over the first', format: formatRatio },
      { label: 'Predicted seconds per step', format: formatSeconds },
    ],
    rows: models.map((model, index) => [
      model.title,
      model.change || (index === 0 ? 'nothing: the others are sized to it' : 'nothing'),
      model.parameters,
      model.activeParameters,
      model.flopsPerToken,
      model.ratio,
      model.secondsPerStep,
    ]),
  };
}

/** How long all runs should take, where the device is calibrated. */
export function expectedDuration(models: readonly ComparedModel[], seeds = 1): string {
  const seconds = models.reduce(
    (sum, { secondsPerStep = Number.NaN, steps }) => sum + seeds * secondsPerStep * steps,
    0,
  );
  return Number.isFinite(seconds) ? formatDuration(seconds) : unknown;
}

/** Choosing one more preset, or one less; the first chosen stays first. */
export function toggled(chosen: readonly string[], id: string): readonly string[] {
  return chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id];
}
