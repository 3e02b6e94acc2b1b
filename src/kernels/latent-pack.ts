// Packs the projections of latent attention in rows for the attention kernels, with positions, and takes gradients apart.
import source from '../../shaders/latent-pack.wgsl?raw';
import { type Dims, defineKernel, type NumberArray } from '../plan/kernel.ts';
import type { Tape } from '../plan/tape.ts';
import { describeTensor, type Tensor } from '../plan/tensor.ts';
import { passGradient } from './add.ts';
import { elementGroups, elementSteps } from './launch.ts';
import { prologue } from './prologue.ts';

const dims = ['rows', 'time', 'heads', 'headSize', 'ropeSize', 'valueSize'] as const;

type PackDims = Dims<(typeof dims)[number]>;

// With positions, two sequences; and without, where nothing is rotated.
const selfTest: readonly PackDims[] = [
  { rows: 14, time: 7, heads: 3, headSize: 5, ropeSize: 4, valueSize: 6 },
  { rows: 9, time: 9, heads: 2, headSize: 8, ropeSize: 0, valueSize: 3 },
];

/** From a laptop's miniature to a layer of 16 heads with DeepSeek-V2's proportions (128 + 64, values of 128). */
const calibration: readonly PackDims[] = [
  { rows: 256, time: 64, heads: 4, headSize: 32, ropeSize: 16, valueSize: 32 },
  { rows: 1024, time: 256, heads: 6, headSize: 64, ropeSize: 32, valueSize: 64 },
  { rows: 2048, time: 512, heads: 16, headSize: 64, ropeSize: 32, valueSize: 64 },
];

/** Columns of queries, of keys with values, of the packed row, and of all gradients together. */
function columnsOf({ heads, headSize, ropeSize, valueSize }: PackDims) {
  const queries = heads * (headSize + ropeSize);
  const keyValues = heads * (headSize + valueSize);
  return {
    queries,
    keyValues,
    qkv: 2 * queries + heads * valueSize,
    gradients: queries + keyValues + ropeSize,
  };
}

/** Extents of everything that is packed; without rotated parts nothing reads their tensors. */
function shapesOf(sizes: PackDims) {
  const { rows, time, ropeSize } = sizes;
  const { queries, keyValues, qkv } = columnsOf(sizes);
  return {
    queries: { shape: [rows, queries] },
    keyValues: { shape: [rows, keyValues] },
    ropeKey: { shape: [rows, Math.max(1, ropeSize)] },
    table: { shape: [time, Math.max(1, ropeSize / 2), 2] },
    qkv: { shape: [rows, qkv] },
  };
}

/** qkv = query heads | key heads | value heads, the rotated key in each key head. */
export const latentPackForward = defineKernel({
  name: 'latentPack.forward',
  role: 'packing',
  arithmetic: 'rotary positions',
  source: prologue + source,
  entryPoint: 'forward',
  dims,
  reads: ['queries', 'keyValues', 'ropeKey', 'table'],
  writes: ['qkv'],
  optional: ['ropeKey', 'table'],
  constants: (sizes) => ({ steps: elementSteps(sizes.rows * columnsOf(sizes).qkv) }),
  tensors: shapesOf,
  selfTest,
  calibration,
  // by the columns that are written: reading them apart costs divisions, not memory
  workgroups: (sizes) => elementGroups(sizes.rows * columnsOf(sizes).qkv),
  // Of each rotated query and the one key, two products and a sum per element; the key is rotated again for each head.
  usefulFlops: ({ rows, heads, ropeSize }) => 3 * rows * ropeSize * (heads + 1),
  launchedFlops: ({ rows, heads, ropeSize }) => 6 * rows * ropeSize * heads,
  // every projection once, the packed row, and the table of angles
  bytes: (sizes) => {
    const { queries, keyValues, qkv } = columnsOf(sizes);
    return 4 * (sizes.rows * (queries + keyValues + sizes.ropeSize + qkv) + sizes.time * sizes.ropeSize);
  },
  reference({ queries, keyValues, ropeKey, table, qkv }, sizes) {
    const { rows, heads, headSize, ropeSize, valueSize } = sizes;
    const [keySize, pairSize, columns] = [headSize + ropeSize, headSize + valueSize, columnsOf(sizes)];
    for (let row = 0; row < rows; row++) {
      for (let head = 0; head < heads; head++) {
        // Keys without positions lie with values, head by head, since one projection out of the latents makes
        // both.
        const query = row * columns.qkv + head * keySize;
        const key = query + columns.queries;
        const value = row * columns.qkv + 2 * columns.queries + head * valueSize;
        const from = row * columns.queries + head * keySize;
        const up = row * columns.keyValues + head * pairSize;
        for (let d = 0; d < headSize; d++) {
          qkv[query + d] = queries[from + d];
          qkv[key + d] = keyValues[up + d];
        }
        for (let d = 0; d < valueSize; d++) qkv[value + d] = keyValues[up + headSize + d];
        turn(queries, from + headSize, qkv, query + headSize, table, row, sizes, 1);
        // One rotated key for all heads (DeepSeek-V2, section 2.1.3): the cache then holds it once.
        turn(ropeKey, row * ropeSize, qkv, key + headSize, table, row, sizes, 1);
      }
    }
  },
});

