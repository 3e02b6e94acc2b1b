// The pace of a device: seconds of one fixed mixture of work, now against when it was calibrated.
//
// Arithmetic alone does not tell: where another program shares a core's caches and ports, chains of multiply-adds go on
// undisturbed while matrix products take twice as long. So the mixture is of the kernels that most of a step goes to.
import type { Kernel } from '../../plan/kernel.ts';
import type { Probing, ShapeProbe } from './probing.ts';
import { enoughRepetitions, type TimePass, trusted } from './slope.ts';

const mixedKernels = 4;
const passes = 4;

/**
 * Makes ready a pass that runs each of the first few kernels once, at its middle shape, as often as a timer needs; they
 * come in the order of their weight. Returns what times the mixture once, in seconds.
 */
export async function preparePace(
  probing: Probing,
  kernels: readonly Kernel[],
): Promise<() => Promise<number>> {
  const shapes: ShapeProbe[] = [];
  for (const kernel of kernels.slice(0, mixedKernels)) {
    shapes.push(await probing.prepare(kernel, kernel.calibration[kernel.calibration.length >> 1] ?? {}));
  }
  return paceOf(probing, shapes);
}

/** The same of shapes that stand ready. */
export async function paceOf(
  probing: Probing,
  shapes: readonly Pick<ShapeProbe, 'plan'>[],
): Promise<() => Promise<number>> {
  const mixture = shapes.slice(0, mixedKernels);
  const time: TimePass = (repetitions) => probing.seconds(mixture, repetitions);
  const repetitions = await enoughRepetitions(time, trusted.seconds, trusted.repeats);
  return async () => (await time(repetitions)) / repetitions;
}

/** The mixture kept ready, to be timed again and again. Dispose of it. */
export class Pace {
  readonly #probing: Probing;
  readonly #once: () => Promise<number>;

  private constructor(probing: Probing, once: () => Promise<number>) {
    this.#probing = probing;
    this.#once = once;
  }

  /**
   * @param probing its own from now on
   * @param kernels those of the calibration, in its order
   */
  static async open(probing: Probing, kernels: readonly Kernel[]): Promise<Pace> {
    try {
      return new Pace(probing, await preparePace(probing, kernels));
    } catch (error) {
      probing.dispose();
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
  }
}
