// The events that elements send up to the page, with what they carry.

import type { RuntimeChoice } from '../../contract/device.ts';
import type { PulledName } from '../../contract/hub.ts';
import type { ExportFormat } from '../../contract/runs.ts';
import type { NextRequest, SampleRequest } from '../../contract/sampling.ts';

import type { FieldValue } from './experiment.ts';
import type { MeasureFirst } from './state.ts';

/** Name and detail of every event; the page listens for each. */
export interface PageEventDetails {
  'choose-preset': { readonly id: string };
  /** The chosen preset with this many times its parameters. */
  'choose-size': { readonly factor: number };
  /** Puts the settings back that a preset replaced. */
  'undo-choice': undefined;
  'change-field': { readonly path: string; readonly value: FieldValue };
  'choose-text': { readonly file: File | undefined };
  /** What computes from now on. */
  'change-runtime': RuntimeChoice;
  'change-measure-first': { readonly value: MeasureFirst };
  /** `isTrusted` trains although the self-test failed. */
  train: { readonly isTrusted: boolean } | undefined;
  pause: undefined;
  resume: undefined;
  step: undefined;
  stop: undefined;
  calibrate: undefined;
  'self-test': undefined;
  'show-kernels': { readonly measure: boolean };
  'draw-sample': SampleRequest;
  'cancel-sample': undefined;
  /** What would come after the text. */
  'show-next': NextRequest;
  /** Questions of its held-out text for the open run. */
  'ask-answers': undefined;
  /** A token of the list is written. */
  'choose-token': { readonly text: string };
  'export-run': { readonly format: ExportFormat };
  'import-files': { readonly files: readonly File[] };
  /** Opens a published model that is kept in this browser. */
  'open-pulled': PulledName;
  /** So many more steps for the open run. */
  'extend-run': { readonly steps: number };
  /** A copy of the open run goes on with the settings of the form. */
  'fork-run': undefined;
  'dismiss-notices': undefined;
  /** `isContinued` trains on at once. */
  'open-saved': { readonly id: string; readonly isContinued: boolean };
  'delete-saved': { readonly id: string };
  'problem-action': { readonly id: number; readonly action: ProblemAction };
  'dismiss-problem': { readonly id: number };
  'change-level': { readonly level: Level };
  'change-theme': { readonly theme: Theme };
  /** Earlier runs of this browser behind the curve of the present one. */
  'show-ghosts': { readonly isShown: boolean };
  replay: undefined;
  /** Opens the dialog that makes a link for students. */
  'share-with-class': undefined;
  /** Loads the page again, after the open run was saved. */
  'load-page': { readonly load: () => void };
  /** Shows the page's parts one after another. */
  'open-tour': undefined;
}

/** How much the page shows. */
export type Level = 'essentials' | 'everything';

/** How the page is coloured; `system` follows the device. */
export type Theme = 'system' | 'light' | 'dark';

/** Sends an event from an element to the page. */
export function emit<K extends keyof PageEventDetails>(
  element: HTMLElement,
  name: K,
  detail: PageEventDetails[K],
): void {
  element.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
}

/** What a button under a problem does. */
export type ProblemAction =
  | 'reload'
  | 'continueSaved'
  | 'halveBatch'
  | 'halveLearningRate'
  | 'showFields'
  | 'chooseText'
  | 'chooseFile'
  | 'downloadCheckpoint'
  | 'retryDevice'
  | 'leavePrepared'
  | 'dismiss';
