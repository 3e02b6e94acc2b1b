// Published models for the page: looked up on a hub, pulled into this browser's files, and opened as files are.
import type { HubApi, HubRequest, LookedUpModel, PulledName, PullProgress } from '../../contract/hub.ts';
import { hubOf } from '../../lab/hub/address.ts';
import { knownModels } from '../../lab/hub/known-models.ts';
import { type FoundModel, fetchModel, lookUp } from '../../lab/hub/pull.ts';
import { type HubAccess, parseHubName } from '../../lab/hub/repository.ts';
import { createPatientFetch } from '../../lab/hub/requests.ts';
import type { Engine } from '../../lab/plans/engine.ts';
import { fitContext } from '../../lab/plans/fitting-context.ts';
import { LabError, problemOf } from '../../lab/plans/problem.ts';
import { formatBytes } from '../../text/numbers.ts';
import { answer } from '../answer.ts';
import type { Devices } from '../devices.ts';
import { openedContext, openedExperiment } from '../run/files.ts';
import { predictExperiment } from '../run/planned-run.ts';
import type { Runs } from '../run/runs.ts';
import { withModelLocked } from './model-lock.ts';
import type { ModelStore } from './origin-models.ts';

/** Milliseconds after which the page is told how far a pull is, if there is something to tell. */
const progressInterval = 100;

/** Where the hub is, and the page. */
export interface HubPlace {
  /** The hub of this build, as the content policy of the page says it. */
  readonly hub: string;
  /** Origin of the page. */
  readonly page: string;
}

/** Makes this part of the lab. */
export function createHub(
  devices: Pick<Devices, 'engine'>,
  runs: Pick<Runs, 'importRun'>,
  store: ModelStore,
  place: HubPlace,
): HubApi {
  let pulling: AbortController | undefined;
  const accessOf = (endpoint: string, signal: AbortSignal, note: (line: string) => void): HubAccess => ({
    ...pageAdvice,
    endpoint: hubOf(endpoint, place),
    fetch: createPatientFetch({ signal, note, unreachable: pageAdvice.advice.unreachable }),
  });
  const missingOf = async ({ published, bytes }: FoundModel): Promise<number> => {
    const { id, commit } = published;
    const here = (await store.list()).find((model) => model.id === id && model.commit === commit);
    return Math.max(0, bytes - (here?.bytes ?? 0));
  };
  const describe = async (found: FoundModel): Promise<LookedUpModel> => {
    const { published, files, bytes, need, notes } = found;
    const { id, commit, revision } = published;
    const [missingBytes, freeBytes] = [await missingOf(found), await store.freeBytes()];
    const fit = await fitOf(found, await devices.engine());
    const lacking = roomProblem(id, missingBytes, freeBytes);
    const obstacle = lacking ?? fit.obstacle;
    return {
      id,
      commit,
      revision,
      files: files.length,
      bytes,
      missingBytes,
      hasRoom: lacking === undefined,
      parameters: need.parameters,
      notes,
      ...fit,
      ...(freeBytes === undefined ? {} : { freeBytes }),
      ...(obstacle === undefined ? {} : { obstacle }),
    };
  };
  const pull = async (
    { name, endpoint }: HubRequest,
    onProgress: (progress: PullProgress) => void,
    signal: AbortSignal,
  ): Promise<void> => {
    let last: PullProgress = { bytes: 0, totalBytes: 0, file: '' };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tell = (progress: PullProgress) => {
      last = progress;
      timer ??= setTimeout(() => {
        timer = undefined;
        onProgress(last);
      }, progressInterval);
    };
    const note = (line: string) => tell({ ...last, note: line });
    const access = accessOf(endpoint, signal, note);
    try {
      const found = await lookUp(parseHubName(name), access);
      const { id, commit } = found.published;
      await withModelLocked(id, commit, async () => {
        const message = roomProblem(id, await missingOf(found), await store.freeBytes());
        if (message !== undefined) throw new LabError({ kind: 'storageFull', message });
        const totalBytes = found.bytes;
        await fetchModel(found, {
          ...access,
          folder: await store.folder(id, commit),
          signal,
          note,
          onProgress: (bytes, file) => tell({ bytes, totalBytes, file }),
        });
      });
    } finally {
      clearTimeout(timer);
      onProgress(last);
    }
  };
  return {
    hubCatalogue: async () => ({ endpoint: place.hub, models: knownModels }),
    lookUpModel: ({ name, endpoint }, onNote) =>
      answer(async () => {
        const { signal } = new AbortController();
        return describe(await lookUp(parseHubName(name), accessOf(endpoint, signal, onNote)));
      }),
    pullModel: (request, onProgress) =>
      answer(async () => {
        if (pulling)
          throw new LabError({ kind: 'busy', message: 'pull: another model is on its way. Pause it first.' });
        const controller = new AbortController();
        pulling = controller;
        try {
          await pull(request, onProgress, controller.signal);
          return 'whole' as const;
        } catch (error) {
          if (controller.signal.aborted) return 'paused' as const;
          throw error;
        } finally {
          pulling = undefined;
        }
      }),
    pausePull: async () => pulling?.abort(),
    pulledModels: async () => store.list(),
    openPulled: ({ id, commit }) =>
      answer(() => withModelLocked(id, commit, async () => runs.importRun(await store.files(id, commit)))),
    deletePulled: ({ id, commit }: PulledName) =>
      answer(async () => {
        await withModelLocked(id, commit, () => store.remove(id, commit));
        return undefined;
      }),
  };
}

/** What a person can do in a page. Tokens are for the command line: a page should not be given any. */
const pageAdvice = {
  advice: {
    hidden:
      'if it is private, pull it on the command line, with a token in HF_TOKEN, and drop its folder’s files here',
    agreed:
      'pull it on the command line, with a token of the same account in HF_TOKEN, and drop its folder’s files here',
    unreachable: 'Check the network, and go on later: what is here stays.',
    wrongHub: 'Check the name and the address of the hub.',
  },
} as const;

/** Why a model cannot be kept, a sentence; undefined where it can, or the browser does not say. */
function roomProblem(id: string, missing: number, free: number | undefined): string | undefined {
  if (free === undefined || missing <= free) return undefined;
  return `pull: ${id} needs ${formatBytes(missing)} more, and this browser has ${formatBytes(free)} left for this page. Delete a model or runs.`;
}

/** What opening a model takes on a device, by the plans that would run; nothing is allocated. */
async function fitOf({ model }: FoundModel, engine: Engine) {
  try {
    const { value, context } = await fitContext(Math.min(model.context, openedContext), (context) =>
      predictExperiment(openedExperiment(model, context), engine),
    );
    return { context, memoryBytes: value.memoryBytes.total };
  } catch (error) {
    return { context: Math.min(model.context, openedContext), obstacle: problemOf(error).message };
  }
}
