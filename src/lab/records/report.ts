// The report of several recorded runs as one HTML file: curves, differences, predicted beside measured, kernels, samples.

import type { ComparedRun, RunRecord } from '../../contract/records.ts';
import { experimentValues } from '../../model/config.ts';
import { appVersion } from '../../text/app-version.ts';
import { formatInUnit } from '../../text/numbers.ts';
import { chartColours, drawLosses, type RecordAxis, recordAxes } from './chart.ts';
import { compareRuns, deviceText } from './compare.ts';
import { type Html, markup, pageOf, tableOf } from './html.ts';

/** Rows of the losses' table, and samples, of one run. */
const tableRows = 20;
const shownSamples = 8;
const axes = Object.keys(recordAxes) as RecordAxis[];

/** The page. Text of the records is shown as text. @throws if there is no record */
export function recordsReport(records: readonly RunRecord[]): string {
  const [first] = records;
  if (!first) throw new Error('report: there is no run. Give one or more records.');
  const title = records.length === 1 ? first.title : `${records.length} runs of Flopscope`;
  const compared = compareRuns(records);
  return pageOf(
    title,
    markup`<h1>${bidi(title)}</h1>
<p class="muted">Written by Flopscope ${appVersion}. A multiply-add counts two flops. Losses are in nats per token.</p>
${runsSection(records, compared)}
${lossSection(records)}
${figuresSection(compared)}
${records.map(runSection)}`,
  );
}

function runsSection(records: readonly RunRecord[], compared: readonly ComparedRun[]): Html {
  const rows = records.map((record, index) => [
    markup`${key(index)}${bidi(record.title)}`,
    record.state,
    `${record.steps.at(-1)?.step ?? 0} of ${record.totalSteps}`,
    index === 0 ? 'compared with' : markup`${bidi(compared[index]?.differences ?? '')}`,
    markup`${bidi(deviceText(record))}`,
    record.startedAt.slice(0, 16).replace('T', ' '),
  ]);
  const head = ['Run', 'State', 'Steps', 'Not as the first', 'Device', 'Begun (UTC)'];
  return markup`<h2>Runs</h2>${tableOf('Runs, and in which settings each is not the first', head, rows)}`;
}

function lossSection(records: readonly RunRecord[]): Html {
  const radio = (axis: RecordAxis, index: number): Html =>
    markup`<input type="radio" name="axis" id="by-${axis}"${{ html: index === 0 ? ' checked' : '' }}><label for="by-${axis}"> ${recordAxes[axis]}</label>\n`;
  const plots = axes.flatMap((axis) =>
    [false, true].map(
      (isLog) =>
        markup`<figure class="plot ${axis} ${isLog ? 'logarithmic' : 'linear'}">${{ html: drawLosses(records, axis, isLog) }}</figure>\n`,
    ),
  );
  return markup`<h2>Loss</h2>
<div class="choice">${axes.map(radio)}<input type="checkbox" id="log"><label for="log"> logarithmic axes</label>
${plots}</div>
<p class="muted">Lines: training, neighbouring steps averaged. Dashed with dots: validation. ${records.map((record, index) => markup`${key(index)}${bidi(record.title)} `)}</p>
${records.map(lossTable)}`;
}

/** The same for who does not see the curves. */
function lossTable(record: RunRecord): Html {
  const { steps, evaluations } = record;
  const every = Math.max(1, Math.ceil(steps.length / tableRows));
  const shown = steps.filter((_, index) => index % every === 0 || index === steps.length - 1);
  const rows = shown.map((step) => [
    String(step.step),
    ...[formatInUnit(step.tokens, ''), formatInUnit(step.flops, 'FLOP'), formatInUnit(step.seconds, 's')],
    formatInUnit(step.loss, 'nats'),
    formatInUnit(evaluations.findLast((one) => one.step <= step.step)?.loss, 'nats'),
  ]);
  const head = ['Step', 'Tokens', 'FLOP', 'Time', 'Training', 'Validation so far'];
  return markup`<details><summary>${bidi(record.title)}: losses as a table</summary>${tableOf('Losses', head, rows)}</details>`;
}

