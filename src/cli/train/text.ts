// `flopscope train CONFIG.json`: trains on text, saves, and ends with what was predicted beside what was measured.

import { basename } from 'node:path';
import type { BytesPerToken, LabEvent } from '../../contract/runs.ts';
import type { Problem } from '../../contract/values.ts';
import { predictTraining } from '../../lab/plans/prediction.ts';
import { LabError } from '../../lab/plans/problem.ts';
import { titleOf } from '../../lab/records/run-title.ts';
import { weightChecksum, writeAdapterFiles } from '../../lab/training/adapter-files.ts';
import { type Checkpoint, checkpointFileName } from '../../lab/training/checkpoint.ts';
import { tokensPerSecond } from '../../lab/training/completion-times.ts';
import { type ModelOrigin, writeModelFiles } from '../../lab/training/model-files.ts';
import { lastStepOf, resumedExperiment } from '../../lab/training/resume.ts';
import { checkpointOf, prepareRun, type Run, weightsOf } from '../../lab/training/run.ts';
import { RunLoop } from '../../lab/training/run-loop.ts';
import type { Experiment } from '../../model/config.ts';
import { learningRateAt } from '../../model/learning-rate.ts';
import { textColumns } from '../../text/columns.ts';
import { formatDigits, formatLoss, formatPercent, formatSi } from '../../text/numbers.ts';
import { bitsPerByte } from '../../theory/bits-per-byte.ts';
import { claimOfRuns, withClaim } from '../claim.ts';
import { type Machine, openMachine } from '../device.ts';
import { readExperiment, withText } from '../experiments.ts';
import { Interrupted, refuse } from '../failure.ts';
import { createDirectory, type NamedBytes, readCheckpointOf, resolvePath, writeFiles } from '../files.ts';
import { unlessInterrupted } from '../interruption.ts';
import type { Output } from '../output.ts';
import { experimentFileName } from '../predict/command.ts';
import { completeProfile } from '../profiles.ts';
import { useKnownProfile } from '../profiles-known.ts';
import { adapterNote, runAdapter } from './adapter.ts';
import { readBase } from './base.ts';
import { inBits, StepLines } from './lines.ts';
import type { TrainOptions } from './options.ts';
import { beginRecord, checkRecordPath, type TrainRecord } from './record.ts';

/** Seconds between checkpoints; more when saving takes long. */
const saveInterval = 30;

/** Runs the command. @throws LabError or Interrupted. */
export async function trainOnText(
  path: string,
  options: TrainOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const given = await withText(seeded(await readExperiment(path), options.seed), options.data);
  const checkpoint =
    options.resume === undefined ? undefined : await readCheckpointOf(resolvePath(options.resume), 'random');
  const basePath = options.model ?? checkpoint?.adapter?.base.name;
  checkAdapter(options, checkpoint);
  const base =
    basePath === undefined ? undefined : await readBase(basePath, given.experiment, given.text, output);
  const { experiment, changed } = checkpoint
    ? resumedExperiment(base?.experiment ?? given.experiment, checkpoint)
    : { experiment: base?.experiment ?? given.experiment, changed: [] };
  const said = checkpoint?.adapter?.config ?? options.adapter;
  const adapter =
    base && said !== undefined
      ? await runAdapter(said, experiment.model, {
          name: base.name,
          type: base.origin.type,
          checksum: weightChecksum(base.options.weights),
        })
      : undefined;
  if (changed.length > 0) output.note(`resume: changed since the checkpoint: ${changed.join(', ')}.`);
  const done = checkpoint?.progress.step ?? 0;
  const lastStep = options.steps === undefined ? experiment.train.steps : lastStepOf(options.steps, done);
  if (checkpoint && options.seed !== undefined) noteSeeds(options.seed, experiment, output);
  if (checkpoint) output.note(`resume: at step ${done}, training to step ${Math.max(done, lastStep)}.`);
  if (lastStep > experiment.train.steps && learningRateAt(experiment.train, lastStep - 1) === 0)
    output.note(
      `train: the schedule ends at step ${experiment.train.steps}, with a learning rate of 0: the steps up to ${lastStep} ` +
        `teach nothing. Set train.steps to ${lastStep}, or train.schedule.minimumLearningRate above 0.`,
    );
  const out = options.out === undefined ? undefined : resolvePath(options.out);
  if (out !== undefined) await createDirectory(out);
  await checkRecordPath(options);

  await withClaim(out === undefined ? undefined : claimOfRuns(out), async () => {
    const machine = await unlessInterrupted(signal, nothingYet, openMachine(options));
    await useKnownProfile(machine, options.profile, output);
    const prepared = await unlessInterrupted(
      signal,
      nothingYet,
      prepareRun(machine.engine, experiment, {
        ...(given.text ? { text: given.text } : {}),
        ...base?.options,
        ...(checkpoint ? { checkpoint } : {}),
        ...(adapter ? { adapter } : {}),
        // Samples are for people, or for a record that was asked for.
        withSampler: (!output.json || options.record !== undefined) && experiment.train.sampleInterval > 0,
        onProgress: output.progress,
      }),
    );
    const predicted = withPrediction(prepared, machine, options, output);
    const run = await unlessInterrupted(signal, nothingYet, predicted);
    if (adapter) output.note(adapterNote(adapter, experiment.model, run.prediction));
    const record = await beginRecord(run, titleOf(run, textName(options)), machine, options, output);
    await train(run, machine, { out, lastStep, record, origin: base?.origin }, output, signal);
  });
}

