// The three columns of the room Train: what a run shows, what it is made of, and what it costs.
import { html, nothing } from 'lit';
import type { FormField, Preset } from '../../contract/form.ts';
import type { RunRecord } from '../../contract/records.ts';
import type { ReplayView } from '../run-views/replay.ts';
import type { RoomAccess } from '../state/access.ts';
import { describeDifferences, differences, valueAt } from '../state/experiment.ts';
import {
  hasGpu,
  hasWeights,
  isLabFree,
  isMeasurable,
  isOnProcessor,
  isRunActive,
  isTraining,
  isWhollyCalibrated,
  measuredRate,
  type PageState,
} from '../state/state.ts';
import { essentialSettings } from './level.ts';
import type { PreparedPage } from './prepared.ts';
import '../run-views/loss-chart.ts';
import '../run-views/readouts.ts';
import '../run-views/sample-list.ts';
import '../train/answers-box.ts';
import '../train/chat-box.ts';
import '../train/device-panel.ts';
import '../train/experiment-form.ts';
import '../train/own-text.ts';
import '../train/prediction-panel.ts';
import '../train/preset-picker.ts';
import '../train/published-models.ts';
import '../train/run-controls.ts';
import '../train/run-files.ts';
import '../train/sampler-box.ts';
import '../train/throughput-gauge.ts';

/** What the columns show. */
export interface TrainView {
  readonly page: PageState;
  readonly access: RoomAccess;
  /** The recording, while no run is open. */
  readonly replay: ReplayView | undefined;
  readonly isEssential: boolean;
  /** Earlier runs behind the curve; none where there are none to be shown. */
  readonly ghosts: readonly RunRecord[] | undefined;
  readonly isGhosted: boolean;
  /** What a teacher's link hides and locks. */
  readonly prepared: Pick<PreparedPage, 'shown' | 'locked'>;
}

/** What a model of a generated text can be asked to go on with. */
const openings: Readonly<Record<string, string>> = {
  arithmetic: '37+48=',
  copyRecall: 'copy abc|',
  zipf: '',
  instructions: '<|begin|><|user|>What is 3 plus 4?<|end|><|assistant|>',
};

/**
 * The run: its controls, curve, figures and samples, and what its model can be asked. The curve stands first: what a
 * laptop's screen has room for is what one looks at.
 */
export function workColumn({ page, replay, isEssential, ghosts, isGhosted }: TrainView) {
  const { run, series } = replay ?? page;
  const source = String(valueAt(page.run.experiment ?? page.experiment, 'data.source'));
  const deviceJob = page.selfTest.kind === 'running' ? page.selfTest : page.calibration;
  return html`<run-controls
      ?isEssential=${isEssential}
      .run=${page.run}
      .busy=${page.busy}
      .deviceJob=${deviceJob}
      .canCalibrate=${isMeasurable(page) && !isWhollyCalibrated(page)}
      .measureFirst=${page.measureFirst}
      .isReady=${isLabFree(page)}
      .expectedSeconds=${page.prediction.kind === 'done' ? page.prediction.value.totalSeconds : undefined}
      .worker=${page.device.kind === 'done' && !hasGpu(page) ? 'your processor' : 'this device'}
      .smallerPreset=${smallerPreset(page)}
      .changes=${sinceRun(page)}
    ></run-controls>
    <loss-chart .ghosts=${ghosts} ?isGhosted=${isGhosted} .series=${series} .fileName=${page.presetId || 'run'}></loss-chart>
    <run-readouts
      .run=${run}
      .series=${series}
      .parameters=${(replay?.recorded ?? page.run).prediction?.parameters}
    ></run-readouts>
    <sample-list .samples=${run.samples}></sample-list>
    ${
      (source === 'arithmetic' || source === 'instructions') && page.run.state !== 'idle'
        ? html`<answers-box
            .heading=${source === 'arithmetic' ? 'Does it calculate?' : 'Does it answer?'}
            .reports=${page.answers.reports}
            ?isReady=${hasWeights(page.run) && !page.isWorkerGone}
            ?isAsking=${page.answers.isAsking}
          ></answers-box>`
        : nothing
    }
    ${
      page.run.hasChat === true
        ? html`<chat-box
            .runId=${page.run.id ?? ''}
            .sampler=${page.sampler}
            .isReady=${hasWeights(page.run) && !page.isWorkerGone}
          ></chat-box>`
        : nothing
    }
    <sampler-box .opening=${openings[source] ?? 'Once '} .sampler=${page.sampler} .unknownTokens=${page.run.unknownTokens ?? 0} .isReady=${hasWeights(page.run) && !page.isWorkerGone}></sampler-box>`;
}

