// The contract over the lab: this file only connects; the device and run services do the work.

import type { Catalogue } from '../contract/form.ts';
import type { Lab } from '../contract/lab.ts';
import type { LabEvent } from '../contract/runs.ts';
import type { ExperimentJson } from '../contract/values.ts';
import { problemOf } from '../lab/plans/problem.ts';
import { type Experiment, experimentValues, nest, parseExperiment, schemaVersion } from '../model/config.ts';
import { experimentFromAddress, experimentToAddress } from '../model/config-address.ts';
import { formFields } from '../model/fields/table.ts';
import { presets } from '../model/presets/catalogue.ts';
import { ComparisonService } from './comparison-service.ts';
import { answer, DeviceService } from './device-service.ts';
import { createDiagrams } from './diagram-service.ts';
import { EventStream } from './event-stream.ts';
import { type Activity, Exclusive } from './exclusive.ts';
import { createInside } from './inside-service.ts';
import { createKernels } from './kernels-service.ts';
import { LessonsService } from './lessons-service.ts';
import { parsed } from './planned-run.ts';
import { createRecords } from './records-service.ts';
import { RunService } from './run-service.ts';
import { RunStorage } from './run-storage.ts';
import { createTerms } from './terms-service.ts';
import { ValidationService } from './validation-service.ts';

/** Makes the lab of one worker. */
export function createLab(): Lab {
  const events = new EventStream();
  const emit = (event: LabEvent) => events.emit(event);
  const storage = new RunStorage((error) => emit({ kind: 'problem', problem: problemOf(error) }));
  const devices = new DeviceService(storage, (problem) => {
    runs.drop();
    emit({ kind: 'problem', problem });
    emit({ kind: 'state', state: 'failed', message: problem.message });
  });
  const exclusive = new Exclusive(() => runs.isTraining);
  const runs = new RunService(devices, storage, emit, exclusive);
  const lessons = new LessonsService({
    engine: () => devices.engine(),
    exclusive,
    withRun: (task) => runs.withRun(task),
  });
  const validation = new ValidationService(devices, runs, exclusive);
  const comparisons = new ComparisonService(runs);
  const lifeLock = holdLifeLock();

  return {
    lifeLock: () => lifeLock,
    catalogue: async () => catalogue,
    validate: async (experiment) => answer(async () => parsed(experiment) as unknown as ExperimentJson),
    addressOf: async (experiment, presetId) => experimentToAddress(parsed(experiment), presetId),
    fromAddress: async (query) => readAddress(query),
    openDevice: () => answer(() => devices.open()),
    selfTest: (onProgress, experiment, again) =>
      answer(() => exclusive.during(selfTesting, () => devices.selfTest(onProgress, experiment, again))),
    calibrate: (again, onProgress, experiment) =>
      answer(() => exclusive.during(calibrating, () => devices.calibrate(again, onProgress, experiment))),
    keptCalibration: () => devices.kept(),
    predict: (experiment) => answer(() => runs.predict(experiment)),
    useText: (text) => answer(() => runs.useText(text)),
    listen: async (listener) => events.listen(listener),
    start: (experiment, text) =>
      answer(async () => {
        await comparisons.cancel();
        await runs.train(experiment, text);
        return undefined;
      }),
    prepare: (experiment, text) => answer(() => runs.prepare(experiment, text).then(() => undefined)),
    pause: () => runs.pause(),
    resume: () => runs.resume(),
    step: () => answer(() => runs.step().then(() => undefined)),
    stop: () => runs.stop(),
    sample: (request, onText) => answer(() => runs.sample(request, onText)),
    cancelSample: async () => runs.cancelSample(),
    exportRun: (format) => answer(() => runs.exportRun(format)),
    importRun: (files) => answer(async () => formJson(parsed(await runs.importRun(files)))),
    savedRuns: async () =>
      (await storage.list().catch(() => []))
        .filter(({ canContinue }) => canContinue)
        .map(({ id, title, savedAt, step, totalSteps, loss, bytes }) => {
          return { id, title, savedAt, step, totalSteps, loss, bytes };
        }),
    openSavedRun: (id) => answer(async () => formJson(parsed(await runs.openSaved(id)))),
    deleteSavedRun: (id) => runs.deleteSaved(id),
    lessons: async () => lessons.list(),
    runLesson: (request, onEvent) => answer(() => lessons.run(request, onEvent)),
    attentionMap: (request) => answer(() => lessons.attentionMap(request)),
    cancelLesson: async () => lessons.cancel(),
    ...createTerms(runs),
    ...createDiagrams(runs),
    ...createRecords(runs, storage),
    ...createKernels(runs),
    ...createInside(runs),
    expectations: (experiment) => answer(() => validation.expectations(experiment)),
    waterfall: () => answer(() => validation.waterfall()),
    validatePredictions: (grid, onRow, onProgress) =>
      answer(() => validation.validate(grid, onRow, onProgress)),
    cancelValidation: async () => validation.cancel(),
    scalePreset: (presetId, factor) => answer(() => comparisons.scale(presetId, factor)),
    matchAtEqualFlops: (presetIds, steps) => answer(() => comparisons.match(presetIds, steps)),
    compareAtEqualFlops: (models, onEvent) => answer(() => comparisons.compare(models, onEvent)),
    cancelComparison: () => comparisons.cancel(),
  };
}

const selfTesting: Activity = { what: 'The self-test', way: 'wait for it' };
const calibrating: Activity = { what: 'Calibration', way: 'wait for it' };

const catalogue: Catalogue = {
  version: schemaVersion,
  fields: formFields(),
  presets: presets.map(({ id, title, note, experiment }) => ({
    id,
    title,
    note,
    experiment: resolved(experiment),
  })),
};

/** An experiment as the form holds it: sizes that follow from others are 0, so that they follow when one is changed. */
function formJson(experiment: Experiment): ExperimentJson {
  return nest(experimentValues(experiment)) as unknown as ExperimentJson;
}

/** A preset with all defaults filled in, as the form shows it. */
function resolved(json: unknown): ExperimentJson {
  const result = parseExperiment(json);
  if (result.kind !== 'ok') throw new Error(`presets: ${result.problems[0]?.message}`);
  return formJson(result.experiment);
}

function readAddress(query: string) {
  const content = experimentFromAddress(query);
  if (content.kind === 'ok') {
    const { experiment, preset, notices } = content;
    return { experiment: formJson(experiment), presetId: preset, notices };
  }
  const first = presets[0];
  return { experiment: resolved(first.experiment), presetId: first.id, notices: [content.message] };
}

/** Takes a lock for as long as this worker lives: comlink leaves calls to a dead worker pending for ever. */
async function holdLifeLock(): Promise<string | undefined> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return undefined;
  const name = `flopscope worker ${Math.random()}`;
  await new Promise<void>((held) => {
    void locks.request(name, () => {
      held();
      return new Promise<never>(() => undefined);
    });
  });
  return name;
}
