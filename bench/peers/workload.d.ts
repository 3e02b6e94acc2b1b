// Types of workload.js, for the bench's TypeScript.

/** Weights by name: flat row-major values with their shape; a matrix maps rows to columns, y = x·W. */
export type Weights = Record<string, { readonly shape: number[]; readonly values: Float32Array }>;

/** Token ids [B, T], flat; targets are the inputs one place further. */
export interface Batch {
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
}

/** Losses before each update, and milliseconds from handing over the tokens to holding the loss. */
export interface Outcome {
  readonly losses: number[];
  readonly stepMilliseconds: { readonly median: number; readonly min: number; readonly max: number };
  readonly backend: string;
  readonly version: string;
}

/** nanoGPT's configuration for a CPU. */
export declare const model: {
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  readonly hidden: number;
  readonly context: number;
  readonly vocabulary: number;
  readonly normEpsilon: number;
  readonly activation: string;
};

/** Sequences in a batch. */
export declare const batchSize: number;

/** AdamW as PyTorch's, at a constant rate. */
export declare const optimizer: {
  readonly learningRate: number;
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly clip: number;
};

/** Losses of the first ten steps in float64 by PyTorch. */
export declare const oracleLosses: readonly number[];

/** Names and shapes of the parameters, in a fixed order. */
export declare function parameterShapes(): [string, number[]][];

/** The seeded first weights. */
export declare function makeWeights(): Weights;

/** The first `count` seeded batches; the same ones for any larger count. */
export declare function makeBatches(count: number): Batch[];

/** Median, least and largest of some times. */
export declare function summarise(milliseconds: readonly number[]): Outcome['stepMilliseconds'];
