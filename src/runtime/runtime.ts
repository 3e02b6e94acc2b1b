// What the lab needs of anything that executes plans: GPU, WASM threads and the reference loops all offer it.
import type { NumberArray, Scalars } from '../plan/kernel.ts';
import type { Plan } from '../plan/plan.ts';
import type { Tensor } from '../plan/tensor.ts';

/** What executes plans: WebGPU, WebAssembly on threads, or the reference loops. */
export type RuntimeKind = 'gpu' | 'wasm' | 'cpu';

/** New elements for a tensor. */
export interface TensorWrite {
  readonly tensor: Tensor;
  readonly data: NumberArray;
}

/** One pass over a plan with its step record. */
export interface Replay {
  readonly plan: Plan;
  readonly scalars: Scalars;
  /** Tensors overwritten just before it, where the runtime has `uploadBytes`: replays of one submission differ by them. */
  readonly writes?: readonly TensorWrite[];
  /** Tensors copied out just behind it, likewise; their arrays come before those that are read behind all. */
  readonly reads?: readonly Tensor[];
}

/** Work that was handed over. */
export interface Submission {
  /** Resolves when the work is done, with the tensors asked for; rejects if the device was lost. */
  readonly done: Promise<readonly NumberArray[]>;
  /** Seconds the device was busy with it, by its own clock; undefined where it has none. Settles with `done`. */
  readonly gpuSeconds: Promise<number | undefined>;
  /** Seconds this thread spent describing the work. */
  readonly encodeSeconds: number;
}

/** Executes plans that were given at creation. Nothing is allocated after that but by `read`. */
export interface Runtime {
  readonly kind: RuntimeKind;
  /** Bytes really allocated for tensors. */
  readonly allocatedBytes: number;
  /** Bytes of `writes` that one submission may carry; 0 where replays have neither writes nor reads of their own. */
  readonly uploadBytes: number;
  /** Seconds of one replay of a plan as observed so far; undefined before that, and where nobody measures. */
  observedSeconds(plan: Plan): number | undefined;
  /**
   * Hands over replays in order; resolves once they are queued, which may wait for earlier work. Wait for it before
   * the next `write`, which goes to the queue at once.
   * @param reads tensors copied out behind the work (losses, samples): small ones, through a fixed ring
   */
  submit(replays: readonly Replay[], reads?: readonly Tensor[]): Promise<Submission>;
  /** Overwrites a tensor, in order with the submissions. */
  write(tensor: Tensor, data: NumberArray): void;
  /** Copies a tensor of any size out, in order with the submissions. */
  read(tensor: Tensor): Promise<NumberArray>;
  /** Resolves when everything submitted is done. */
  idle(): Promise<void>;
  dispose(): void;
}
