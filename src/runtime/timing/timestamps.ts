// The one query set of a device, shared by all who time passes on it, and whether its clock runs at all.
//
// Metal allows 32 live sets a process (gpuweb 3652, 5261), and a calibration keeps a runtime for every shape of a kernel.
// Some drivers offer timestamps that are all 0 (wgpu 9414).

/** Timestamps in the set: half of what WebGPU allows, and the 32 KiB that a set may take on Metal. */
const capacity = 2048;

/** Seconds that no pass may take while its timestamps tell nothing, unless the clock is known to run. */
export const shortestTold = 0.002;

/** Timestamps [first, first + count) of the device's set. */
export interface QueryRange {
  readonly set: GPUQuerySet;
  readonly first: number;
  readonly count: number;
}

const ofDevices = new WeakMap<GPUDevice, Timestamps>();

/** The timestamps of one device. */
export class Timestamps {
  readonly #device: GPUDevice;
  #set: GPUQuerySet | undefined;
  readonly #taken: QueryRange[] = [];
  #isProven = false;
  #isSilent = false;

  private constructor(device: GPUDevice) {
    this.#device = device;
  }

  static of(device: GPUDevice): Timestamps {
    const known = ofDevices.get(device);
    if (known) return known;
    const timestamps = new Timestamps(device);
    ofDevices.set(device, timestamps);
    return timestamps;
  }

  /** True once the clock was seen to advance within a pass. Until then the wall clock counts. */
  get isProven(): boolean {
    return this.#isProven;
  }

  /** True if passes that took long by the wall clock all took 0 by this one. */
  get isSilent(): boolean {
    return this.#isSilent && !this.#isProven;
  }

  /** A range for one user; undefined where the device has no timestamps, or no more of them. */
  take(count: number): QueryRange | undefined {
    if (!this.#device.features.has('timestamp-query')) return undefined;
    let first = 0;
    let place = 0;
    for (const range of this.#taken) {
      if (range.first - first >= count) break;
      first = range.first + range.count;
      place++;
    }
    if (first + count > capacity) return undefined;
    this.#set ??= this.#device.createQuerySet({ label: 'timestamps', type: 'timestamp', count: capacity });
    const range = { set: this.#set, first, count };
    this.#taken.splice(place, 0, range);
    return range;
  }

  give(range: QueryRange): void {
    const index = this.#taken.indexOf(range);
    if (index >= 0) this.#taken.splice(index, 1);
  }

  /**
   * Seconds of a pass by its timestamps, if they can be believed: undefined for a clock that ran backwards, that counted
   * more than the wall clock, or that was never seen to run. 0 is less than a quantum.
   */
  seconds(begin: bigint, end: bigint, wallSeconds: number): number | undefined {
    const seconds = Number(end - begin) * 1e-9;
    if (seconds > 0 && seconds <= wallSeconds) this.#isProven = true;
    if (seconds === 0 && wallSeconds >= shortestTold) this.#isSilent = true;
    return this.#isProven && seconds >= 0 && seconds <= wallSeconds ? seconds : undefined;
  }
}
