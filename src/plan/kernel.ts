// A kernel is a declaration: WGSL, what it reads and writes, its launch, its cost and the same sums in plain loops.
import type { Arithmetic, KernelRole, Waste } from './role.ts';
import type { ElementType, Tensor } from './tensor.ts';

/** Device features that a kernel may need; names are WebGPU's own. */
export type Feature =
  | 'subgroups'
  | 'shader-f16'
  | 'timestamp-query'
  | 'chromium-experimental-subgroup-matrix';

/** Storage of a reference: f32 to compare with the GPU, f64 to check gradients, u32 for indices. */
export type NumberArray = Float32Array | Float64Array | Uint32Array;

/** Shape letters and options of one dispatch. Keys are names of the WGSL's `override`s or launch record. */
export type Dims<D extends string = string> = Readonly<Record<D, number>>;

/** `rows 3, columns 257`, by which shapes are told apart, and for tables. */
export function shapeText(dims: Dims): string {
  return listed(Object.entries(dims));
}

function listed(entries: readonly (readonly [key: string, value: number])[]): string {
  return entries.map(([key, value]) => `${key} ${value}`).join(', ');
}

/** Dims that say where a dispatch's data lies or which random numbers it draws. */
const placements: ReadonlySet<string> = new Set([
  'operation',
  'biasOffset',
  'firstElement',
  'firstRow',
  'firstPart',
  'slot',
  'markSlot',
]);

/** The shape without what changes no work, such as the layer: dispatches of a kernel that share it take the same time. */
export function workText(dims: Dims): string {
  return listed(Object.entries(dims).filter(([key]) => !placements.has(key)));
}

/** Values of the step record (learning rate, position …), by the names in the prologue's `struct Step`. */
export type Scalars = Readonly<Record<string, number>>;

/** What a binding must hold for given dims: recording checks extents by it, self-test and calibration fill it. */
export interface BindingSpec {
  /** Elements from the binding's start; a strided operand counts up to its last element. */
  readonly shape: readonly number[];
  /** f32 unless said. */
  readonly elementType?: ElementType;
  /** Test values from a uniform number in [0, 1); standard normal unless given (u32 bindings must give it). */
  readonly fill?: (uniform: number, index: number) => number;
}

/** One way to compute something on the GPU, with everything that anybody needs to know about it. */
export interface Kernel<D extends string = string, B extends string = string> {
  /** Unique, such as `softmax.forward` or `matmul.nn/subgroup`: the family, and after a slash what tells a variant. */
  readonly name: string;
  /** What it is for: what the model's diagram, the cost terms and the lessons know of it. */
  readonly role: KernelRole;
  /** What people call it, where its role is not enough. */
  readonly title?: string;
  /** Name of the flops that no closed form counts; left out where there are none. */
  readonly arithmetic?: Arithmetic;
  /** Why it launches more than is useful; the role says it unless given. */
  readonly waste?: Waste;
  /** WGSL module text, prologue included. */
  readonly source: string;
  readonly entryPoint: string;
  readonly dims: readonly D[];
  /** Names of the WGSL variables bound for reading / for writing (or both). Numbers are parsed from the WGSL. */
  readonly reads: readonly B[];
  readonly writes: readonly B[];
  /** Bindings that a dispatch may leave out; the runtime binds a few zero bytes and a dim says "unused". */
  readonly optional?: readonly B[];
  readonly requires?: readonly Feature[];
  /** Sums that an invocation keeps in registers: of variants that are as quick, the one with fewer is taken. */
  readonly sums?: number;
  /** Values that WGSL wants as `const` (register tiles, array sizes); the source declares each as an `override`. */
  readonly constants?: (dims: Dims<D>) => Readonly<Record<string, number>>;
  /** Parameters of the WASM function that are no dims: they tell apart the families that one function serves. */
  readonly wasmConstants?: Dims;
  /** False where this variant must not or should not run (a head size too large, a tile much too big). */
  readonly suits?: (dims: Dims<D>, device: Capabilities) => boolean;
  /** Every binding's extent, element type and plausible values. */
  readonly tensors: (dims: Dims<D>) => Readonly<Record<B, BindingSpec>>;
  /** Small shapes for the self-test on a visitor's device; they must cover the options (accumulate, bias …). */
  readonly selfTest: readonly Dims<D>[];
  /** Largest accepted |GPU − reference| ÷ max(1, max |reference|) of the self-test. Defaults to 1e-5. */
  readonly tolerance?: number;
  /** Step scalars that go with the values of `tensors` where the cost depends on them (a position, a length). */
  readonly probeScalars?: (dims: Dims<D>) => Scalars;
  /** Three shapes, small to large, typical of tiny models, at which calibration times the kernel. */
  readonly calibration: readonly Dims<D>[];
  /** Workgroups on a linear grid; the runtime folds it past 65 535 and may slice it. */
  readonly workgroups: (dims: Dims<D>) => number;
  /** Floating-point operations of the mathematics, a multiply-add as two. The same for every variant. */
  readonly usefulFlops: (dims: Dims<D>, scalars: Scalars) => number;
  /** Of these those that closed forms count: products, and a multiply-add per normed value. None unless given. */
  readonly countedFlops?: (dims: Dims<D>, scalars: Scalars) => number;
  /** Operations that this variant really launches (padding, recomputation). Defaults to usefulFlops. */
  readonly launchedFlops?: (dims: Dims<D>, scalars: Scalars) => number;
  /** Of these those that another kernel has done already. None unless given. */
  readonly repeatedFlops?: (dims: Dims<D>, scalars: Scalars) => number;
  /** Bytes moved between memory and the kernel if every tensor is touched once per use. */
  readonly bytes: (dims: Dims<D>, scalars: Scalars) => number;
  /** The same computation in plain loops over whatever float storage the arrays have. */
  readonly reference: (arrays: Readonly<Record<B, NumberArray>>, dims: Dims<D>, scalars: Scalars) => void;
}

