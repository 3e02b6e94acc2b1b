// What a controller needs of its surroundings: the page gives the real ones, tests their own.

import type { LabConnection } from './connection.ts';

/** What a controller needs of its surroundings; the page gives the real ones, tests their own. */
export interface PageControllerOptions {
  readonly connect: () => LabConnection;
  /** Calls back when the next frame is due. */
  readonly onFrame: (callback: () => void) => void;
  /** The query string of the page, without `?`. */
  readonly query: string;
  /** Done when a teacher's link is read, which may lock settings; undefined where the address has none. */
  readonly linkRead?: () => Promise<void> | undefined;
  readonly showAddress: (query: string) => void;
  readonly showTitle: (title: string) => void;
  /** Milliseconds without a change of the form before it is checked and predicted. */
  readonly settleMilliseconds: number;
}
