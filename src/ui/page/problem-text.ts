// What the page says about each expected failure: the cause, what became of the run, and the one thing to do next.

import type { Problem } from '../../contract/values.ts';
import type { ProblemAction } from '../state/events.ts';

/** A problem as it is shown. */
export interface ProblemText {
  readonly title: string;
  /** What was kept; undefined where nothing was at stake. */
  readonly kept?: string;
  readonly hint: string;
  readonly action: ProblemAction;
  readonly actionLabel: string;
  readonly tone: 'error' | 'warning';
  /** Whether another browser or system may help, so that those with WebGPU are listed. */
  readonly listsBrowsers?: boolean;
}

/** What of the run is safe when something fails. */
export interface KeptState {
  /** Step of the last save in this browser. */
  readonly savedStep?: number;
  readonly hasRun: boolean;
}

function describeKept({ savedStep, hasRun }: KeptState): string | undefined {
  if (savedStep !== undefined) return `The run is saved in this browser up to step ${savedStep}.`;
  return hasRun ? 'Nothing of this run had been saved yet.' : undefined;
}

/** How a problem is to be shown, given what was kept of the run. */
export function describeProblem(problem: Problem, keptState: KeptState): ProblemText {
  const kept = describeKept(keptState);
  const withKept = kept === undefined ? {} : { kept };
  const canContinue = keptState.savedStep !== undefined;
  switch (problem.kind) {
    case 'noWebGpu':
      return {
        title: 'This browser has no WebGPU',
        hint: 'Others have it, on most systems. Until then your processor trains here, in WebAssembly.',
        listsBrowsers: true,
        action: 'dismiss',
        actionLabel: 'Go on without a GPU',
        tone: 'warning',
      };
    case 'insecureOrigin':
      return {
        title: 'This address is not secure, so the browser hides the GPU',
        hint: 'Browsers give WebGPU and storage only to https pages and to localhost. Open the page at one of these.',
        action: 'dismiss',
        actionLabel: 'Go on without a GPU',
        tone: 'warning',
      };
    case 'noAdapter':
      return {
        title: 'The browser offers no GPU',
        hint: 'Hardware acceleration may be off, or the driver is on the browser’s block list. Look at chrome://gpu (Firefox: about:support), then try again.',
        listsBrowsers: true,
        action: 'retryDevice',
        actionLabel: 'Ask for the GPU again',
        tone: 'warning',
      };
    case 'deviceLost':
      return {
        title: 'The GPU was lost',
        ...withKept,
        hint: canContinue
          ? 'The driver was reset, or the browser took the GPU away.'
          : 'The driver was reset, or the browser took the GPU away. Ask for it again, then train.',
        action: canContinue ? 'continueSaved' : 'retryDevice',
        actionLabel: canContinue ? 'Continue from the last save' : 'Ask for the GPU again',
        tone: 'error',
      };
    case 'threadLost':
      return {
        title: 'A thread of your processor is gone',
        ...withKept,
        hint: canContinue
          ? 'The browser may have ended it for want of memory. Fewer threads go on from there.'
          : 'The browser may have ended it for want of memory. Train again: fewer threads compute now.',
        action: canContinue ? 'continueSaved' : 'dismiss',
        actionLabel: canContinue ? 'Continue from the last save' : 'All right',
        tone: 'error',
      };
    case 'outOfMemory':
    case 'tooLarge':
      return {
        title: problem.kind === 'tooLarge' ? 'Too large for this device' : 'The device ran out of memory',
        ...withKept,
        hint: 'A smaller batch, context or model needs less.',
        action: 'halveBatch',
        actionLabel: 'Halve the batch',
        tone: 'error',
      };
    case 'invalidConfig':
      return {
        title: 'These settings do not go together',
        hint: 'The fields are marked in the form.',
        action: 'showFields',
        actionLabel: 'Show the first one',
        tone: 'error',
      };
    case 'invalidData':
      return {
        title: 'This text cannot be trained on',
        hint: 'Any UTF-8 text up to 200 MB will do, as long as it is longer than the context.',
        action: 'chooseText',
        actionLabel: 'Choose another text',
        tone: 'error',
      };
    case 'invalidFile':
      return {
        title: 'This file cannot be opened',
        hint: 'Open a checkpoint saved here, config.json with model.safetensors, or a GGUF file.',
        action: 'chooseFile',
        actionLabel: 'Choose other files',
        tone: 'error',
      };
    case 'invalidRequest':
      return {
        title: 'That cannot be done as asked',
        hint: 'Change what was asked for, and press again.',
        action: 'dismiss',
        actionLabel: 'All right',
        tone: 'warning',
      };
    case 'diverged':
      return {
        title: 'The loss got out of hand: stopped',
        ...withKept,
        hint: 'A lower learning rate usually helps.',
        action: 'halveLearningRate',
        actionLabel: 'Halve the learning rate',
        tone: 'error',
      };
    case 'storageFull':
      return {
        title: 'The browser’s storage is full: not saved',
        ...withKept,
        hint: 'Training goes on. Download a checkpoint to be safe.',
        action: 'downloadCheckpoint',
        actionLabel: 'Download a checkpoint',
        tone: 'warning',
      };
    case 'newerStorage':
      return {
        title: 'A newer Flopscope keeps the runs of this browser',
        hint: 'They are left as they are: none is listed, and none can be saved, before this page is that version too.',
        action: 'reload',
        actionLabel: 'Reload the page',
        tone: 'warning',
      };
    case 'busy':
      return {
        title: 'Something else is still running',
        hint: 'Wait for it, or stop it.',
        action: 'dismiss',
        actionLabel: 'All right',
        tone: 'warning',
      };
    case 'openElsewhere':
      return {
        title: 'This run is open in another tab',
        hint: 'Go on there, or close that tab first. Here its record can be looked at, in Runs.',
        action: 'dismiss',
        actionLabel: 'All right',
        tone: 'warning',
      };
    case 'locked':
      return {
        title: 'Your teacher fixed this experiment',
        hint: 'Nothing was changed. Who leaves what was prepared has the whole page, and may change all.',
        action: 'leavePrepared',
        actionLabel: 'Leave the prepared experiment',
        tone: 'warning',
      };
    case 'notLoaded':
      return {
        title: 'A part of the page could not be loaded',
        hint: 'There is no network, or the page was renewed on its server. What is open here goes on; ask for it again when the network is back.',
        action: 'dismiss',
        actionLabel: 'All right',
        tone: 'warning',
      };
    case 'internal':
      return {
        title: 'Something broke inside the lab',
        ...withKept,
        hint: keptState.hasRun
          ? 'This is a fault of the program. The run goes on if it still takes steps; a reload starts the page afresh and offers the run where it was saved.'
          : 'This is a fault of the program. A reload starts it afresh.',
        action: 'reload',
        actionLabel: keptState.hasRun ? 'Save the run and reload' : 'Reload the page',
        tone: 'error',
      };
    default:
      return problem.kind satisfies never;
  }
}
