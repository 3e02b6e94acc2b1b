// The contract of the model diagram: the parts of a model, how they are joined, and what each costs. Types only.

import type { KernelRow } from './kernels.ts';
import type { ExperimentJson, Result } from './values.ts';

/** What a part is, for its sign in the drawing. */
export type PartKind =
  | 'embedding'
  | 'norm'
  | 'product'
  | 'position'
  | 'attention'
  | 'activation'
  | 'router'
  | 'experts'
  | 'sum'
  | 'head'
  | 'loss'
  | 'update'
  | 'other';

/** A tensor's sizes, and the same in the letters of the alphabet where one fits: `[B·T, C]`. */
export interface DiagramShape {
  readonly sizes: readonly number[];
  readonly letters: string;
}

/** What flows into a part. */
export interface DiagramInput {
  /** The part that made it. */
  readonly from: string;
  readonly shape: DiagramShape;
  /** `main` is worked on, `residual` is added, `aside` is taken along (an expert's weight). */
  readonly role: 'main' | 'residual' | 'aside';
}

/** Figures of a part in one training step, all of its micro-batches. */
export interface PartCosts {
  readonly parameters: number;
  /** Parameters that one token uses: of experts only the chosen. */
  readonly activeParameters: number;
  /** Useful flops, a multiply-add as two. */
  readonly forwardFlops: number;
  readonly backwardFlops: number;
  readonly updateFlops: number;
  /** Bytes that its dispatches move. */
  readonly movedBytes: number;
  /** Bytes of it that are alive between the forward and the backward pass of one micro-batch. */
  readonly keptBytes: number;
}

/** One part of a model: a norm, a product, attention. */
export interface DiagramPart extends PartCosts {
  /** Unique in a diagram. */
  readonly id: string;
  readonly kind: PartKind;
  readonly title: string;
  /** What is particular about it; may be empty. */
  readonly detail: string;
  readonly inputs: readonly DiagramInput[];
  readonly output: DiagramShape;
  /** Parameters of another part that it uses, too: a tied head. */
  readonly shared: readonly string[];
  /** Indices into the rows of the diagram. */
  readonly dispatches: readonly number[];
}

/** The parts of one layer, in the order of the forward pass. */
export interface DiagramBlock {
  readonly layer: number;
  /** L local or G global, where a pattern has both; else empty. */
  readonly mark: '' | 'L' | 'G';
  /** How it differs from other layers, in words; empty where all are alike. */
  readonly note: string;
  readonly parts: readonly DiagramPart[];
}

/** Layers that repeat: `times` × a unit of runs of alike layers, from layer `first` on. */
export interface DiagramSection {
  readonly first: number;
  readonly times: number;
  /** Layers in each run of the unit: 5 and 1 for LLLLLG. */
  readonly runs: readonly number[];
}

/** A model as it is drawn, with the kernel rows behind it. */
export interface ModelDiagram {
  /** Parts before the first block. */
  readonly before: readonly DiagramPart[];
  readonly blocks: readonly DiagramBlock[];
  readonly sections: readonly DiagramSection[];
  /** Parts after the last block; the last one is the update. */
  readonly after: readonly DiagramPart[];
  /** Sums over all parts. */
  readonly total: PartCosts;
  /** Number of experts and how many a token takes; 0 without experts. */
  readonly experts: { readonly count: number; readonly perToken: number };
  /** The letters of the shapes with their values, such as `C 96`. */
  readonly letters: readonly { readonly letter: string; readonly value: number; readonly meaning: string }[];
  readonly rows: readonly KernelRow[];
  /** Times that all rows but those of the update run in one step. */
  readonly accumulation: number;
  /** How the rows were timed. */
  readonly method: string;
}

/** Calls about the diagram. */
export interface DiagramApi {
  /** The model of an experiment as a diagram, from the plan that would run. Allocates nothing, needs no run. */
  modelDiagram(experiment: ExperimentJson): Promise<Result<ModelDiagram>>;
}