/** The experiment: presets, a text of one's own, and the settings. */
export function setupColumn({ page, isEssential, prepared }: TrainView) {
  const { catalogue, experiment, presetId, run } = page;
  const fields: readonly FormField[] = catalogue?.fields ?? [];
  const preset = catalogue?.presets.find(({ id }) => id === presetId)?.experiment;
  return html`<preset-picker
      ?isEssential=${isEssential}
      .presets=${catalogue?.presets ?? []}
      .presetId=${presetId}
      .difference=${preset === undefined ? '' : describeDifferences(differences(fields, preset, experiment))}
      .replaced=${catalogue?.presets.find(({ id }) => id === page.replaced?.presetId)?.title ?? ''}
      .sinceRun=${isRunActive(run.state) ? sinceRun(page) : ''}
      .isLinkable=${catalogue !== undefined && page.fieldProblems.length === 0}
    ></preset-picker>
    <own-text .summary=${page.text}></own-text>
    <experiment-form
      .fields=${prepared.shown(isEssential ? essentialSettings(fields, page.fieldProblems) : fields)}
      .locked=${prepared.locked(fields)}
      .experiment=${experiment}
      .resolved=${page.resolved}
      .preset=${preset ?? experiment}
      .problems=${page.fieldProblems}
    ></experiment-form>`;
}

/** The machine: its pace, what it is expected to take, what is kept on it, and what it is. */
export function sideColumn({ page, access, replay, isEssential }: TrainView) {
  const { run } = replay ?? page;
  const upcoming = page.prediction.kind === 'done' ? page.prediction.value : undefined;
  const recordedRate = replay?.recorded.prediction?.tokensPerSecond;
  const isFree = isLabFree(page) && !isRunActive(page.run.state);
  const canOpen = isFree || (page.run.state === 'paused' && page.busy === '');
  return html`<throughput-gauge
      ?isEssential=${isEssential}
      .measured=${measuredRate(run)}
      .predictedTokensPerSecond=${replay === undefined ? (page.run.prediction ?? upcoming)?.tokensPerSecond : recordedRate}
      .relativeError=${replay === undefined ? (page.run.prediction ?? upcoming)?.relativeError : undefined}
      .isQuick=${replay === undefined && (page.run.prediction ?? upcoming)?.isQuick === true}
      .timing=${page.run.timing}
      .worker=${hasGpu(page) ? 'GPU' : 'processor'}
      .isRecorded=${replay !== undefined}
    ></throughput-gauge>
    <prediction-panel
      ?isEssential=${isEssential}
      .prediction=${page.prediction}
      .allocatedBytes=${page.run.allocatedBytes}
      .canCalibrate=${isMeasurable(page)}
      .isCalibrating=${!isFree || page.calibration.kind === 'running'}
    ></prediction-panel>
    <run-files
      .savedRuns=${page.savedRuns}
      .canSave=${hasWeights(page.run) && page.busy === ''}
      .canOpen=${canOpen}
      .savedStep=${page.run.savedStep}
      .savedBytes=${page.run.savedBytes}
    ></run-files>
    <published-models
      .access=${access}
      ?isReady=${page.catalogue !== undefined && !page.isWorkerGone}
      .canOpen=${canOpen}
    ></published-models>
    <device-panel
      .device=${page.device}
      .selfTest=${page.selfTest}
      .calibration=${page.calibration}
      .isFree=${isFree}
      .canChoose=${isLabFree(page) && !isTraining(page)}
      .isTraining=${isTraining(page)}
      .hasRun=${hasWeights(page.run)}
    ></device-panel>`;
}

/** In which settings the form is not the open run any more, in one line. */
function sinceRun({ catalogue, experiment, run }: PageState): string {
  if (run.experiment === undefined) return '';
  return describeDifferences(differences(catalogue?.fields ?? [], run.experiment, experiment));
}

/** Seconds that nobody should begin to wait for without being told of something quicker. */
const longWait = 300;

/** What a processor trains in a minute, where the form holds something that takes it much longer. */
function smallerPreset({ device, prediction, presetId, catalogue }: PageState): Preset | undefined {
  if (catalogue === undefined || presetId === catalogue.processorPreset || !isOnProcessor({ device })) return;
  const seconds = prediction.kind === 'done' ? prediction.value.totalSeconds : undefined;
  if (seconds === undefined || seconds < longWait) return;
  return catalogue.presets.find(({ id }) => id === catalogue.processorPreset);
}