/** Gradients of queries, of keys and values, and of the rotated key, which is the sum over heads. */
export const latentPackBackward = defineKernel({
  name: 'latentPack.backward',
  role: 'packing',
  arithmetic: 'rotary positions',
  source: prologue + source,
  entryPoint: 'backward',
  dims,
  reads: ['dqkv', 'table'],
  writes: ['dQueries', 'dKeyValues', 'dRopeKey'],
  optional: ['table', 'dRopeKey'],
  constants: (sizes) => ({ steps: elementSteps(sizes.rows * columnsOf(sizes).gradients) }),
  tensors: (sizes) => {
    const { queries, keyValues, ropeKey, table, qkv } = shapesOf(sizes);
    return { dqkv: qkv, table, dQueries: queries, dKeyValues: keyValues, dRopeKey: ropeKey };
  },
  selfTest,
  calibration,
  // all gradients of a row in one sweep: those of heads, and the shared key's once
  workgroups: (sizes) => elementGroups(sizes.rows * columnsOf(sizes).gradients),
  // Back rotations, and sums over heads; both of a pair are summed for each of them.
  usefulFlops: ({ rows, heads, ropeSize }) => rows * ropeSize * (3 * (heads + 1) + heads - 1),
  launchedFlops: ({ rows, heads, ropeSize }) => rows * ropeSize * (3 * (heads + 1) + 2 * heads),
  bytes: (sizes) => {
    const { qkv, gradients } = columnsOf(sizes);
    // the packed gradients once, all gradients once, the angles
    return 4 * (sizes.rows * (qkv + gradients) + sizes.time * sizes.ropeSize);
  },
  reference({ dqkv, table, dQueries, dKeyValues, dRopeKey }, sizes) {
    const { rows, heads, headSize, ropeSize, valueSize } = sizes;
    const [keySize, pairSize, columns] = [headSize + ropeSize, headSize + valueSize, columnsOf(sizes)];
    const sums = new Float64Array(ropeSize);
    for (let row = 0; row < rows; row++) {
      sums.fill(0);
      for (let head = 0; head < heads; head++) {
        const query = row * columns.qkv + head * keySize;
        const key = query + columns.queries;
        const value = row * columns.qkv + 2 * columns.queries + head * valueSize;
        const from = row * columns.queries + head * keySize;
        const up = row * columns.keyValues + head * pairSize;
        for (let d = 0; d < headSize; d++) {
          dQueries[from + d] = dqkv[query + d];
          dKeyValues[up + d] = dqkv[key + d];
        }
        for (let d = 0; d < valueSize; d++) dKeyValues[up + headSize + d] = dqkv[value + d];
        for (let d = 0; d < ropeSize; d++) sums[d] += dqkv[key + headSize + d];
        turn(dqkv, query + headSize, dQueries, from + headSize, table, row, sizes, -1);
      }
      turn(sums, 0, dRopeKey, row * ropeSize, table, row, sizes, -1);
    }
  },
});