/** What recording may assume of the device. Plain data: a plan can be recorded for a device that is not here. */
export interface Capabilities {
  readonly features: ReadonlySet<string>;
  readonly subgroupMinSize: number;
  readonly subgroupMaxSize: number;
  readonly maxBindingBytes: number;
  readonly maxBufferBytes: number;
  readonly maxWorkgroupStorageBytes: number;
  readonly maxInvocationsPerWorkgroup: number;
  /** Kernels that the device was seen not to compile, whatever its features say: other variants are taken. */
  readonly without?: ReadonlySet<string>;
}

/** WebGPU's default limits and no feature: what every device can do. */
export const baselineCapabilities: Capabilities = {
  features: new Set(),
  subgroupMinSize: 1,
  subgroupMaxSize: 128,
  maxBindingBytes: 134_217_728,
  maxBufferBytes: 268_435_456,
  maxWorkgroupStorageBytes: 16_384,
  maxInvocationsPerWorkgroup: 256,
};

/** The family of a kernel's name: variants of one computation share it, and variant tables and WASM functions are keyed by it. */
export function familyOf(name: string): string {
  return name.split('/', 1)[0] ?? name;
}

/**
 * Which of the variants that a device can run is taken for given dims; undefined leaves it to the built-in order, in which
 * they are given.
 */
export type VariantTable = (runnable: readonly Kernel[], dims: Dims) => Kernel | undefined;

/** One launch of one kernel: the atom that prediction, execution and explanation all read. */
export interface Dispatch {
  readonly kernel: Kernel;
  readonly dims: Dims;
  readonly bindings: Readonly<Record<string, Tensor>>;
  readonly workgroups: number;
  /** Where in the model: `layer 0 / attention / qkv`. */
  readonly label: string;
  readonly phase: Phase;
  /** Term of the cost model that the work belongs to, such as `qkv`; undefined outside every `Tape.term`. */
  readonly term?: string | undefined;
  /** Layer that the work belongs to; undefined for what no layer owns. */
  readonly layer?: number | undefined;
  /** True for forward work that a checkpoint records again for its gradients. */
  readonly isRecomputed?: boolean;
}

/** Part of a training step that a dispatch belongs to. */
export type Phase = 'forward' | 'backward' | 'update';

/** Infers the dim and binding names of a declaration, so that typos in its functions do not compile. */
export function defineKernel<const D extends string, const B extends string>(
  kernel: Kernel<D, B>,
): Kernel<D, B> {
  return kernel;
}
