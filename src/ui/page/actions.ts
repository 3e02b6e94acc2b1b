// What happens when an element of the page sends an event, a key is pressed or a file is dropped.

import { isRecordFile, recordInbox } from '../runs/inbox.ts';
import type { LabController } from '../state/controller.ts';
import type { LabEventDetails, ProblemAction } from '../state/events.ts';
import { valueAt } from '../state/experiment.ts';
import { downloadFiles, filesToImport, isModelFile } from '../state/files.ts';
import { isRunActive } from '../state/state.ts';

/** The page's parts that an answer to a problem opens or shows. */
export interface PageParts {
  showFields(): void;
  chooseText(): void;
  chooseFiles(): void;
}

/** One handler for each event; those of the page itself (theme, chart, replay) are not among them. */
export type LabHandlers = {
  readonly [K in Exclude<keyof LabEventDetails, 'change-theme' | 'replay'>]: (
    detail: LabEventDetails[K],
  ) => void;
};

/** The settings that a problem's button halves, if they can be halved. */
function halve(lab: LabController, path: string, isWhole: boolean): boolean {
  const { experiment, resolved } = lab.state;
  const value = valueAt(experiment, path) ?? (resolved && valueAt(resolved, path));
  if (typeof value !== 'number' || (isWhole && value < 2)) return false;
  lab.setField(path, isWhole ? Math.floor(value / 2) : value / 2);
  return true;
}

function answerProblem(lab: LabController, parts: PageParts, action: ProblemAction): void {
  switch (action) {
    case 'reload':
      // What cannot be saved is asked about by the browser before the page goes.
      void lab.saveRun().finally(() => location.reload());
      return;
    case 'continueSaved': {
      const newest = lab.state.savedRuns.find(({ isElsewhere }) => isElsewhere !== true);
      if (newest !== undefined) void lab.continueRun(newest.id);
      return;
    }
    case 'halveBatch':
      if (!halve(lab, 'train.batch', true)) halve(lab, 'model.context', true);
      return;
    case 'halveLearningRate':
      halve(lab, 'train.optimizer.learningRate', false);
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
      void exportRun(lab, 'checkpoint');
      return;
    case 'retryDevice':
      void lab.openDevice();
      return;
    case 'dismiss':
      return;
    default:
      action satisfies never;
  }
}

async function exportRun(lab: LabController, format: 'huggingFace' | 'checkpoint'): Promise<void> {
  const files = await lab.exportRun(format);
  const title = [lab.state.presetId || 'model', format === 'checkpoint' ? 'checkpoint' : 'model'].join('-');
  if (files !== undefined) downloadFiles(title, files);
}

async function importFiles(lab: LabController, files: readonly File[]): Promise<void> {
  try {
    await lab.importRun(await filesToImport(files));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    lab.showProblem({ kind: 'invalidFile', message });
  }
}

/** Puts the preset's model in another size into the form; training and text stay as the form has them. */
async function chooseSize(lab: LabController, factor: number): Promise<void> {
  const { presetId } = lab.state;
  const result = await lab.access.attempt('', (worker) => worker.scalePreset(presetId, factor));
  const scaled = result && lab.access.take(result);
  if (scaled === undefined || lab.state.presetId !== presetId) return;
  lab.access.useExperiment({ ...lab.state.experiment, model: scaled.model });
}

/** The handlers of all events that concern the lab. */
export function labHandlers(lab: LabController, parts: PageParts): LabHandlers {
  return {
    'choose-preset': ({ id }) => lab.choosePreset(id),
    'choose-size': ({ factor }) => void chooseSize(lab, factor),
    'undo-choice': () => lab.undoChoice(),
    'change-field': ({ path, value }) => lab.setField(path, value),
    'choose-text': ({ file }) => void lab.chooseText(file && { name: file.name, content: file }),
    'change-calibrate-first': ({ value }) => lab.setCalibrateFirst(value),
    train: (detail) => {
      // Asks the browser not to clear the saved runs by itself; where it will not promise that, nothing changes.
      navigator.storage?.persist?.().catch(() => false);
      void lab.train(detail?.isTrusted === true);
    },
    pause: () => void lab.pause(),
    resume: () => void lab.resume(),
    step: () => void lab.step(),
    stop: () => void lab.stop(),
    calibrate: () => void lab.calibrate(lab.state.calibration.kind === 'done'),
    'self-test': () => void lab.selfTest(true),
    'show-kernels': ({ measure }) => void lab.showKernels(measure),
    'draw-sample': (request) => void lab.sample(request),
    'cancel-sample': () => void lab.cancelSample(),
    'export-run': ({ format }) => void exportRun(lab, format),
    'import-files': ({ files }) => void importFiles(lab, files),
    'open-saved': ({ id, isContinued }) => void (isContinued ? lab.continueRun(id) : lab.openSavedRun(id)),
    'delete-saved': ({ id }) => void lab.deleteSavedRun(id),
    'problem-action': ({ id, action }) => {
      lab.dismissProblem(id);
      answerProblem(lab, parts, action);
    },
    'dismiss-problem': ({ id }) => lab.dismissProblem(id),
  };
}

/** What takes letters: text, and lists that jump to an entry by its first letters. */
const textControls =
  'select, textarea, [contenteditable], input:not([type=checkbox], [type=radio], [type=range], [type=file])';

/** Space pauses and resumes, unless it presses something; s makes a step wherever no text is typed. */
export function handleKey(lab: LabController, event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const [target] = event.composedPath();
  if (target instanceof Element && target.closest(textControls)) return;
  const { state } = lab.state.run;
  // Space presses what has the keyboard.
  const isPressed = target instanceof Element && target.closest('input, button, summary, a') !== null;
  if (event.key === ' ' && !isPressed && isRunActive(state)) {
    event.preventDefault();
    void (state === 'paused' ? lab.resume() : lab.pause());
  }
  if (event.key === 's' && state === 'paused') void lab.step();
}

/** Files dropped anywhere: records go to their room, a model or checkpoint is opened, anything else is text to train on. */
export function handleDrop(handlers: LabHandlers, event: DragEvent): void {
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