/** Rotates ropeSize elements by the row's position into another place; direction −1 turns back. */
function turn(
  from: NumberArray,
  first: number,
  to: NumberArray,
  out: number,
  table: NumberArray,
  row: number,
  { time, ropeSize }: PackDims,
  direction: number,
): void {
  const half = ropeSize / 2;
  for (let d = 0; d < half; d++) {
    const angle = ((row % time) * half + d) * 2;
    const [cosine, sine] = [table[angle], table[angle + 1] * direction];
    const [a, b] = [from[first + d], from[first + d + half]];
    to[out + d] = a * cosine - b * sine;
    to[out + d + half] = b * cosine + a * sine;
  }
}

/** Sizes of one head of latent attention. */
export interface LatentHeads {
  readonly heads: number;
  /** Channels of queries and keys without positions. */
  readonly headSize: number;
  /** Channels of queries and of the shared key that are rotated; 0 for none. */
  readonly ropeSize: number;
  readonly valueSize: number;
}

/** The rotated key of each token, [batch · time, ropeSize], and the table of `ropeTable`, persistent [≥ time, …]. */
export interface LatentRope {
  readonly ropeKey: Tensor;
  readonly table: Tensor;
}

/**
 * Rows for `attention` with as many key/value heads as heads, keys of headSize + ropeSize.
 * @param queries [batch · time, heads · (headSize + ropeSize)], head by head: unrotated part, part to rotate
 * @param keyValues [batch · time, heads · (headSize + valueSize)], head by head: key, value
 * @param rope left out if and only if ropeSize is 0
 * @returns [batch · time, heads · (2 · (headSize + ropeSize) + valueSize)]
 * @throws if a shape does not fit the heads.
 */
export function latentPack(
  tape: Tape,
  queries: Tensor,
  keyValues: Tensor,
  rope: LatentRope | undefined,
  options: LatentHeads & { readonly time: number },
): Tensor {
  const { time, heads, headSize, ropeSize, valueSize } = options;
  const rows = queries.shape[0] ?? 1;
  const sizes = { rows, time, heads, headSize, ropeSize, valueSize };
  const columns = columnsOf(sizes);
  const ropeKey = rope?.ropeKey;
  if (
    queries.shape[1] !== columns.queries ||
    keyValues.shape[1] !== columns.keyValues ||
    (ropeKey?.shape[1] ?? 0) !== ropeSize ||
    ropeSize % 2 !== 0
  ) {
    throw new Error(
      `latentPack: for ${heads} heads of ${headSize} + ${ropeSize} and ${valueSize}, queries must be ` +
        `[${rows}, ${columns.queries}], keys and values [${rows}, ${columns.keyValues}] and the rotated key of even ` +
        `size ${ropeSize}, but they are ${describeTensor(queries)}, ${describeTensor(keyValues)} and ` +
        `${ropeKey ? describeTensor(ropeKey) : 'none'}. Check the projections.`,
    );
  }
  const table = rope ? { table: rope.table } : {};
  const qkv = tape.tensor('qkv', [rows, columns.qkv]);
  const read = { queries, keyValues, ...(rope ?? {}) };
  tape.dispatch(latentPackForward, sizes, { ...read, qkv });
  tape.onBackward([queries, keyValues, ropeKey], qkv, (dqkv) => {
    const like = (tensor: Tensor) => tape.tensor(`∂${tensor.name}`, tensor.shape);
    const [dQueries, dKeyValues] = [like(queries), like(keyValues)];
    const dRopeKey = ropeKey && like(ropeKey);
    const written = { dQueries, dKeyValues, ...(dRopeKey ? { dRopeKey } : {}) };
    tape.dispatch(latentPackBackward, sizes, { dqkv, ...table, ...written });
    passGradient(tape, queries, dQueries);
    passGradient(tape, keyValues, dKeyValues);
    if (ropeKey && dRopeKey) passGradient(tape, ropeKey, dRopeKey);
  });
  return qkv;
}
