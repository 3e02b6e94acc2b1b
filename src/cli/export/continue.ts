// `flopscope export --continue`: the run of a directory, with its text, as a folder that goes on in PyTorch.
import type { NamedFile } from '../../contract/values.ts';
import { splitCorpus } from '../../lab/plans/corpus.ts';
import { stage } from '../../lab/plans/problem.ts';
import { recordTrainingPlans } from '../../lab/plans/training-plans.ts';
import { checkContinuable, continuationFiles, jobCosts } from '../../lab/records/continuation.ts';
import type { JobCosts } from '../../lab/records/continuation-guide.ts';
import { corpusOfRun } from '../../lab/training/run.ts';
import { baselineCapabilities } from '../../plan/kernel.ts';
import { withText } from '../experiments.ts';
import type { Output } from '../output.ts';
import { readRunCheckpoint } from './source.ts';

/** What the form takes beside the directory. */
export interface ContinueOptions {
  readonly data?: string;
  readonly mfu: number;
}

/** The files of the folder, made as they are asked for, and what a token costs. @throws LabError */
export async function continuedFiles(
  path: string,
  { data, mfu }: ContinueOptions,
  output: Output,
): Promise<{ readonly files: Iterable<NamedFile>; readonly costs: JobCosts }> {
  const checkpoint = await readRunCheckpoint(path, 'Give a directory that flopscope train --out wrote.');
  checkContinuable(checkpoint);
  const { experiment, text } = await withText(checkpoint.experiment, data);
  const { model, train } = experiment;
  if (model.dropout > 0)
    output.note(`export: dropout of ${model.dropout} is drawn anew in PyTorch, so that losses differ by it.`);
  const corpus = await corpusOfRun(experiment, {
    checkpoint,
    onProgress: output.progress,
    ...(text ? { text } : {}),
  });
  const dataset = await stage('invalidData', () => splitCorpus(corpus, experiment.data, model.context));
  const plans = await stage('tooLarge', () =>
    recordTrainingPlans(model, train, { capabilities: baselineCapabilities }),
  );
  const costs = jobCosts(experiment, plans, mfu);
  return { files: continuationFiles({ checkpoint, tokenizer: corpus.tokenizer, dataset, costs }), costs };
}
