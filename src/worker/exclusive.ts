// Who has the device to himself: what measures or trains would disturb the other's times, so one of them goes on at a time.
import { LabError } from '../lab/plans/problem.ts';

/** Something that wants the device alone for as long as it takes. */
export interface Activity {
  /** As a sentence's subject, such as `A validation`. */
  readonly what: string;
  /** What a person can do about it. */
  readonly way: string;
  /** Ends it early, for a run that wants the device; without one, the run is refused. */
  readonly cancel?: () => void;
  /** Whether it finds its own place between the steps of a run. */
  readonly isBetweenSteps?: boolean;
}

const training: Activity = { what: 'A run', way: 'pause it or wait' };

/** One for each worker. */
export class Exclusive {
  readonly #isTraining: () => boolean;
  #holder: { readonly activity: Activity; readonly ended: Promise<void> } | undefined;

  /** @param isTraining whether a run is taking steps, or about to */
  constructor(isTraining: () => boolean) {
    this.#isTraining = isTraining;
  }

  /** Does something alone. @throws LabError of kind `busy` that names what is going on instead */
  async during<T>(activity: Activity, task: () => Promise<T>): Promise<T> {
    this.requireFree();
    if (!activity.isBetweenSteps && this.#isTraining()) throw busy(training);
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#holder = { activity, ended };
    try {
      return await task();
    } finally {
      this.#holder = undefined;
      end();
    }
  }

  /** @throws LabError of kind `busy` while something has the device, runs aside */
  requireFree(): void {
    if (this.#holder) throw busy(this.#holder.activity);
  }

  /** Waits until a run may begin: what can be cancelled is. @throws LabError of kind `busy` for what cannot */
  async freeForTraining(): Promise<void> {
    while (this.#holder) {
      const { activity, ended } = this.#holder;
      if (!activity.cancel) throw busy(activity);
      activity.cancel();
      await ended;
    }
  }
}

function busy({ what, way }: Activity): LabError {
  const doing = what === training.what ? 'training' : 'running';
  return new LabError({ kind: 'busy', message: `${what} is ${doing}: ${way}.` });
}
