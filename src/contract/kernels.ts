// The table of a step's kernels: predicted beside measured, and as a trace. Types only.
import type { NamedFile, Result } from './values.ts';

/** One row of the kernel table: prediction and measurement joined by dispatch index. */
export interface KernelRow {
  readonly index: number;
  readonly label: string;
  readonly phase: string;
  /** Term of the cost model, such as `qkv`; undefined in records of older versions. */
  readonly term?: string;
  /** Undefined for what no layer owns. */
  readonly layer?: number;
  readonly kernel: string;
  readonly shape: string;
  readonly workgroups: number;
  readonly usefulFlops: number;
  readonly launchedFlops: number;
  readonly bytes: number;
  /** Roofline seconds: no kernel can be faster. Undefined as long as the device is not calibrated. */
  readonly limitSeconds?: number;
  readonly predictedSeconds?: number;
  readonly measuredSeconds?: number;
  readonly measuredSpread?: number;
  readonly boundBy: 'arithmetic' | 'bandwidth' | 'launch' | 'unknown';
}

/** A training step's plan as a table, with how it was measured. */
export interface KernelTable {
  readonly rows: readonly KernelRow[];
  readonly method: string;
  /** Times that all rows but those of the update run in one step; 1 unless given. */
  readonly accumulation?: number;
  /** Median of the unprofiled step, where steps were taken. */
  readonly stepSeconds?: number;
  /** Sum of measured rows over the median of the unprofiled step. */
  readonly sumOverStep?: number;
}

/** Calls about kernel tables. */
export interface KernelsApi {
  /** The plan as a table; with `measure` every dispatch is timed on a copy of the weights. */
  kernelTable(
    measure: boolean,
    onProgress: (done: number, total: number) => void,
  ): Promise<Result<KernelTable>>;
  /**
   * A step as a trace file, which Perfetto and Chrome's tracing page open. Works without a device.
   * @param title name of the process in the viewer, and of the file
   */
  kernelTrace(table: KernelTable, title: string): Promise<NamedFile>;
}
