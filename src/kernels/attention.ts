// Flash-style causal attention: grouped query heads, separate key and value sizes, windows, caps, sinks and dropout inside,
// memory linear in time.
import plainSource from '../../shaders/attention-plain.wgsl?raw';
import stripsSource from '../../shaders/attention-strips.wgsl?raw';
import subgroupSource from '../../shaders/attention-subgroup.wgsl?raw';
import tiledSource from '../../shaders/attention-tiled.wgsl?raw';
import tilesSource from '../../shaders/attention-tiles.wgsl?raw';
import blockSource from '../../shaders/matmul-block.wgsl?raw';
import { type Dims, defineKernel, type NumberArray, type Scalars } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, elementCount, type Tensor } from '../plan/tensor.ts';
import { recordAttentionDelta, recordAttentionGradients } from './attention-backward.ts';
import { capFlops, cappedScore } from './attention-cap.ts';
import { attentionPrologue, firstVisible, keepFactor } from './attention-mask.ts';
import {
  type AttentionSizes,
  type AttentionTile,
  attendedPairs,
  attentionCalibration,
  attentionDims,
  attentionSelfTest,
  attentionTensors,
  launchedPairs,
  packedDims,
  type ScoreOptions,
  suitsStrips,
  suitsTiles,
} from './attention-shape.ts';
import { recordSinkGradients } from './attention-sinks.ts';
import { ranked } from './tile-variants.ts';

const forwardDims = [...attentionDims, 'hasSinks'] as const;
type ForwardDims = Dims<(typeof forwardDims)[number]>;

/** What the variants of the forward pass have in common. */
const forwardFamily = {
  role: 'attention',
  arithmetic: 'softmax arithmetic',
  entryPoint: 'forward',
  dims: forwardDims,
  reads: ['qkv', 'sinks'],
  writes: ['y', 'logSumExp'],
  optional: ['sinks'],
  selfTest: attentionSelfTest.map((dims, index) => ({ ...dims, hasSinks: 1 - index })),
  calibration: attentionCalibration.map((dims) => ({ ...dims, hasSinks: 0 })),
  tensors: (dims: ForwardDims) => {
    const { qkv, y, logSumExp } = attentionTensors(dims);
    return { qkv, sinks: { shape: [dims.heads] }, y, logSumExp };
  },
  // Pairs that are masked count nowhere but in launchedFlops: a causal triangle is half of T².
  usefulFlops: (dims: ForwardDims) => attendedPairs(dims) * forwardFlopsPerPair(dims) + sinkFlops(dims),
  countedFlops: (dims: ForwardDims) => attendedPairs(dims) * 2 * (dims.keySize + dims.valueSize),
  // qkv is read once, as if keys that many queries read came from caches; y and logSumExp are written
  bytes: ({ batch, time, heads, valueSize, rowStride, hasSinks }: ForwardDims) =>
    4 * (batch * time * (rowStride + heads * valueSize + heads) + heads * hasSinks),
  reference: forwardReference,
} as const;

/** y and logSumExp of attention, one invocation per query row. */
export const attentionForward = defineKernel({
  ...forwardFamily,
  name: 'attention.forward/plain',
  source: attentionPrologue + plainSource,
  // Head sizes are constants of the pipeline: private arrays must have a size when they are compiled.
  constants: ({ keySize, valueSize }) => ({ keySize, valueSize }),
  // q and o of a row stand in private memory
  suits: ({ keySize, valueSize }) => keySize <= 256 && valueSize <= 256,
  workgroups: ({ batch, heads, time }) => batch * heads * Math.ceil(time / 64),
  // keys come in chunks of eight, the last of them partly masked
  launchedFlops: (dims) => launchedPairs(dims, 1, 8) * forwardFlopsPerPair(dims) + sinkFlops(dims),
});

/** y and logSumExp of attention, four query rows per lane of a subgroup of `lanes`. */
function subgroupForward(lanes: 4 | 8): typeof attentionForward {
  return defineKernel({
    ...forwardFamily,
    name: `attention.forward/subgroup${lanes}`,
    source: attentionPrologue + stripsSource + subgroupSource,
    requires: ['subgroups'],
    constants: ({ keySize, valueSize }) => ({ keySize, valueSize, lanes }),
    suits: (dims, device) => suitsStrips(lanes, dims, device),
    workgroups: ({ batch, heads, time }) => batch * heads * Math.ceil(time / (4 * lanes)),
    launchedFlops: (dims) =>
      launchedPairs(dims, 4 * lanes, 4 * lanes) * forwardFlopsPerPair(dims) + sinkFlops(dims),
  });
}

