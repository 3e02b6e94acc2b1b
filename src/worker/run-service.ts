// The calls about the one run: what it should cost, its life, its files, and runs that were kept.
import type { LabEvent, OpenedRun, RunApi } from '../contract/runs.ts';
import { withAutomaticSizes } from '../model/config.ts';
import { answer } from './answer.ts';
import type { EventStream } from './event-stream.ts';
import { parsed } from './run/planned-run.ts';
import type { Runs } from './run/runs.ts';
import type { RunStorage } from './run/storage.ts';

/** The calls about the run. `beforeStart` ends what else might train: a comparison. */
export function createRun(
  runs: Runs,
  storage: Pick<RunStorage, 'list'>,
  events: Pick<EventStream, 'listen'>,
  beforeStart: () => Promise<void>,
): RunApi {
  return {
    predict: (experiment) => answer(() => runs.predict(experiment)),
    useText: (text) => answer(() => runs.useText(text)),
    listen: async (listener: (events: readonly LabEvent[]) => void) => events.listen(listener),
    start: (experiment, text) =>
      answer(async () => {
        await beforeStart();
        await runs.train(experiment, text);
        return undefined;
      }),
    prepare: (experiment, text) => answer(() => runs.prepare(experiment, text).then(() => undefined)),
    pause: () => runs.pause(),
    resume: () => runs.resume(),
    step: () => answer(() => runs.step().then(() => undefined)),
    stop: () => runs.stop(),
    exportRun: (format) => answer(() => runs.exportRun(format)),
    importRun: (files) => answer(() => shown(runs.importRun(files))),
    savedRuns: async () => {
      const elsewhere = await runs.elsewhere();
      return (await storage.list().catch(() => []))
        .filter(({ canContinue }) => canContinue)
        .map(({ id, title, savedAt, step, totalSteps, loss, bytes }) => {
          return { id, title, savedAt, step, totalSteps, loss, bytes, isElsewhere: elsewhere.has(id) };
        });
    },
    openSavedRun: (id) => answer(() => shown(runs.openSaved(id))),
    extendRun: (steps) => answer(() => shown(runs.extend(steps))),
    forkRun: (experiment) => answer(() => shown(runs.fork(experiment))),
    saveRun: () => runs.save(),
    deleteSavedRun: (id) => answer(() => runs.deleteSaved(id).then(() => undefined)),
  };
}

/** With sizes that follow from others as the form wants them. */
async function shown(opening: Promise<OpenedRun>): Promise<OpenedRun> {
  const { experiment, notes } = await opening;
  return { experiment: withAutomaticSizes(parsed(experiment)), notes };
}
