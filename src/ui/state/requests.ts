// What the controller asks of the worker and puts into the state, where it takes more than a line.

import type { Preset } from '../../contract/form.ts';
import type { OpenedRun } from '../../contract/runs.ts';
import type { NextRequest, SampleRequest } from '../../contract/sampling.ts';
import { differences } from './experiment.ts';
import { noAnswers, type PageState } from './state.ts';
import type { PageStore } from './store.ts';

/**
 * Lets the open run write, showing the text as it comes. What the sampler refuses is said beside it; what comes of a run
 * after another was opened is dropped: the view is that run's by then.
 */
export async function drawSample(store: PageStore, request: SampleRequest): Promise<void> {
  if (store.state.sampler.isRunning) return;
  const asked = { ...request }; // an identity of its own: the same may be asked of the next run
  const isShown = () => store.state.sampler.asked === asked;
  const { next } = store.state.sampler;
  store.set({ sampler: { isRunning: true, text: '', next, asked } });
  const result = await store.attempt('', (lab) =>
    lab.sample(request, (text) => {
      // Text has a message port of its own and may come after the answer.
      if (isShown() && store.state.sampler.isRunning)
        store.set({ sampler: { ...store.state.sampler, text } });
    }),
  );
  if (!isShown()) return;
  const { text, next: shown } = store.state.sampler;
  const sampler =
    result?.kind === 'ok'
      ? { isRunning: false, asked, text: result.value.text, report: result.value, next: shown }
      : { isRunning: false, asked, text, next: shown, ...(result && { problem: result.problem.message }) };
  store.set({ sampler });
}

/** Asks what would come after a text; the answer of a run that has gone is dropped. */
export async function showNext(store: PageStore, request: NextRequest): Promise<void> {
  const { id } = store.state.run;
  const result = await store.attempt('', (lab) => lab.nextTokens(request));
  const { run, sampler } = store.state;
  if (result === undefined || run.id !== id) return;
  const { problem: _, ...others } = sampler;
  store.set({
    sampler:
      result.kind === 'ok'
        ? { ...others, next: { ...result.value, ...request } }
        : { ...others, problem: result.problem.message },
  });
}

/** Asks the open run questions; answers of a run that has gone are dropped. */
export async function askAnswers(store: PageStore): Promise<void> {
  const { run, answers } = store.state;
  if (answers.isAsking) return;
  store.set({ answers: { ...answers, isAsking: true } });
  const result = await store.attempt('', (lab) => lab.askAnswers());
  const report = result && store.take(result, 'askAnswers');
  if (store.state.run.id !== run.id) return;
  store.set({
    answers: { isAsking: false, reports: [...answers.reports, ...(report === undefined ? [] : [report])] },
  });
}

/** Predicts the open run anew: it was prepared before the device was measured. */
export async function predictOpenRun(store: PageStore): Promise<void> {
  const { experiment, prediction } = store.state.run;
  if (experiment === undefined || prediction === undefined) return;
  await store.attempt('', async (lab) => {
    const predicted = await lab.predict(experiment);
    const { run } = store.state;
    if (predicted.kind === 'ok' && run.experiment === experiment)
      store.set({ run: { ...run, prediction: predicted.value } });
  });
}

/** Shows a run that was opened: its settings, and what should be known of it. The controller puts them into the form. */
export function showOpened(store: PageStore, { experiment, notes }: OpenedRun): void {
  store.set({
    run: { ...store.state.run, experiment },
    kernels: { kind: 'none' },
    sampler: { isRunning: false, text: '' },
    answers: noAnswers,
    problems: [],
    notices: notes,
  });
}

/** A preset of the catalogue: the chosen one, unless another is named. */
export function presetOf({ catalogue, presetId }: PageState, id = presetId): Preset | undefined {
  return catalogue?.presets.find((preset) => preset.id === id);
}

/** The form's settings, where they are not those of the chosen preset. */
export function changedSettings(page: PageState): PageState['replaced'] {
  const { catalogue, experiment, presetId } = page;
  const preset = presetOf(page);
  if (catalogue === undefined || preset === undefined) return undefined;
  const changed = differences(catalogue.fields, preset.experiment, experiment);
  return changed.length > 0 ? { presetId, experiment } : undefined;
}

/** The prediction of a form that was just changed: what was predicted is of another experiment. */
export function awaitedPrediction({ device }: PageState): PageState['prediction'] {
  return device.kind === 'done' ? { kind: 'running', share: 0, what: 'Predicting' } : { kind: 'none' };
}

/** Checks the form, predicts its costs and writes the address; what comes for a form that has changed is dropped. */
export async function settleForm(
  store: PageStore,
  isCurrent: () => boolean,
  showAddress: (query: string) => void,
): Promise<void> {
  await store.attempt('', async (lab) => {
    const { experiment, presetId } = store.state;
    const checked = await lab.validate(experiment);
    if (!isCurrent()) return;
    if (checked.kind === 'problem') {
      const prediction = { kind: 'failed', problem: checked.problem } as const;
      store.set({ fieldProblems: checked.problem.fields ?? [], prediction });
      return;
    }
    store.settle('invalidConfig');
    store.set({ fieldProblems: [], resolved: checked.value });
    showAddress(await lab.addressOf(experiment, presetId));
    if (store.state.device.kind !== 'done') return;
    const predicted = await lab.predict(experiment);
    if (!isCurrent()) return;
    store.set({
      prediction:
        predicted.kind === 'ok'
          ? { kind: 'done', value: predicted.value }
          : { kind: 'failed', problem: predicted.problem },
    });
  });
  // What the worker did not answer, nobody waits for.
  if (isCurrent() && store.state.prediction.kind === 'running') store.set({ prediction: { kind: 'none' } });
}
