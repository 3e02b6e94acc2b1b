// `flopscope train DIR --batches FILE --optimizer FILE`: exactly one line per batch, to compare with another framework.
import { basename } from 'node:path';
import { parseLabelledBatches } from '../../lab/plans/labelled-batches.ts';
import { readParameters } from '../../lab/plans/parameter-io.ts';
import { checkpointFileName, writeCheckpoint } from '../../lab/training/checkpoint.ts';
import {
  type ListedRun,
  parseListedOptimizer,
  prepareListedRun,
  runListed,
} from '../../lab/training/listed-run.ts';
import { type ModelFiles, writeModelFiles } from '../../lab/training/model-files.ts';
import { type Experiment, parseExperiment } from '../../model/config.ts';
import { claimOfRuns, withClaim } from '../claim.ts';
import { type Machine, openMachine } from '../device.ts';
import { Interrupted, refuse } from '../failure.ts';
import {
  createDirectory,
  type NamedBytes,
  readCheckpointOf,
  readJsonFile,
  readModel,
  resolvePath,
  writeFiles,
} from '../files.ts';
import { unlessInterrupted } from '../interruption.ts';
import type { Output } from '../output.ts';
import { StepWriter } from './lines.ts';
import type { TrainOptions } from './options.ts';
import { beginRecord, checkRecordPath, type TrainRecord } from './record.ts';

/** Runs the command. @throws LabError or Interrupted. */
export async function trainOnBatches(
  directory: string,
  options: TrainOptions & { readonly batches: string; readonly optimizer: string },
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const files = await readModel(directory, output.note);
  const [batchesPath, optimizerPath] = [resolvePath(options.batches), resolvePath(options.optimizer)];
  const batches = parseLabelledBatches(batchesPath, await readJsonFile(batchesPath), files.model);
  const optimizer = parseListedOptimizer(optimizerPath, await readJsonFile(optimizerPath));
  const checkpoint =
    options.resume === undefined ? undefined : await readCheckpointOf(resolvePath(options.resume), 'list');
  if (checkpoint && checkpoint.progress.step > batches.length) {
    const found = `its run took ${checkpoint.progress.step} batches, the file has ${batches.length}`;
    refuse('invalidData', `resume: ${found}. Give the same batches.`);
  }
  const out = options.out === undefined ? undefined : resolvePath(options.out);
  if (out !== undefined) await createDirectory(out);
  await checkRecordPath(options);
  await withClaim(out === undefined ? undefined : claimOfRuns(out), async () => {
    const nothingYet = 'before the first step: there was nothing to keep.';
    const machine = await unlessInterrupted(signal, nothingYet, openMachine(options));
    const run = await unlessInterrupted(
      signal,
      nothingYet,
      prepareListedRun(machine.engine, files, batches, optimizer, checkpoint),
    );
    const keepsRecord = out !== undefined || options.record !== undefined;
    const record = keepsRecord ? await recordOf(run, files, machine, options, output) : undefined;
    const writer = new StepWriter(output);
    let skipped = 0;
    await runListed(
      run,
      (step) => {
        if (!step.isFinite) skipped++;
        writer.write(step, undefined, true);
        record?.recorder.take({ kind: 'steps', steps: [step] });
      },
      () => signal.aborted,
    );
    if (skipped > 0) output.note(`train: ${skipped} steps were not finite and changed nothing.`);
    record?.recorder.take({ kind: 'state', state: signal.aborted ? 'paused' : 'finished' });
    await record?.write();
    if (out !== undefined && record) await writeFiles(out, [...(await filesOf(run, files)), record.file()]);
    if (!signal.aborted) return;
    const { step } = run.trainer.progress;
    throw new Interrupted(
      out === undefined
        ? `after batch ${step}: nothing was kept, because there is no --out.`
        : `after batch ${step}: wrote a checkpoint and the model to ${out}. Go on with --resume ${out}.`,
    );
  });
}

function recordOf(
  run: ListedRun,
  { model }: ModelFiles,
  machine: Machine,
  options: TrainOptions & { readonly batches: string },
  output: Output,
): Promise<TrainRecord> {
  const title = `${model.layers} layers × ${model.width} on ${basename(options.batches)}`.slice(0, 200);
  return beginRecord({ ...run, experiment: experimentOf(run, model) }, title, machine, options, output);
}

async function filesOf(run: ListedRun, files: ModelFiles): Promise<NamedBytes[]> {
  const { model, tokenizer } = files;
  const { runtime, plans, trainer } = run;
  const { store } = plans.model;
  const bytes = await writeCheckpoint(runtime, store, {
    experiment: experimentOf(run, model),
    progress: trainer.progress,
    cursor: trainer.batches.cursor,
    tokenizer,
    dataSha256: undefined,
  });
  return [
    ...writeModelFiles(model, await readParameters(runtime, store, 'weights'), tokenizer, files),
    { name: checkpointFileName, bytes },
  ];
}

/** The run as an experiment of the schema; a setting that the schema does not allow is left at its default. */
function experimentOf({ train }: ListedRun, model: Experiment['model']): Experiment {
  const { steps, batch } = train;
  const required = { steps, batch, optimizer: { learningRate: 1e-3 } };
  for (const tried of [train, required, { ...required, batch: 1 }]) {
    const parsed = parseExperiment({ model, train: tried, data: { source: 'file' } });
    if (parsed.kind === 'ok') return parsed.experiment;
  }
  return refuse('invalidConfig', 'train: this model cannot be described in a checkpoint. Leave --out out.');
}
