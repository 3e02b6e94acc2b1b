// The open run as files: a checkpoint to go on with, or a model for other tools.
import type { RunRecord } from '../../contract/records.ts';
import type { NamedFile } from '../../contract/values.ts';
import { modelCard, modelCardName } from '../../lab/records/model-card.ts';
import { checkpointFileName } from '../../lab/training/checkpoint.ts';
import { writeModelFiles } from '../../lab/training/model-files.ts';
import { checkpointOf, type Run, weightsOf } from '../../lab/training/run.ts';
import type { RunLoop } from '../../lab/training/run-loop.ts';

/** The files, as they stand between two steps. */
export async function exportedFiles(
  loop: RunLoop,
  run: Run,
  format: 'huggingFace' | 'checkpoint',
  record: RunRecord,
): Promise<readonly NamedFile[]> {
  if (format === 'checkpoint')
    return [{ name: checkpointFileName, bytes: await loop.exclusive(() => checkpointOf(run)) }];
  const weights = await loop.exclusive(() => weightsOf(run));
  return [
    ...writeModelFiles(run.experiment.model, weights, run.corpus.tokenizer),
    { name: modelCardName, bytes: new TextEncoder().encode(modelCard(record)) },
  ];
}