/** Refuses an adapter without a base, and one that is not that of the checkpoint. @throws LabError */
function checkAdapter({ adapter, model }: TrainOptions, checkpoint: Checkpoint | undefined): void {
  if (adapter === undefined) return;
  if (checkpoint)
    refuse('invalidConfig', 'resume: what is trained is what the checkpoint says. Leave --adapter out.');
  if (model === undefined)
    refuse('invalidConfig', 'train: --adapter is trained beside a model. Give that with --model DIR.');
}

const nothingYet = 'before the first step: there was nothing to keep.';

/** A run goes on by the seeds that it began with, whatever is asked for. */
function noteSeeds(seed: number, { train: { seeds } }: Experiment, output: Output): void {
  const kept = [seeds.weights, seeds.data, seeds.dropout];
  if (kept.some((one) => one !== seed))
    output.note(
      `resume: --seed ${seed} is not used: the seeds stay those of the checkpoint (${[...new Set(kept)].join(', ')}), ` +
        'so that the run goes on exactly.',
    );
}

function textName({ data }: TrainOptions): string | undefined {
  return data === undefined ? undefined : basename(data);
}

/** How far to train and where to write. */
interface Goal {
  readonly out: string | undefined;
  readonly lastStep: number;
  readonly record: TrainRecord;
  /** Of the model that the run goes on from. */
  readonly origin: ModelOrigin | undefined;
}

async function train(
  run: Run,
  machine: Machine,
  goal: Goal,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const { out, lastStep, record, origin } = goal;
  const { evaluationInterval } = run.experiment.train;
  const lines = new StepLines(output, { interval: evaluationInterval, lastStep }, run.bytesPerToken);
  let problem: Problem | undefined;
  const loop = new RunLoop(run, {
    emit: (event) => {
      lines.take(event);
      record.recorder.take(event);
      if (event.kind === 'problem' && event.problem.kind !== 'storageFull') problem = event.problem;
      describeEvent(event, output);
    },
    ...(out === undefined
      ? {}
      : {
          // The last state is written with everything else.
          save: async (bytes: Uint8Array, step: number) => {
            if (step < lastStep) await writeFiles(out, [{ name: checkpointFileName, bytes }, record.file()]);
          },
          saveInterval,
        }),
    lastStep,
  });
  const pause = () => void loop.pause();
  signal.addEventListener('abort', pause, { once: true });
  if (!signal.aborted) loop.start();
  await loop.settled();
  signal.removeEventListener('abort', pause);
  lines.flush();
  await record.write();
  if (problem) {
    // Weights that diverged are nothing to keep; how they did is.
    if (out !== undefined) await writeFiles(out, [record.file()]);
    throw new LabError(problem);
  }
  if (out !== undefined) {
    // A model card is of a model.
    const card = run.adapter ? [] : await record.card(out, output);
    const files = [...(await filesOf(run, origin)), record.file(), ...card];
    await writeFiles(out, files);
  }
  if (signal.aborted) throw new Interrupted(whatWasKept(run, goal));
  output.result(...summary(run, machine, lines, goal));
}

