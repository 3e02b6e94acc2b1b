// What was recorded elsewhere, which stands in the room until something of this device is measured: a grid of models
// that calibration had not seen, and the kernels of the recorded run.
import { html, nothing } from 'lit';
import type { RecordedValidation, RunRecord } from '../../contract/records.ts';
import { formatCount, formatPercent, formatSeconds } from '../../text/numbers.ts';
import { deviceDetails, recordedDeviceName } from '../state/device-name.ts';
import { fetchRecording } from '../state/recording.ts';
import {
  errorsByKind,
  type RecordedTime,
  recordedSeries,
  recordedTable,
  recordedTimes,
  scatterDomain,
} from './data.ts';
import { errorTable, scatter, timesFigure } from './figures.ts';

/** Fetches what ships with the page; undefined where there is none. */
export function fetchRecordedValidation(): Promise<RecordedValidation | undefined> {
  return fetchRecording<RecordedValidation>('recorded-validation.json', {
    format: 'flopscope-validation',
    version: 1,
  });
}

/** What is shown, and what it was recorded on. */
export function recordedGridText({ device, rows }: RecordedValidation) {
  return html`<p class="recorded">
      <strong>Recorded, not of this device:</strong> ${formatCount(rows.length)} pieces of work of
      ${formatCount(new Set(rows.map(({ name }) => name)).size)} models on ${recordedDeviceName(device)}. In the median the
      prediction was off by ${formatPercent(errorsByKind(rows)[0]?.median)}.
    </p>
    <details class="small muted">
      <summary>details</summary>
      ${deviceDetails(device)}
    </details>
    ${errorTable(rows)}`;
}

/** The grid as the room shows one of its own. */
export function recordedGridFigure({ rows }: RecordedValidation) {
  return timesFigure(rows, 'Recorded: predicted and measured time', 'recorded-validation');
}

/** The kernels of the recorded run; nothing where it was recorded without predictions. */
export function recordedKernelsFigure(run: RunRecord) {
  const times = recordedTimes(run);
  return times.length === 0 ? nothing : kernelsFigure(run, times);
}

function kernelsFigure({ title, device, timing }: RunRecord, times: readonly RecordedTime[]) {
  const domain = scatterDomain(times);
  return html`<figure-panel heading="Recorded: kernels of a training step" term="expectation" fileName="recorded-kernels" .table=${recordedTable(times)}>
    ${scatter(recordedSeries(times, domain), domain, `Scatter of ${times.length} predicted and measured times of kernels`)}
    <p slot="note">
      ${title} on ${recordedDeviceName(device)}. Above the diagonal a kernel was slower than predicted.
      ${
        timing?.predictedSeconds === undefined
          ? nothing
          : html`The step was predicted to take ${formatSeconds(timing.predictedSeconds)}, and took
            ${formatSeconds(timing.stepSeconds)}.`
      }
    </p>
  </figure-panel>`;
}
