// What happens when an element of the page sends an event, a key is pressed or a file is dropped.

import type { RuntimeChoice } from '../../contract/device.ts';
import type { ExportFormat } from '../../contract/runs.ts';
import { isRecordFile, recordInbox } from '../runs/inbox.ts';
import type { PageController } from '../state/controller.ts';
import type { PageEventDetails, ProblemAction } from '../state/events.ts';
import { valueAt } from '../state/experiment.ts';
import { downloadFiles, filesToImport, isModelFile } from '../state/files.ts';
import { lockedButton } from '../state/lock.ts';
import { withoutRuntime } from '../state/runtime-choice.ts';
import { isRunActive } from '../state/state.ts';

/** The page's parts that an answer to a problem opens or shows. */
export interface PageParts {
  showFields(): void;
  chooseText(): void;
  chooseFiles(): void;
  /** Frees what a teacher's link keeps and hides. */
  leavePrepared(): void;
}

/** One handler for each event; those of the page itself (theme, chart, replay) are not among them. */
export type PageHandlers = {
  readonly [K in Exclude<
    keyof PageEventDetails,
    | 'change-theme'
    | 'change-level'
    | 'show-ghosts'
    | 'replay'
    | 'share-with-class'
    | 'choose-token'
    | 'open-tour'
  >]: (detail: PageEventDetails[K]) => void;
};

/** The settings that a problem's button halves, if they can be halved. */
function halve(controller: PageController, path: string, isWhole: boolean): boolean {
  const { experiment, resolved } = controller.state;
  const value = valueAt(experiment, path) ?? (resolved && valueAt(resolved, path));
  if (typeof value !== 'number' || (isWhole && value < 2)) return false;
  controller.form.setField(path, isWhole ? Math.floor(value / 2) : value / 2);
  return true;
}

function answerProblem(controller: PageController, parts: PageParts, action: ProblemAction): void {
  switch (action) {
    case 'reload':
      // What cannot be saved is asked about by the browser before the page goes.
      void controller.saved.save().finally(() => location.reload());
      return;
    case 'continueSaved': {
      const newest = controller.state.savedRuns.find(({ isElsewhere }) => isElsewhere !== true);
      if (newest !== undefined) void controller.saved.goOn(newest.id);
      return;
    }
    case 'halveBatch':
      if (!halve(controller, 'train.batch', true)) halve(controller, 'model.context', true);
      return;
    case 'halveLearningRate':
      halve(controller, 'train.optimizer.learningRate', false);
      return;
    case 'showFields':
      parts.showFields();
      return;
    case 'chooseText':
      parts.chooseText();
      return;
    case 'chooseFile':
      parts.chooseFiles();
      return;
    case 'downloadCheckpoint':
      void exportRun(controller, 'checkpoint');
      return;
    case 'retryDevice':
      void controller.openDevice();
      return;
    case 'leavePrepared':
      parts.leavePrepared();
      return;
    case 'dismiss':
      return;
    default:
      action satisfies never;
  }
}

const exportTitles: Readonly<Record<ExportFormat, string>> = {
  huggingFace: 'model',
  checkpoint: 'checkpoint',
  continuation: 'continued',
};

async function exportRun(controller: PageController, format: ExportFormat): Promise<void> {
  const files = await controller.saved.exportRun(format);
  const title = `${controller.state.presetId || 'model'}-${exportTitles[format]}`;
  if (files !== undefined) downloadFiles(title, files);
}

async function importFiles(controller: PageController, files: readonly File[]): Promise<void> {
  try {
    await controller.saved.importRun(await filesToImport(files));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    controller.showProblem({ kind: 'invalidFile', message });
  }
}

/** Puts the preset's model in another size into the form; training and text stay as the form has them. */
async function chooseSize(controller: PageController, factor: number): Promise<void> {
  const { presetId } = controller.state;
  const result = await controller.access.attempt('', (worker) => worker.scalePreset(presetId, factor));
  const scaled = result && controller.access.take(result, 'scalePreset');
  if (scaled === undefined || controller.state.presetId !== presetId) return;
  controller.access.useExperiment({ ...controller.state.experiment, model: scaled.model });
}

/** What is chosen here counts from now on, also after a reload: not what the address said. */
async function chooseRuntime(controller: PageController, choice: RuntimeChoice): Promise<void> {
  if (!(await controller.chooseRuntime(choice))) return;
  const query = withoutRuntime(location.search.slice(1));
  history.replaceState(undefined, '', `${query === '' ? location.pathname : `?${query}`}${location.hash}`);
}

