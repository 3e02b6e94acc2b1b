// What is asked of the device: to be opened and, before a run, the self-test of what it dispatches and calibration.

import type { CalibrationReport, RuntimeChoice } from '../../contract/device.ts';
import type { ExperimentJson } from '../../contract/values.ts';
import { isSoftwareGpu } from '../../text/device-kind.ts';
import { predictOpenRun } from './requests.ts';
import { openingWords, shownRuntime } from './runtime-choice.ts';
import type { PageStore } from './store.ts';

/** The checks of one page's devices. */
export class DeviceChecks {
  readonly #store: PageStore;
  /** The person trains although a kernel is wrong here: what goes on with that run needs no second word. */
  #isTrusted = false;

  constructor(store: PageStore) {
    this.#store = store;
  }

  /** Opens the runtime that is chosen, or another one. A refusal is shown, and leaves what there was. */
  async open(runtime: RuntimeChoice = this.#store.state.runtime): Promise<boolean> {
    const before = this.#store.state.device;
    this.#store.set({ device: { kind: 'running', share: 0, what: openingWords(runtime) } });
    const isOpen = await this.#store.attempt('', async (lab) => {
      const result = await lab.openDevice(runtime);
      if (result.kind === 'problem') {
        const failed = { kind: 'failed', problem: result.problem } as const;
        this.#store.set({ device: before.kind === 'done' ? before : failed });
        this.#store.take(result, 'openDevice');
        return false;
      }
      if (runtime !== this.#store.state.runtime)
        this.#store.set({ runtime, selfTest: { kind: 'none' }, calibration: { kind: 'none' } });
      const { fallbackReason } = result.value;
      this.#store.take(result, 'openDevice'); // what was refused before is open now
      this.#store.set({ device: { kind: 'done', value: result.value } });
      if (fallbackReason !== undefined) this.#store.show(fallbackReason);
      else this.#store.settle('noWebGpu', 'noAdapter', 'insecureOrigin');
      const kept = result.value.runtime !== 'cpu' ? await lab.keptCalibration() : undefined;
      if (kept !== undefined) this.#store.set({ calibration: { kind: 'done', value: kept } });
      // What was measured on all threads says nothing of fewer.
      else if (this.#store.state.calibration.kind === 'done')
        this.#store.set({ calibration: { kind: 'none' } });
      return true;
    });
    // An opening that broke off, which is on display, would be waited for for ever.
    if (this.#store.state.device.kind === 'running')
      this.#store.set({ device: before.kind === 'running' ? { kind: 'none' } : before });
    return isOpen === true;
  }

  /** Checks the kernels of an experiment that were not checked on this device before; `again` all of them. */
  async selfTest(again: boolean, experiment: ExperimentJson): Promise<boolean> {
    await this.#store.job('selfTest', 'Checking the kernels', (lab, report) =>
      lab.selfTest((done, total) => report(done / total, ''), experiment, again),
    );
    const { selfTest } = this.#store.state;
    return selfTest.kind === 'done' && selfTest.value.passed;
  }

  /** Measures the device, unless its figures are kept and not wanted `again`. */
  async calibrate(again: boolean, experiment: ExperimentJson): Promise<void> {
    await this.#store.job('calibration', 'Measuring the device', (lab, report) =>
      lab.calibrate(again, report, experiment),
    );
    await predictOpenRun(this.#store);
  }

  /** Takes figures that were measured while a run trained, and what they say of it. */
  async takeFigures(value: CalibrationReport): Promise<void> {
    this.#store.set({ calibration: { kind: 'done', value } });
    await predictOpenRun(this.#store);
  }

  /**
   * On a software GPU that nobody chose, compares it with the processor for this experiment, and goes on with the quicker; again
   * for one of another kind or size. Only where measuring before a run is wished. Whether one took the other's place.
   */
  async takeQuicker(experiment: ExperimentJson): Promise<boolean> {
    const { device, runtime, measureFirst } = this.#store.state;
    if (!runtime.isAutomatic || measureFirst === 'never' || device.kind !== 'done') return false;
    const { value: before } = device;
    if (!isSoftwareGpu(before) && before.comparison === undefined) return false;
    const what = 'Comparing the software GPU with your processor';
    const show = (share: number) => this.#store.set({ device: { kind: 'running', share, what } });
    show(0);
    let isOpen = true; // progress has a message port of its own and may come after the answer
    const value = await this.#store.attempt('', async (lab) =>
      this.#store.take(await lab.takeQuicker((share) => isOpen && show(share), experiment)),
    );
    isOpen = false;
    // Where they could not be compared, what was open still is.
    const now = value ?? before;
    this.#store.set({ device: { kind: 'done', value: now } });
    if (now.runtime === before.runtime) return false;
    const kept = await this.#store.attempt('', (lab) => lab.keptCalibration());
    this.#store.set({
      runtime: { runtime: shownRuntime(now), isAutomatic: true },
      selfTest: { kind: 'none' },
      calibration: kept === undefined ? { kind: 'none' } : { kind: 'done', value: kept },
    });
    return true;
  }

  /** Measures the device as is wished before a run, so that its pace stands beside what was expected; false for never. */
  async measureFirst(experiment: ExperimentJson): Promise<boolean> {
    const { measureFirst } = this.#store.state;
    if (measureFirst === 'fully') await this.calibrate(false, experiment);
    if (measureFirst === 'quickly') await this.#calibrateQuickly(experiment);
    return measureFirst !== 'never';
  }

  async #calibrateQuickly(experiment: ExperimentJson): Promise<void> {
    await this.#store.job('calibration', 'Measuring the device', (lab, report) =>
      lab.calibrateQuickly(report, experiment),
    );
    await predictOpenRun(this.#store);
  }

  /** Whether the opened device may train this experiment. `isTrusted`: even with kernels that are wrong. */
  async allow(experiment: ExperimentJson, isTrusted: boolean): Promise<boolean> {
    const { device } = this.#store.state;
    // What the processor runs without a GPU, tests hold against the references: there is no driver to doubt.
    if (device.kind !== 'done' || device.value.runtime !== 'gpu') return device.kind === 'done';
    this.#isTrusted ||= isTrusted;
    if (await this.selfTest(false, experiment)) return true;
    if (this.#isTrusted) await this.#store.attempt('', (lab) => lab.acceptWrongKernels());
    return this.#isTrusted;
  }
}
