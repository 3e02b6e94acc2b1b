// Records what a room shows on a first visit besides the recorded run: its end seen from inside.
import type { RecordedInside, RunRecord } from '../src/contract/records.ts';
import { readPositionLosses } from '../src/lab/inside/positions.ts';
import { readTextInside } from '../src/lab/inside/text.ts';
import type { Engine } from '../src/lab/plans/engine.ts';
import type { Run } from '../src/lab/training/run.ts';
import { lowerTriangle } from '../src/text/triangle.ts';

/** Reads an excerpt of held-out text once for the maps of each layer, and the loss by position. No step may be in flight. */
export async function recordInside(
  engine: Engine,
  run: Run,
  { title, device, startedAt }: Pick<RunRecord, 'title' | 'device' | 'startedAt'>,
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
    startedAt,
    device,
    readings,
    losses,
  };
}

/** A shade of a map tells less. */
function toThousandths(probability: number): number {
  return Math.round(probability * 1000) / 1000;
}