/** Everything that `--out` holds. Call when no step is in flight. */
async function filesOf(run: Run, origin: ModelOrigin | undefined): Promise<NamedBytes[]> {
  const { experiment, corpus } = run;
  return [
    ...(run.adapter
      ? writeAdapterFiles({ ...run.adapter, weights: await weightsOf(run) }, run.adapter.base)
      : writeModelFiles(experiment.model, await weightsOf(run), corpus.tokenizer, origin)),
    { name: checkpointFileName, bytes: await checkpointOf(run) },
    {
      name: experimentFileName,
      bytes: new TextEncoder().encode(`${JSON.stringify(experiment, undefined, 2)}\n`),
    },
  ];
}

function whatWasKept({ trainer, adapter }: Run, { out, record }: Goal): string {
  const { step } = trainer.progress;
  if (out !== undefined) {
    return `after step ${step}: wrote a checkpoint and the ${adapter ? 'adapter' : 'model'} to ${out}. Go on with --resume ${out}.`;
  }
  const kept = record.path === undefined ? 'nothing' : `nothing but the record in ${record.path}`;
  return `after step ${step}: ${kept} was kept, because there is no --out.`;
}

function summary(
  { trainer, prediction, bytesPerToken }: Run,
  { engine, device }: Machine,
  lines: StepLines,
  { out, record: { path: record } }: Goal,
): [value: object, text: string] {
  const { step, tokens, seconds } = trainer.progress;
  const session = lines.measured;
  const measured = tokensPerSecond(session.tokens, session.seconds);
  const peak = engine.profile?.fmaFlopsPerSecond.value;
  const utilization =
    peak && measured ? (trainer.flopsPerStep * session.steps) / session.seconds / peak : undefined;
  const predicted = prediction.tokensPerSecond;
  const value = {
    done: true,
    steps: step,
    tokens,
    loss: lines.last?.loss,
    validationLoss: lines.validationLoss,
    predictedTokensPerSecond: predicted,
    measuredTokensPerSecond: measured,
    modelFlopsUtilization: utilization,
    peakFlopsPerSecond: peak,
    ...inBits(bytesPerToken, lines.last?.loss, lines.validationLoss),
    seconds,
    runtime: engine.kind,
    device,
    out,
    record,
  };
  const rows: (readonly [string, string | undefined])[] = [
    ['done', `${step} steps, ${tokens} tokens, ${formatSi(seconds, 's')} on ${device}`],
    ['loss', lines.last && formatLoss(lines.last.loss)],
    ['validation loss', lines.validationLoss && formatLoss(lines.validationLoss)],
    ['bits per byte', lines.validationLoss && describeBits(lines.validationLoss, bytesPerToken)],
    ['measured', measured && formatSi(measured, 'tokens/s')],
    ['predicted', predicted && formatSi(predicted, 'tokens/s')],
    ['utilization', utilization && peak && `${formatPercent(utilization)} of ${formatSi(peak, 'FLOP/s')}`],
    ['written to', [out, record].filter(Boolean).join(' and ') || undefined],
  ].map(([name, text]) => [String(name), text ? String(text) : undefined]);
  return [
    value,
    textColumns(rows.flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const]))),
  ];
}

function describeBits(validationLoss: number, { validation }: BytesPerToken): string {
  const bits = formatDigits(bitsPerByte(validationLoss, validation));
  return `${bits} of the validation split (${formatDigits(validation)} bytes per token)`;
}

function describeEvent(event: LabEvent, output: Output): void {
  if (event.kind === 'sample') output.text(`--- sample at step ${event.step}\n${event.text}\n---\n`);
  if (event.kind === 'problem' && event.problem.kind === 'storageFull') output.note(event.problem.message);
}

function seeded(experiment: Experiment, seed: number | undefined): Experiment {
  if (seed === undefined) return experiment;
  return {
    ...experiment,
    train: { ...experiment.train, seeds: { weights: seed, data: seed, dropout: seed } },
  };
}

/** Measures what is not known of the device yet, so that the run is predicted before it begins. */
async function withPrediction(
  run: Run,
  { engine }: Machine,
  options: TrainOptions,
  output: Output,
): Promise<Run> {
  if (!engine.measurable || !options.calibrate || options.profile !== undefined) return run;
  const { accumulate, update } = run.plans;
  const profile = await completeProfile(engine, [accumulate, update], engine.profile, output);
  engine.profile = profile;
  return { ...run, prediction: predictTraining(run.experiment, run.plans, run.sampling, profile) };
}
