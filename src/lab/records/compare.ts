// What several recorded runs have in common and what not: settings in one line per run, predicted beside measured.

import type { ComparedFigure, ComparedRun, RunRecord } from '../../contract/records.ts';
import type { ExperimentJson } from '../../contract/values.ts';
import { experimentValues } from '../../model/config.ts';
import { formatSetting } from '../../text/numbers.ts';
import { tokensPerSecond } from '../training/completion-times.ts';

/** Differences that one line names; the rest is counted. */
const namedDifferences = 12;

/** Holds every run against the first. */
export function compareRuns(records: readonly RunRecord[]): ComparedRun[] {
  const [first] = records;
  return records.map((record) => ({
    title: record.title,
    differences: !first || record === first ? '' : describeDifferences(first, record),
    device: deviceText(record),
    figures: figuresOf(record),
  }));
}

/** A run's device in words. */
export function deviceText({ device }: Pick<RunRecord, 'device'>): string {
  return [device.name, device.isSoftware && device.runtime === 'gpu' ? 'software renderer' : '', device.host]
    .filter(Boolean)
    .join(' · ');
}

/** How `to` is configured where it is not as `from`: `width 64→128, seeds.data 0→1`. */
export function describeDifferences(from: RunRecord, to: RunRecord): string {
  const changes = settingChanges(from.experiment, to.experiment);
  const [text, other] = [from.dataSha256, to.dataSha256];
  if (text !== undefined && other !== undefined && text !== other && !changes.some(isAboutData)) {
    changes.push('another text');
  }
  if (changes.length === 0) return 'the same configuration';
  const left = changes.length - namedDifferences;
  const named = changes.slice(0, namedDifferences).join(', ');
  return left > 0 ? `${named} and ${left} more` : named;
}

/** Settings of `to` that are not as in `from`, each as `width 64→128`; those that `isLeftOut` are not looked at. */
export function settingChanges(
  from: ExperimentJson,
  to: ExperimentJson,
  isLeftOut: (path: string) => boolean = () => false,
): string[] {
  const before = experimentValues(from);
  return [...experimentValues(to)]
    .filter(([path, value]) => before.get(path) !== value && !isLeftOut(path))
    .map(([path, value]) => `${shortName(path)} ${formatSetting(before.get(path))}→${formatSetting(value)}`);
}

/** What was predicted and what was measured: rates are those of the whole run, what it did over its seconds. */
function figuresOf(record: RunRecord): ComparedFigure[] {
  const { prediction, calibration, steps, evaluations, kernelTable } = record;
  const last = steps.at(-1);
  const stepSeconds = last && last.step > 0 ? last.seconds / last.step : undefined;
  const flopsPerStep = last && last.step > 0 ? last.flops / last.step : undefined;
  const rate = (seconds: number | undefined) =>
    flopsPerStep === undefined || !seconds ? undefined : flopsPerStep / seconds;
  const peak = calibration?.fmaFlopsPerSecond.value;
  const share = (value: number | undefined) =>
    value === undefined || !peak ? undefined : (100 * value) / peak;
  const best = evaluations.length > 0 ? Math.min(...evaluations.map(({ loss }) => loss)) : undefined;
  const rows: [
    quantity: string,
    unit: string,
    predicted: number | undefined,
    measured: number | undefined,
  ][] = [
    ['parameters', '', prediction?.parameters, undefined],
    ['memory', 'B', prediction?.memoryBytes.total, record.allocatedBytes],
    ['seconds per step', 's', prediction?.secondsPerStep, stepSeconds],
    [
      'tokens per second',
      'tokens/s',
      prediction?.tokensPerSecond,
      last && tokensPerSecond(last.tokens, last.seconds),
    ],
    ['FLOP/s of the plan', 'FLOP/s', rate(prediction?.secondsPerStep), rate(stepSeconds)],
    ['of the calibrated peak', '%', share(rate(prediction?.secondsPerStep)), share(rate(stepSeconds))],
    ['seconds of training', 's', last && scaled(prediction?.secondsPerStep, last.step), last?.seconds],
    ['kernels over the step', '×', undefined, kernelTable?.sumOverStep],
    ['training loss', 'nats', undefined, last?.loss],
    ['validation loss', 'nats', undefined, evaluations.at(-1)?.loss],
    ['least validation loss', 'nats', undefined, best],
  ];
  return rows.map(([quantity, unit, predicted, measured]) => ({
    quantity,
    unit,
    ...(predicted === undefined ? {} : { predicted }),
    ...(measured === undefined ? {} : { measured }),
  }));
}

function scaled(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}

/** The last word of a path, with the one before where that alone would not say which it is. */
function shortName(path: string): string {
  const [last = path, before] = path.split('.').reverse();
  return last === 'kind' || before === 'seeds' || path === 'data.seed' ? `${before}.${last}` : last;
}

function isAboutData(change: string): boolean {
  return /^(source|tokenizer|characters|data\.seed) /.test(change);
}
