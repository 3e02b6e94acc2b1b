// The contract of the term table: closed form, plan and measurement of every term side by side. Types only.
import type { ExperimentJson, Result } from './values.ts';

/** A named part of a count. */
export interface NamedFlops {
  readonly name: string;
  /** Negative where the plan does less than the closed form counts. */
  readonly flops: number;
  /** Why, in one sentence. */
  readonly note: string;
}

/** Sums over dispatches of one phase. */
export interface PhaseCosts {
  readonly dispatches: number;
  readonly usefulFlops: number;
  readonly launchedFlops: number;
  readonly bytes: number;
}

/** One term: `closedFlops` + Σ `differences` + `unexplainedFlops` = `usefulFlops`, and + Σ `waste` = `launchedFlops`. */
export interface TermRow extends PhaseCosts {
  /** Such as `qkv`; `total` in the last row. */
  readonly term: string;
  /** Generalised Table 1, one forward pass of this work. */
  readonly forwardFlops: number;
  /** The closed form of the whole work: three times forward where gradients are computed. */
  readonly closedFlops: number;
  /** Values of one layer's inference working set (not what training keeps). */
  readonly activations: number;
  /** Values. */
  readonly parameters: number;
  readonly phases: Readonly<Record<'forward' | 'backward' | 'update', PhaseCosts>>;
  /** What the plan's mathematics has beyond the closed form, or lacks. */
  readonly differences: readonly NamedFlops[];
  /** What no reason covers: 0, or the closed form is wrong about this model. */
  readonly unexplainedFlops: number;
  /** What is launched beyond the mathematics. */
  readonly waste: readonly NamedFlops[];
  /** Sums over the kernel table, where it is given. */
  readonly predictedSeconds?: number;
  readonly measuredSeconds?: number;
  /** Measured seconds over those of all terms. */
  readonly measuredShare?: number;
}

/** All terms of one kind of work. */
export interface TermTable {
  readonly work: 'training' | 'evaluation' | 'prefill' | 'decode';
  /** What is counted, such as `one training step: 4 × 256 tokens`. */
  readonly title: string;
  /** Tokens that go in. */
  readonly tokens: number;
  /** In the order of a step; terms that have neither closed form nor dispatch are left out. */
  readonly rows: readonly TermRow[];
  readonly total: TermRow;
  /** How the kernels were timed, where they were. */
  readonly method?: string;
}

/** The tables of a model, with what they count. */
export interface TermReport {
  readonly convention: string;
  readonly tables: readonly TermTable[];
}

/** Calls about terms. */
export interface TermsApi {
  /** Formula and plan of an experiment, and the measurement too if its run's kernel table was measured. */
  costTerms(experiment: ExperimentJson): Promise<Result<TermReport>>;
}
