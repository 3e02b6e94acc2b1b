// The devices of a worker that has only the reference loops, with a rate that nobody measured: doing so takes longer than a tiny run.
import type { DeviceInfo } from '../../src/contract/device.ts';
import { cpuEngine, type Engine } from '../../src/lab/plans/engine.ts';
import { Devices } from '../../src/worker/devices.ts';
import type { MemoryStorage } from './memory-storage.ts';

export class ReferenceDevices extends Devices {
  readonly #engine: Engine = { ...cpuEngine(2 ** 30), trainingFlopsPerSecond: 1e8 };

  constructor(storage: MemoryStorage) {
    super(storage.asRunStorage(), () => undefined);
  }

  override async open(): Promise<DeviceInfo> {
    const description = 'Reference loops on the processor';
    return {
      ...{ runtime: 'cpu', vendor: '', architecture: '', description, isSoftware: true },
      ...{ features: [], limits: [] },
    };
  }

  override async engine(): Promise<Engine> {
    return this.#engine;
  }
}
