// Opens a run on the device: its text read, its weights there, its record begun or gone on with.
import type { RunRecord } from '../../contract/records.ts';
import type { LabEvent } from '../../contract/runs.ts';
import { LabError } from '../../lab/plans/problem.ts';
import { RunRecorder } from '../../lab/records/run-recorder.ts';
import { titleOf, uniqueTitle } from '../../lab/records/run-title.ts';
import { prepareRun } from '../../lab/training/run.ts';
import { type Devices, host } from '../devices.ts';
import type { RunStart } from './files.ts';
import { RunKeeper } from './keeper.ts';
import { OpenRun } from './open-run.ts';
import { recordedDevice } from './recorded-device.ts';
import type { RunStorage } from './storage.ts';
import { titlesIn } from './summary.ts';

/** What a run brings along. */
export interface RunHistory {
  /** Made from the experiment unless given; another run's title gets a number. */
  readonly title?: string | undefined;
  /** Its record up to here. */
  readonly before?: RunRecord | undefined;
  /** Whether this browser has its text already. */
  readonly isTextKept?: boolean;
}

/** Which run is opened. */
interface Opening {
  readonly id: string;
  readonly start: RunStart;
  readonly history: RunHistory;
  /** Whether the device was lost since this began. */
  readonly isLost: () => boolean;
}

/**
 * Opens a run; nobody else may open one meanwhile.
 * @param emit gets what happens while it is prepared, and then in the run
 * @throws LabError where there is no device, or it is lost
 */
export async function openRun(
  devices: Devices,
  storage: RunStorage,
  emit: (event: LabEvent) => void,
  { id, start: { experiment, options, text }, history, isLost }: Opening,
): Promise<OpenRun> {
  const { title: given, before, isTextKept = false } = history;
  const engine = await devices.engine();
  emit({ kind: 'state', state: 'preparing', message: 'reading the text', progress: 0 });
  const run = await prepareRun(engine, experiment, {
    ...options,
    onProgress: (message, progress) => emit({ kind: 'state', state: 'preparing', message, progress }),
  });
  try {
    // On a lost device everything seems to succeed: nobody else would notice that this run is dead.
    if (isLost()) {
      const message = 'The GPU was lost while the run was prepared. Train again.';
      throw new LabError({ kind: 'deviceLost', message });
    }
    // Asked for now: a thread that was lost on the way left fewer.
    const device = recordedDevice(await devices.open(), host());
    const title = before?.title ?? uniqueTitle(given ?? titleOf(run, text?.name), await titlesIn(storage));
    const recorder = new RunRecorder(run, { id, title, device, profile: engine.profile, before });
    // A run that comes from here has its text here.
    const keeper = new RunKeeper(recorder, storage, text, isTextKept);
    const current = new OpenRun(run, keeper, emit);
    current.loop.peakFlopsPerSecond = engine.profile?.fmaFlopsPerSecond.value;
    return current;
  } catch (error) {
    run.runtime.dispose();
    throw error;
  }
}
