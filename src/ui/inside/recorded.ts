// The recorded run seen from inside, which stands in the room until there is a run of one's own.
import type { TextReading } from '../../contract/inside.ts';
import type { RecordedInside } from '../../contract/records.ts';
import { fromLowerTriangle } from '../../text/triangle.ts';
import { fetchRecording } from '../state/recording.ts';

/** Fetches what ships with the page; undefined where there is none. */
export function fetchRecordedInside(): Promise<RecordedInside | undefined> {
  return fetchRecording<RecordedInside>('recorded-inside.json', { format: 'flopscope-inside', version: 1 });
}

/** The reading for the maps of one layer, from 0; undefined where it was not recorded. */
export function recordedReading({ readings }: RecordedInside, layer: number): TextReading | undefined {
  const found = readings.find((reading) => reading.layer === layer);
  if (found === undefined) return undefined;
  const { triangles, ...reading } = found;
  return {
    ...reading,
    // JSON has no undefined.
    windows: reading.windows.map((window) => window ?? undefined),
    maps: triangles.map((entries) => fromLowerTriangle(entries, reading.tokens.length)),
  };
}