/** The handlers of all events that concern the worker; of a button that is locked it says why nothing happens. */
export function pageHandlers(controller: PageController, parts: PageParts): PageHandlers {
  const handlers = freeHandlers(controller, parts);
  const guarded = Object.entries(handlers).map(([name, handle]) => [
    name,
    (detail: unknown) => {
      const problem = lockedButton(controller.state.locked, name);
      if (problem === undefined) (handle as (detail: unknown) => void)(detail);
      else controller.showProblem(problem);
    },
  ]);
  return Object.fromEntries(guarded) as PageHandlers;
}

function freeHandlers(controller: PageController, parts: PageParts): PageHandlers {
  return {
    'choose-preset': ({ id }) => controller.form.choosePreset(id),
    'choose-size': ({ factor }) => void chooseSize(controller, factor),
    'undo-choice': () => controller.form.undoChoice(),
    'change-field': ({ path, value }) => controller.form.setField(path, value),
    'choose-text': ({ file }) => void controller.form.chooseText(file && { name: file.name, content: file }),
    'change-measure-first': ({ value }) => controller.setMeasureFirst(value),
    'change-runtime': (choice) => void chooseRuntime(controller, choice),
    train: (detail) => {
      // Asks the browser not to clear the saved runs by itself; where it will not promise that, nothing changes.
      navigator.storage?.persist?.().catch(() => false);
      void controller.train(detail?.isTrusted === true);
    },
    pause: () => void controller.pause(),
    resume: () => void controller.resume(),
    step: () => void controller.step(),
    stop: () => void controller.stop(),
    calibrate: () => void controller.calibrate(controller.state.calibration.kind === 'done'),
    'self-test': () => void controller.selfTest(true),
    'show-kernels': ({ measure }) => void controller.showKernels(measure),
    'draw-sample': (request) => void controller.sample(request),
    'ask-answers': () => void controller.askAnswers(),
    'show-next': (request) => void controller.showNext(request),
    'cancel-sample': () => void controller.cancelSample(),
    'export-run': ({ format }) => void exportRun(controller, format),
    'import-files': ({ files }) => void importFiles(controller, files),
    'open-pulled': (model) => void controller.saved.openPulled(model),
    'open-saved': ({ id, isContinued }) =>
      void (isContinued ? controller.saved.goOn(id) : controller.saved.open(id)),
    'extend-run': ({ steps }) => void controller.saved.extend(steps),
    'fork-run': () => void controller.saved.fork(),
    'load-page': ({ load }) => void controller.saved.save().finally(load),
    'dismiss-notices': () => controller.dismissNotices(),
    'delete-saved': ({ id }) => void controller.saved.delete(id),
    'problem-action': ({ id, action }) => {
      controller.dismissProblem(id);
      answerProblem(controller, parts, action);
    },
    'dismiss-problem': ({ id }) => controller.dismissProblem(id),
  };
}

/** What takes letters: text, and lists that jump to an entry by its first letters. */
const textControls =
  'select, textarea, [contenteditable], input:not([type=checkbox], [type=radio], [type=range], [type=file])';

/** Space pauses and resumes, unless it presses something; s makes a step wherever no text is typed. */
export function handleKey(controller: PageController, event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const path = event.composedPath();
  if (path.some((one) => one instanceof HTMLDialogElement)) return; // the page behind it is out of reach
  const [target] = path;
  if (target instanceof Element && target.closest(textControls)) return;
  const { state } = controller.state.run;
  // Space presses what has the keyboard.
  const isPressed = target instanceof Element && target.closest('input, button, summary, a') !== null;
  if (event.key === ' ' && !isPressed && isRunActive(state)) {
    event.preventDefault();
    void (state === 'paused' ? controller.resume() : controller.pause());
  }
  if (event.key === 's' && state === 'paused') void controller.step();
}

/** Files dropped anywhere: records go to their room, a model or checkpoint is opened, anything else is text to train on. */
export function handleDrop(handlers: PageHandlers, event: DragEvent): void {
  const files = [...(event.dataTransfer?.files ?? [])];
  const [first] = files;
  if (first === undefined) return;
  event.preventDefault();
  if (files.every(({ name }) => isRecordFile(name))) {
    recordInbox.set(files);
    location.hash = 'runs';
  } else if (files.some(({ name }) => isModelFile(name))) handlers['import-files']({ files });
  else handlers['choose-text']({ file: first });
}