/**
 * y and logSumExp of attention, tiles of `ownTile` queries × 32 keys in workgroup memory. Queries are staged once where they
 * fit beside the rest: for 64 of them always, which is what their variant is for, and for 32 where heads have 32 dimensions.
 * Of 256 tokens and heads of 64, a head then loads 98 304 numbers and not 221 184; of 1024, 36 % of as many.
 */
function tiledForward(ownTile: 32 | 64, name: string): typeof attentionForward {
  const tileOf = ({ keySize }: ForwardDims): AttentionTile => {
    const slabs = Math.ceil(keySize / 32);
    return { ownTile, keptSlabs: ownTile === 64 || slabs === 1 ? slabs : 0 };
  };
  return defineKernel({
    ...forwardFamily,
    name: `attention.forward/${name}`,
    source: attentionPrologue + blockSource + tilesSource + tiledSource,
    constants: (dims) => ({ keySize: dims.keySize, valueSize: dims.valueSize, ...tileOf(dims) }),
    suits: (dims, device) => suitsTiles(tileOf(dims), dims, device),
    workgroups: ({ batch, heads, time }) => batch * heads * Math.ceil(time / ownTile),
    launchedFlops: (dims) => launchedPairs(dims, ownTile, 32) * forwardFlopsPerPair(dims) + sinkFlops(dims),
  });
}

const [wideForward, narrowForward] = [tiledForward(64, 'tiled-64'), tiledForward(32, 'tiled')];

/**
 * True where the larger tile goes before the smaller one: with fewer workgroups a wide GPU is not filled, and along the
 * diagonal of short sequences and windows more of it is masked.
 */
function paysWide(dims: ForwardDims): boolean {
  const [wide, narrow] = [launchedPairs(dims, 64, 32), launchedPairs(dims, 32, 32)];
  return wideForward.workgroups(dims) >= 256 && wide <= 1.25 * narrow;
}

/**
 * Variants of the forward pass, the one to prefer first.
 * On a real GPU the tiled one runs; subgroups of exactly 4 or 8 lanes are those of software adapters.
 */
export const attentionForwards: readonly (typeof attentionForward)[] = [
  subgroupForward(8),
  subgroupForward(4),
  wideForward,
  narrowForward,
  attentionForward,
];

/** The variants for these sizes, the one to prefer first. */
function forwardsFor(dims: ForwardDims): readonly (typeof attentionForward)[] {
  const variants = attentionForwards.map((kernel) => ({
    kernel,
    pays: () => kernel !== wideForward || paysWide(dims),
  }));
  return ranked(variants, dims);
}

/** The product q·k and the sum p·v, then scale, cap, maximum, subtract, exp, sum. */
function forwardFlopsPerPair({ keySize, valueSize, softcap }: ForwardDims): number {
  return 2 * keySize + 2 * valueSize + 5 + capFlops({ softcap });
}

/** Per row, one more logit's maximum, subtract, exp, sum. */
function sinkFlops({ batch, time, heads, hasSinks }: ForwardDims): number {
  return 4 * batch * time * heads * hasSinks;
}

function forwardReference(
  { qkv, sinks, y, logSumExp }: Readonly<Record<'qkv' | 'sinks' | 'y' | 'logSumExp', NumberArray>>,
  dims: ForwardDims,
  scalars: Scalars,
): void {
  const { batch, time, heads, keyValueHeads, keySize, valueSize, rowStride, scale } = dims;
  // Softmax in two passes over a row of scores: that the shaders rescale running sums instead is what the tests check.
  const scores = new Float64Array(time);
  for (let sample = 0; sample < batch; sample++) {
    for (let head = 0; head < heads; head++) {
      const keyValueHead = Math.floor((head * keyValueHeads) / heads);
      const keyColumn = dims.kOffset + keyValueHead * keySize;
      const valueColumn = dims.vOffset + keyValueHead * valueSize;
      for (let query = 0; query < time; query++) {
        const q = (sample * time + query) * rowStride + dims.qOffset + head * keySize;
        const sink = dims.hasSinks === 1 ? sinks[head] : Number.NEGATIVE_INFINITY;
        const firstKey = firstVisible(query, dims.window);
        let largest = sink;
        for (let key = firstKey; key <= query; key++) {
          const k = (sample * time + key) * rowStride + keyColumn;
          let dot = 0;
          for (let d = 0; d < keySize; d++) dot += qkv[q + d] * qkv[k + d];
          scores[key] = cappedScore(dot * scale, dims.softcap);
          largest = Math.max(largest, scores[key]);
        }
        let sum = Math.exp(sink - largest);
        for (let key = firstKey; key <= query; key++) sum += Math.exp(scores[key] - largest);
        const out = ((sample * time + query) * heads + head) * valueSize;
        for (let d = 0; d < valueSize; d++) y[out + d] = 0;
        for (let key = firstKey; key <= query; key++) {
          const v = (sample * time + key) * rowStride + valueColumn;
          // Dropout acts on probabilities after they are normalised: the sum is over all keys, dropped ones too.
          const keep = keepFactor(dims, scalars, sample, head, query, key);
          const probability = (Math.exp(scores[key] - largest) / sum) * keep;
          for (let d = 0; d < valueSize; d++) y[out + d] += probability * qkv[v + d];
        }
        // The one number a row that the backward pass needs to compute its probabilities again.
        logSumExp[(sample * heads + head) * time + query] = largest + Math.log(sum);
      }
    }
  }
}

