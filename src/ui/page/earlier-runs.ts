// The earlier runs that stand as ghosts behind the curve of the present one: the newest of this browser, fetched when asked for.
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { RunRecord } from '../../contract/records.ts';
import type { RoomAccess } from '../state/access.ts';

/** More would hide the curve. */
const mostRuns = 3;

/** Fetches their records for the page. */
export class EarlierRuns implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #access: RoomAccess;
  #isShown = false;
  #records: readonly RunRecord[] = [];

  constructor(host: ReactiveControllerHost, access: RoomAccess) {
    this.#host = host;
    this.#access = access;
    host.addController(this);
  }

  get isShown(): boolean {
    return this.#isShown;
  }

  hostConnected(): void {
    // Nothing is fetched before it is asked for.
  }

  /** The records but that of the open run. */
  besides(openId: string | undefined): readonly RunRecord[] {
    return this.#records.filter(({ id }) => id !== openId).slice(0, mostRuns);
  }

  async show(isShown: boolean): Promise<void> {
    this.#isShown = isShown;
    this.#host.requestUpdate();
    if (!isShown) return;
    await this.#access.attempt('', async (lab) => {
      const runs = (await lab.keptRuns()).filter(({ step }) => step > 1).slice(0, mostRuns + 1);
      const records: RunRecord[] = [];
      for (const { id } of runs) {
        const result = await lab.runRecord(id);
        if (result.kind === 'ok') records.push(result.value);
      }
      this.#records = records;
      this.#host.requestUpdate();
    });
  }
}
