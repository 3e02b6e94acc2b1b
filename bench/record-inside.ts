// Records what a room shows on a first visit besides the recorded run: its end seen from inside.
import { writeFileSync } from 'node:fs';
import type { RecordedDevice, RecordedInside } from '../src/contract/records.ts';
import { readPositionLosses } from '../src/lab/inside/positions.ts';
import { readTextInside } from '../src/lab/inside/text.ts';
import type { Engine } from '../src/lab/plans/engine.ts';
import type { Run } from '../src/lab/training/run.ts';
import type { OpenDevice } from '../src/runtime/device.ts';
import { lowerTriangle } from '../src/text/triangle.ts';

/** What a record says of the device under Node. */
export function benchDeviceFacts({ facts }: OpenDevice): RecordedDevice {
  return {
    runtime: 'gpu',
    name: facts.description || facts.vendor,
    isSoftware: facts.isSoftware,
    host: `Node ${process.versions.node}, Dawn`,
  };
}

/** Reads an excerpt of held-out text once for the maps of each layer, and the loss by position. No step may be in flight. */
export async function recordInside(
  engine: Engine,
  run: Run,
  { title, device }: Pick<RecordedInside, 'title' | 'device'>,
): Promise<RecordedInside> {
  const readings: RecordedInside['readings'][number][] = [];
  for (let layer = 0; layer < run.experiment.model.layers; layer++) {
    const { maps, ...reading } = await readTextInside(engine, run, { text: '', layer });
    const triangles = maps.map((map) => lowerTriangle(map, reading.tokens.length).map(toThousandths));
    readings.push({ ...reading, triangles });
  }
  const losses = await readPositionLosses(run);
  return {
    format: 'flopscope-inside',
    version: 1,
    recordedAt: new Date().toISOString(),
    title,
    device,
    readings,
    losses,
  };
}

/** Writes what the page fetches, with digits enough for any figure. */
export function writeRecording(file: string, recording: object): void {
  writeFileSync(file, `${recordingText(recording)}\n`);
}

/** Six digits are more than any figure shows. */
export function recordingText(recording: object): string {
  return JSON.stringify(recording, (_, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value,
  );
}

/** A shade of a map tells less. */
function toThousandths(probability: number): number {
  return Math.round(probability * 1000) / 1000;
}
