// The pace of a device: seconds of one fixed mixture of work, now against when it was calibrated.
//
// Arithmetic alone does not tell: where another program shares a core's caches and ports, chains of multiply-adds go on
// undisturbed while matrix products take twice as long. So the mixture is of the kernels that most of a step goes to.
import type { Kernel } from '../../plan/kernel.ts';
import { Probing, type ShapeProbe } from './probing.ts';
import { enoughRepetitions, type TimePass, trusted } from './slope.ts';
import { PassTimer } from './timer.ts';

const mixedKernels = 4;
const passes = 4;

/**
 * Makes ready a pass that runs each of the first few kernels once, at its middle shape, as often as a timer needs; they
 * come in the order of their weight. Returns what times the mixture once, in seconds.
 */
export async function preparePace(
  probing: Probing,
  timer: PassTimer,
  kernels: readonly Kernel[],
): Promise<() => Promise<number>> {
  const probes: Pick<ShapeProbe, 'encode'>[] = [];
  for (const kernel of kernels.slice(0, mixedKernels)) {
    probes.push(await probing.prepare(kernel, kernel.calibration[kernel.calibration.length >> 1] ?? {}));
  }
  const time: TimePass = (repetitions) =>
    timer.seconds((pass) => {
      for (let i = 0; i < repetitions; i++) for (const { encode } of probes) encode(pass);
    });
  const repetitions = await enoughRepetitions(time, trusted.seconds, trusted.repeats);
  return async () => (await time(repetitions)) / repetitions;
}

/** The mixture kept ready, to be timed again and again. Dispose of it. */
export class Pace {
  readonly #timer: PassTimer;
  readonly #probing: Probing;
  readonly #once: () => Promise<number>;

  private constructor(timer: PassTimer, probing: Probing, once: () => Promise<number>) {
    this.#timer = timer;
    this.#probing = probing;
    this.#once = once;
  }

  /** @param kernels those of the calibration, in its order */
  static async open(device: GPUDevice, kernels: readonly Kernel[]): Promise<Pace> {
    const timer = new PassTimer(device);
    const probing = new Probing(device, timer);
    try {
      return new Pace(timer, probing, await preparePace(probing, timer, kernels));
    } catch (error) {
      probing.dispose();
      timer.dispose();
      throw error;
    }
  }

  /** Mean seconds of a few passes: what disturbs them now and then disturbs other work as often. */
  async seconds(): Promise<number> {
    let seconds = 0;
    for (let i = 0; i < passes; i++) seconds += await this.#once();
    return seconds / passes;
  }

  dispose(): void {
    this.#probing.dispose();
    this.#timer.dispose();
  }
}
