// What one GPU's kernels were held against: the self-test, what passed before in this browser, and an engine that runs nothing else.

import type { SelfTestReport } from '../contract/device.ts';
import { chosenKernels, kernelsOf } from '../lab/cost/calibration.ts';
import type { Engine } from '../lab/plans/engine.ts';
import { LabError } from '../lab/plans/problem.ts';
import { type CheckedKernels, type SelfTest, selfTest, selfTestOfVariants } from '../lab/plans/self-test.ts';
import type { Kernel } from '../plan/kernel.ts';
import type { Plan } from '../plan/plan.ts';
import type { OpenDevice } from '../runtime/device.ts';
import type { RunStorage } from './run/storage.ts';

type Progress = (done: number, total: number) => void;

/** One for each opened device. */
export class KernelChecks {
  readonly #open: OpenDevice;
  /** Device and browser, each with its version. */
  readonly #key: string;
  readonly #storage: RunStorage;
  #checked: CheckedKernels | undefined;
  #isWrongAccepted = false;

  constructor(open: OpenDevice, key: string, storage: RunStorage) {
    this.#open = open;
    this.#key = key;
    this.#storage = storage;
  }

  /**
   * The kernels of some plans, or of all presets, against their references; those that passed before only `again`.
   * @param record the plans, for what the engine is able to do: it may turn out to compile less
   */
  async selfTest(
    engine: Engine,
    onProgress: Progress,
    record?: () => readonly Plan[],
    again = false,
  ): Promise<SelfTestReport> {
    const choose = () => (record === undefined ? chosenKernels(engine) : kernelsOf(record()));
    const { report } = await this.#check(onProgress, again, (test) =>
      selfTestOfVariants(engine, choose, test),
    );
    return report;
  }

  /** Nothing is refused any more because a kernel is wrong: the person was told, and goes on. */
  acceptWrong(): void {
    this.#isWrongAccepted = true;
  }

  /**
   * The engine, which from now on makes a runtime only for plans whose kernels all agree here: whoever asks, be it a run,
   * a lesson, a comparison or a look inside. What agreed before costs a look-up.
   */
  guard(engine: Engine): Engine {
    const { createRuntime } = engine;
    const guarded: Engine['createRuntime'] = async (plans, extra, onProgress = () => undefined) => {
      let isChecking = false;
      await this.#require(plans, (done, total) => {
        isChecking = true;
        onProgress(done, 2 * total);
      });
      // Where there was something to check, compiling for the run is the second half.
      return createRuntime(plans, extra, (done, total) =>
        isChecking ? onProgress(total + done, 2 * total) : onProgress(done, total),
      );
    };
    return Object.assign(engine, { createRuntime: guarded });
  }

  /** @throws LabError that names those kernels of the plans that differ from their references */
  async #require(plans: readonly Plan[], onProgress: Progress): Promise<void> {
    if (this.#isWrongAccepted) return;
    const { report, uncompiled } = await this.#check(onProgress, false, (test) => test(kernelsOf(plans)));
    // What does not compile will not run either: the runtime says so, and the work is recorded with another variant.
    const isWrong = ({ kernel, passed }: { readonly kernel: string; readonly passed: boolean }) =>
      !passed && !uncompiled.includes(kernel);
    const wrong = [...new Set(report.rows.filter(isWrong).map(({ kernel }) => kernel))];
    if (wrong.length === 0) return;
    throw new LabError({
      kind: 'internal',
      message:
        `self-test: on this device ${wrong.join(', ')} ${wrong.length === 1 ? 'differs' : 'differ'} from the ` +
        'reference, so nothing was run with it. Update browser and graphics driver.',
    });
  }

  /** Runs a check that knows what passed here before, and keeps what passes. */
  async #check(
    onProgress: Progress,
    again: boolean,
    run: (test: (kernels: readonly Kernel[]) => Promise<SelfTest>) => Promise<SelfTest>,
  ): Promise<SelfTest> {
    this.#checked ??= await this.#storage.checkedKernels(this.#key).catch(() => undefined);
    const known = again ? {} : this.#checked;
    const result = await run((kernels) => selfTest(this.#open, kernels, onProgress, known));
    const { report, checked } = result;
    const failed = new Set(report.rows.flatMap(({ kernel, passed }) => (passed ? [] : [kernel])));
    // Another check may have ended meanwhile: what both found is kept.
    const all = Object.entries({ ...this.#checked, ...checked }).filter(([name]) => !failed.has(name));
    this.#checked = Object.fromEntries(all);
    if (report.remembered < report.kernels)
      await this.#storage.keepCheckedKernels(this.#key, this.#checked).catch(() => undefined); // works without being kept
    return result;
  }
}