/** Options of an attention. */
export interface AttentionOptions extends AttentionSizes, ScoreOptions {
  /** Factor of the scores, 1 / √keySize unless given. */
  readonly scale?: number;
  /** Probability of dropping an attention probability, in [0, 1), 0 unless given; pass none outside training. */
  readonly dropout?: number;
  /** [heads]: a learned logit a head that takes part in its softmax and adds nothing. */
  readonly sinks?: Tensor | undefined;
}

/**
 * Causal attention. qkv: [batch · time, heads · keySize + keyValueHeads · (keySize + valueSize)], each row packed as query
 * heads | key heads | value heads. Returns [batch · time, heads · valueSize].
 * @throws if qkv or the sinks have another shape, query heads do not divide into key/value heads, or a setting is none.
 */
export function attention(tape: Tape, qkv: Tensor, options: AttentionOptions): Tensor {
  const { batch, time, heads, keySize, valueSize, sinks } = options;
  checkOptions(options);
  const dropout = options.dropout ?? 0;
  // Only dropout draws numbers: without it, layers of one shape share one pipeline.
  const operation = dropout > 0 ? tape.nextOperation() : 0;
  const dims = packedDims(options, options.scale ?? 1 / Math.sqrt(keySize), dropout, operation, options);
  checkShapes(qkv, options, dims.rowStride);
  // Both are kept for the backward pass: y in delta, logSumExp in every probability.
  const y = tape.tensor('attention', [batch * time, heads * valueSize]);
  const logSumExp = tape.tensor('logSumExp', [batch, heads, time]);
  const forward = { ...dims, hasSinks: sinks ? 1 : 0 };
  const bindings = { qkv, ...(sinks ? { sinks } : {}), y, logSumExp };
  tape.dispatch(tape.choose(forwardsFor(forward), forward), forward, bindings);
  // Asked now: when the closure runs, the tape is past deciding what needs a gradient.
  const wanted = { qkv: tape.needsGradient(qkv), sinks: tape.needsGradient(sinks) };
  tape.onBackward([qkv, sinks], y, (dy) => {
    // First, since gradients of the sinks and of qkv read it both.
    const delta = recordAttentionDelta(tape, dims, { y, dy });
    if (sinks && wanted.sinks) recordSinkGradients(tape, dims, { sinks, logSumExp, delta });
    if (wanted.qkv) recordAttentionGradients(tape, dims, { qkv, dy, logSumExp, delta });
  });
  return y;
}

function checkOptions({
  time,
  heads,
  keyValueHeads,
  dropout = 0,
  window = time,
  softcap = 0,
}: AttentionOptions) {
  if (heads % keyValueHeads !== 0) {
    throw new Error(
      `attention: ${heads} query heads do not divide into ${keyValueHeads} key/value heads. Pass a divisor.`,
    );
  }
  if (!(dropout >= 0 && dropout < 1)) {
    throw new Error(`attention: dropout is ${dropout}. Pass a probability in [0, 1).`);
  }
  if (!Number.isInteger(window) || window < 1) {
    throw new Error(`attention: the window is ${window}. Pass a whole number of tokens, 1 or more.`);
  }
  if (!(softcap >= 0 && softcap < Number.POSITIVE_INFINITY)) {
    throw new Error(`attention: softcap is ${softcap}. Pass a positive number, or 0 for none.`);
  }
}

function checkShapes(qkv: Tensor, { sinks, ...sizes }: AttentionOptions, rowStride: number): void {
  const { batch, time, heads, keyValueHeads, keySize, valueSize } = sizes;
  const [rows, columns] = qkv.shape;
  if (rows !== batch * time || columns !== rowStride || qkv.shape.length !== 2) {
    throw new Error(
      `attention: qkv must be [${batch * time}, ${rowStride}] for ${heads} and ${keyValueHeads} heads of ` +
        `${keySize} and ${valueSize}, but is ${describeTensor(qkv)}. Check the projection's width.`,
    );
  }
  if (sinks && elementCount(sinks.shape) !== heads) {
    throw new Error(
      `attention: the sinks are ${describeTensor(sinks)} for ${heads} heads. Pass one logit a head, [${heads}].`,
    );
  }
}
