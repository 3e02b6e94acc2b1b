// The open run as files: a checkpoint to go on with, a model for other tools, or a folder to go on with in PyTorch.
import type { RunRecord } from '../../contract/records.ts';
import type { ExportFormat } from '../../contract/runs.ts';
import type { NamedFile } from '../../contract/values.ts';
import { checkContinuable, continuationFiles, jobCosts } from '../../lab/records/continuation.ts';
import { modelCard, modelCardName } from '../../lab/records/model-card.ts';
import { checkpointFileName, readCheckpoint } from '../../lab/training/checkpoint.ts';
import { writeModelFiles } from '../../lab/training/model-files.ts';
import { checkpointOf, type Run, weightsOf } from '../../lab/training/run.ts';
import type { RunLoop } from '../../lab/training/run-loop.ts';

/** The files, as they stand between two steps. */
export async function exportedFiles(
  loop: RunLoop,
  run: Run,
  format: ExportFormat,
  record: RunRecord,
): Promise<readonly NamedFile[]> {
  if (format === 'checkpoint')
    return [{ name: checkpointFileName, bytes: await loop.exclusive(() => checkpointOf(run)) }];
  if (format === 'continuation') return continuedFiles(loop, run);
  const weights = await loop.exclusive(() => weightsOf(run));
  return [
    ...writeModelFiles(run.experiment.model, weights, run.corpus.tokenizer),
    { name: modelCardName, bytes: new TextEncoder().encode(modelCard(record)) },
  ];
}

async function continuedFiles(loop: RunLoop, run: Run): Promise<readonly NamedFile[]> {
  const { experiment, plans, dataset, corpus, trainer } = run;
  checkContinuable({ experiment, cursor: trainer.batches.cursor });
  const checkpoint = readCheckpoint(await loop.exclusive(() => checkpointOf(run)));
  const costs = jobCosts(experiment, plans);
  return [...continuationFiles({ checkpoint, tokenizer: corpus.tokenizer, dataset, costs })];
}