function figuresSection(compared: readonly ComparedRun[]): Html {
  const [first] = compared;
  const head = ['', ...compared.flatMap((_, i) => [markup`${key(i)}predicted`, 'measured', 'ratio'])];
  const rows = (first?.figures ?? []).map(({ quantity, unit }, row) => [
    quantity,
    ...compared.flatMap(({ figures }) => {
      const { predicted, measured } = figures[row] ?? {};
      const ratio = predicted && measured !== undefined ? measured / predicted : undefined;
      return [formatInUnit(predicted, unit), formatInUnit(measured, unit), formatInUnit(ratio, '×')];
    }),
  ]);
  const caption = 'Ratio is measured over predicted; seconds per step are the median of the recorded steps';
  return markup`<h2>Predicted and measured</h2>${tableOf(caption, head, rows)}`;
}

function runSection(record: RunRecord, index: number): Html {
  const { note, message, dataSha256, samples } = record;
  return markup`<h2>${key(index)}${bidi(record.title)}</h2>
${message === undefined ? '' : markup`<p>${bidi(message)}</p>`}
<p>${record.timingMethod} ${calibrationText(record)}</p>
<p class="muted">Flopscope ${record.appVersion}, record version ${record.version}, run ${bidi(record.id)}. ${dataSha256 === undefined ? '' : `Text: SHA-256 ${dataSha256}. `}${note === undefined ? '' : markup`Note: ${bidi(note)}`}</p>
<details><summary>Configuration</summary>${configurationTable(record)}</details>
${kernelSection(record)}
${samples.length === 0 ? '' : markup`<h3>Samples</h3>${samples.slice(-shownSamples).map(({ step, text }) => markup`<p class="muted">Step ${step}</p><pre>${text}</pre>\n`)}`}`;
}

function calibrationText({ calibration, prediction }: RunRecord): string {
  if (!calibration) return 'The device was not calibrated for this run.';
  const {
    fmaFlopsPerSecond: fma,
    copyBytesPerSecond: copies,
    launchSeconds: launch,
    kernels,
    timer,
  } = calibration;
  const widest = copies.at(-1)?.rate.value;
  const error = prediction?.relativeError;
  return (
    `Calibrated: ${formatInUnit(fma.value, 'FLOP/s')} of multiply-adds (± ${formatInUnit(100 * fma.spread, '%')}), ` +
    `${formatInUnit(widest, 'B/s')} of copying, ${formatInUnit(launch.value, 's')} per launch, ${kernels} kernels, by ${timer}.` +
    `${error === undefined ? '' : ` Predicted seconds are ± ${formatInUnit(100 * error, '%')}.`}`
  );
}

function configurationTable({ experiment, configVersion }: RunRecord): Html {
  const values = [...experimentValues(experiment)];
  const rows = values.map(([path, value]) => [path, String(value)]);
  return tableOf(`Configuration, version ${configVersion}; 0 means automatic`, ['Setting', 'Value'], rows);
}

function kernelSection({ kernelTable }: RunRecord): Html {
  if (!kernelTable) return markup``;
  const { rows, method, sumOverStep } = kernelTable;
  const sum =
    sumOverStep === undefined ? '' : ` The rows add up to ${formatInUnit(sumOverStep, '×')} the step.`;
  const head = [
    'Dispatch',
    'Phase',
    'Kernel',
    'Shape',
    'FLOP',
    'Bytes',
    'Predicted',
    'Measured',
    'Ratio',
    'Bound by',
  ];
  const lines = rows.map((row) => [
    ...[
      markup`${bidi(row.label)}`,
      markup`${bidi(row.phase)}`,
      markup`${bidi(row.kernel)}`,
      markup`${bidi(row.shape)}`,
    ],
    ...[formatInUnit(row.usefulFlops, 'FLOP'), formatInUnit(row.bytes, 'B')],
    ...[formatInUnit(row.predictedSeconds, 's'), formatInUnit(row.measuredSeconds, 's')],
    formatInUnit(
      row.predictedSeconds && row.measuredSeconds && row.measuredSeconds / row.predictedSeconds,
      '×',
    ),
    row.boundBy,
  ]);
  return markup`<details><summary>${rows.length} kernels of a step: ${method}.${sum}</summary>${tableOf('Dispatches of one step', head, lines)}</details>`;
}

function key(index: number): Html {
  const later = index >= chartColours ? ' later' : '';
  return { html: `<span class="key c${index % chartColours}${later}"></span>` };
}

/** Text of a stranger, whose direction of writing stays its own. */
function bidi(text: string): Html {
  return markup`<bdi>${text}</bdi>`;
}
