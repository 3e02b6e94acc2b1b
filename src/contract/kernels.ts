// The contract of what is made of a kernel table beyond showing it. Types only.
import type { KernelTable, NamedFile } from '../worker/api.ts';

/** Calls about kernel tables. */
export interface KernelsApi {
  /**
   * A step as a trace file, which Perfetto and Chrome's tracing page open. Works without a device.
   * @param title name of the process in the viewer, and of the file
   */
  kernelTrace(table: KernelTable, title: string): Promise<NamedFile>;
}
