// Batches that were served elsewhere, which stand in the room until some are served here.
import { html } from 'lit';
import type { RecordedServing } from '../../contract/records.ts';
import { formatSi } from '../../text/numbers.ts';
import { deviceDetails, recordedDeviceName } from '../state/device-name.ts';
import { fetchRecording } from '../state/recording.ts';
import { sweepRates, sweepsTable, sweepWaits } from './data.ts';
import { ratePlot, waitPlot } from './plots.ts';

/** Fetches what ships with the page; undefined where there is none. */
export function fetchRecordedServing(): Promise<RecordedServing | undefined> {
  return fetchRecording<RecordedServing>('recorded-serving.json', {
    format: 'flopscope-serving',
    version: 1,
  });
}

/** What is shown, and what it was recorded on. */
export function recordedText({ title, parameters, request, sweeps, device }: RecordedServing) {
  const formats = sweeps.map(({ weights }) => weights).join(' and in ');
  return html`<p class="recorded">
      <strong>Recorded, not of this device:</strong> ${title} (${formatSi(parameters)} parameters, in ${formats}) on
      ${recordedDeviceName(device)}, each text with a prompt of ${request.prompt} tokens and ${request.output} after it.
    </p>
    <details class="small muted">
      <summary>details</summary>
      ${deviceDetails(device)}
    </details>`;
}

/** Rate and waits of every format. */
export function recordedFigures({ sweeps }: RecordedServing) {
  const table = sweepsTable(sweeps);
  return html`<figure-panel heading="Recorded: tokens per second" term="decode" fileName="recorded-serving" .table=${table}>
      ${ratePlot(sweepRates(sweeps))}
    </figure-panel>
    <figure-panel heading="Recorded: between tokens of one text" term="decode" fileName="recorded-serving-waits" .table=${table}>
      ${waitPlot(sweepWaits(sweeps))}
    </figure-panel>`;
}
