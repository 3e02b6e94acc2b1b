// The contract over the lab: this file only puts the parts together; each service answers its own calls.
import type { Lab } from '../contract/lab.ts';
import type { LabEvent } from '../contract/runs.ts';
import { problemOf } from '../lab/plans/problem.ts';
import { createComparison } from './comparison-service.ts';
import { createDevice } from './device-service.ts';
import { Devices } from './devices.ts';
import { createDiagram } from './diagram-service.ts';
import { EventStream } from './event-stream.ts';
import { Exclusive } from './exclusive.ts';
import { createForm } from './form-service.ts';
import { originModels } from './hub/origin-models.ts';
import { createHub, type HubPlace } from './hub/service.ts';
import { createInside } from './inside-service.ts';
import { createKernels } from './kernels-service.ts';
import { fitInThread } from './laws/fit.ts';
import { createSearch } from './laws/search-service.ts';
import { StudyFiles } from './laws/study-files.ts';
import { createLaws } from './laws-service.ts';
import { createLessons } from './lessons-service.ts';
import { createRecords } from './records-service.ts';
import { Refinement } from './refinement.ts';
import { OriginFolder } from './run/origin-folder.ts';
import { Runs } from './run/runs.ts';
import { RunStorage } from './run/storage.ts';
import { createRun } from './run-service.ts';
import { createSampling } from './sampling-service.ts';
import { createServing } from './serving-service.ts';
import { createTerms } from './terms-service.ts';
import { createValidation } from './validation-service.ts';

/** Makes the lab of one worker. */
export function createLab(): Lab {
  const events = new EventStream();
  const emit = (event: LabEvent) => {
    events.emit(event);
    refinement.follow(event);
  };
  const storage = new RunStorage((error) => emit({ kind: 'problem', problem: problemOf(error) }));
  const devices = new Devices(
    storage,
    (problem) => {
      runs.drop();
      emit({ kind: 'problem', problem });
      emit({ kind: 'state', state: 'failed', message: problem.message });
    },
    () => emit({ kind: 'deviceChanged' }),
  );
  const exclusive = new Exclusive(() => runs.isTraining);
  const runs = new Runs(devices, storage, emit, exclusive);
  const refinement = new Refinement(devices, runs, emit);
  const comparison = createComparison(runs);
  const lifeLock = holdLifeLock();

  return {
    lifeLock: () => lifeLock,
    ...createForm(),
    ...createDevice(devices, exclusive, runs.planner, () => runs.close()),
    ...createRun(runs, storage, events, () => comparison.cancelComparison()),
    ...createHub(devices, runs, originModels(), hubPlace()),
    ...createSampling(runs),
    ...createKernels(runs),
    ...createInside(runs),
    ...createTerms(runs),
    ...createDiagram(runs),
    ...createRecords(runs, storage),
    ...createServing(runs, exclusive),
    ...createValidation(devices, runs, exclusive),
    ...createLaws(devices, runs.planner, exclusive, new StudyFiles(studiesFolder()), fitInThread),
    ...createSearch(devices, runs.planner, exclusive, fitInThread),
    ...createLessons(devices, exclusive),
    ...comparison,
  };
}

/** The hub that the page's build names, and the page's own host. */
function hubPlace(): HubPlace {
  const [hub = ''] = String(import.meta.env.VITE_HUB ?? '').split(' ');
  return { hub, page: globalThis.location?.origin ?? hub };
}

/** Where studies are kept; undefined where the browser keeps no files, as on insecure origins. */
function studiesFolder(): OriginFolder | undefined {
  return globalThis.navigator?.storage ? new OriginFolder('studies') : undefined;
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
