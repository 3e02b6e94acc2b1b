// Reads a study and plans it on this machine: text, vocabulary, calibration, in the order in which refusals come cheapest.
import { type Corpus, loadCorpus } from '../../lab/plans/corpus.ts';
import type { Engine } from '../../lab/plans/engine.ts';
import { stage } from '../../lab/plans/problem.ts';
import { expandStudy } from '../../lab/studies/expand.ts';
import { type PlanningDevice, planStudy, plansOfStudy, type StudyPlan } from '../../lab/studies/plan.ts';
import { readyStudies } from '../../lab/studies/ready.ts';
import { parseStudy, type Study } from '../../lab/studies/study.ts';
import { glimpseOf, startOf } from '../../lab/studies/text.ts';
import { baselineCapabilities } from '../../plan/kernel.ts';
import { tunedVariants } from '../../plan/tuned-variants.ts';
import { type Machine, openMachine, tryOpenMachine } from '../device.ts';
import { experimentFrom, withText } from '../experiments.ts';
import { readJsonFile, resolvePath } from '../files.ts';
import { unlessInterrupted } from '../interruption.ts';
import type { Output } from '../output.ts';
import { completeProfile, keptProfile, readProfile } from '../profiles.ts';
import { useKnownProfile } from '../profiles-known.ts';
import type { StudyOptions } from './options.ts';

/** A study that is ready to run, or to be shown. */
export interface PreparedStudy {
  readonly plan: StudyPlan;
  /** Of the whole text; of its beginning where nothing is to run. */
  readonly corpus: Corpus;
  readonly engine: Engine;
  /** What it was planned for: the engine, or the device of a profile. */
  readonly planning: PlanningDevice;
  readonly device: string;
}

/** @throws LabError or Interrupted */
export async function prepareStudy(
  path: string,
  options: StudyOptions,
  output: Output,
  signal: AbortSignal,
): Promise<PreparedStudy> {
  const study = withBudget(await readStudy(path), options.budget);
  // Expanding with any vocabulary finds every fault of the file before a text is read or a device opened.
  expandStudy(study, 1);
  const isShown = options.dryRun === true || options.emit !== undefined;
  const first = experimentFrom(path, startOf(study));
  const { experiment, text } = await withText(first, options.data);
  const data = isShown ? glimpseOf(experiment.data) : experiment.data;
  output.progress('reading the text', 0);
  const corpus = await unlessInterrupted(
    signal,
    'before the first run: there was nothing to keep.',
    stage('invalidData', () => loadCorpus(data, text)),
  );
  const vocabulary = corpus.tokenizer.vocabularySize;
  const expanded = expandStudy(study, vocabulary);
  const { machine, measured, planning } = isShown
    ? await machineToPredict(options)
    : await machineToRun(options, output);
  if (measured && options.calibrate && options.profile === undefined) {
    const plans = plansOfStudy(expanded, planning, vocabulary);
    const all = plans.flatMap(({ accumulate, update, evaluate }) => [accumulate, update, evaluate]);
    planning.profile = await unlessInterrupted(
      signal,
      'while calibrating: there was nothing to keep.',
      completeProfile(measured, all, planning.profile, output),
    );
  }
  const plan = planStudy(expanded, planning, vocabulary);
  return { plan, corpus, planning, engine: machine.engine, device: machine.device };
}

async function readStudy(path: string): Promise<Study> {
  const ready = Object.hasOwn(readyStudies, path) ? readyStudies[path] : undefined;
  return parseStudy(ready ?? (await readJsonFile(resolvePath(path))), path);
}

function withBudget(study: Study, seconds: number | undefined): Study {
  return seconds === undefined ? study : { ...study, budget: { ...study.budget, seconds } };
}

/** A machine, and what to plan for: itself, or the device of a profile. `measured` if it may be measured. */
interface PlannedMachine {
  readonly machine: Machine;
  readonly measured: Engine | undefined;
  readonly planning: PlanningDevice;
}

async function machineToRun(options: StudyOptions, output: Output): Promise<PlannedMachine> {
  const machine = await openMachine(options);
  await useKnownProfile(machine, options.profile, output);
  // A runtime without a device of its own takes the figures of the profile that it was given.
  if (!machine.engine.measurable && options.profile !== undefined)
    machine.engine.profile = (await readProfile(resolvePath(options.profile))).profile;
  return { machine, measured: machine.engine, planning: machine.engine };
}

/** The device of a profile, or the one that is here; a study can be shown where there is none. */
async function machineToPredict(options: StudyOptions): Promise<PlannedMachine> {
  const found = options.runtime === 'gpu' ? await tryOpenMachine() : await openMachine(options);
  const machine = found ?? (await openMachine({ runtime: 'cpu' }));
  if (options.profile !== undefined) {
    const { profile, capabilities } = await readProfile(resolvePath(options.profile));
    return {
      machine,
      measured: undefined,
      planning: { capabilities, profile, variants: tunedVariants(profile) },
    };
  }
  if (found?.engine.measurable) {
    found.engine.profile = await keptProfile(found.engine);
    return { machine, measured: found.engine, planning: found.engine };
  }
  return {
    machine,
    measured: undefined,
    planning: { capabilities: baselineCapabilities, profile: undefined },
  };
}
