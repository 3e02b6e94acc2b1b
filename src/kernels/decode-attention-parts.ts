// Decode attention over a long cache by few heads: the keys of a head are shared out over workgroups, whose sums are merged
// (flash decoding: Dao, Haziza, Massa, Sizov 2023).

import partsSource from '../../shaders/decode-attention-parts.wgsl?raw';
import mergeSource from '../../shaders/decode-attention-parts-merge.wgsl?raw';
import { type Dims, defineKernel } from '../plan/kernel.ts';
import { isSoftwareLike } from '../plan/software-like.ts';
import type { Tape } from '../plan/tape.ts';
import type { Tensor } from '../plan/tensor.ts';
import { capSource } from './attention-cap.ts';
import { ringSource } from './cache-ring.ts';
import {
  attendInLoops,
  cacheDims,
  type DecodeSizes,
  keysAt,
  keysSeen,
  probe,
  probePosition,
  scoreFlops,
  stateSpec,
} from './decode-attention-shape.ts';
import { prologue } from './prologue.ts';

/** Invocations of a workgroup, each of which scores a key at a time. */
const threads = 64;

const partDims = [...cacheDims, 'parts'] as const;
const mergeDims = ['slots', 'heads', 'valueSize', 'parts', 'hasSinks'] as const;

/**
 * A row of `partial`: values, then the largest score, the sum of weights, and two zeros.
 * Two zeros keep rows whole vec4s: a part is written and read four numbers at a time.
 */
const rowOf = ({ valueSize }: { readonly valueSize: number }) => valueSize + 4;

const partial = ({ slots, heads, parts, valueSize }: Dims<'slots' | 'heads' | 'parts' | 'valueSize'>) => ({
  shape: [slots, heads, parts, rowOf({ valueSize })],
});

/** Dims of so many parts; their kernel knows of no sink. */
const inParts = ({ hasSinks: _, ...sizes }: DecodeSizes, parts: number) => ({ ...sizes, parts });

/** Per head and part the weighted values of its keys, their largest score and the sum of weights. */
export const attentionParts = defineKernel({
  name: 'attention.decodeParts',
  role: 'attention',
  arithmetic: 'softmax arithmetic',
  source: prologue + capSource + ringSource + partsSource,
  entryPoint: 'main',
  dims: partDims,
  constants: ({ keySize, valueSize }) => ({ keySize, valueSize }),
  suits: ({ keySize, valueSize, rowStride, qOffset, rowWidth, valueOffset }, device) =>
    !isSoftwareLike(device) &&
    device.maxInvocationsPerWorkgroup >= threads &&
    // everything is read as vec4
    [keySize, valueSize, rowStride, qOffset, rowWidth, valueOffset].every((size) => size % 4 === 0) &&
    keySize <= 1024 &&
    valueSize <= 1024,
  reads: ['qkv', 'cache', 'state'],
  writes: ['partial'],
  tensors: (dims) => ({
    qkv: { shape: [dims.slots, dims.rowStride] },
    cache: { shape: [dims.slots / dims.rowsPerRing, dims.context, dims.rowWidth] },
    state: stateSpec(dims),
    partial: partial(dims),
  }),
  probeScalars: ({ context }) => ({ position: probePosition(context) }),
  selfTest: [
    { ...inParts(probe(4, 2, 8, 12, 100, 3), 3), softcap: 2 },
    inParts(probe(2, 2, 32, 32, 1100), 7),
  ],
  calibration: [
    inParts(probe(4, 4, 32, 32, 1024), 8),
    inParts(probe(6, 6, 64, 64, 1024), 16),
    inParts(probe(12, 12, 64, 64, 2048), 22),
  ],
  // a workgroup a part
  workgroups: ({ slots, heads, parts }) => slots * heads * parts,
  usefulFlops: (dims, scalars) =>
    dims.slots * dims.heads * keysAt(dims, scalars) * (scoreFlops(dims.keySize, dims) + 2 * dims.valueSize),
  countedFlops: (dims, scalars) =>
    dims.slots * dims.heads * keysAt(dims, scalars) * 2 * (dims.keySize + dims.valueSize),
  launchedFlops: (dims, scalars) => {
    const { slots, heads, parts, keySize, valueSize } = dims;
    const keys = keysAt(dims, scalars);
    // Each part scores a whole round of its 64 invocations; of values it sums only what there are.
    const scored = parts * Math.ceil(keys / parts / threads) * threads;
    return slots * heads * (scored * scoreFlops(keySize, dims) + keys * 2 * valueSize);
  },
  bytes: (dims, scalars) => {
    const { slots, heads, parts, keySize, rowWidth } = dims;
    return 4 * slots * (keysAt(dims, scalars) * rowWidth + heads * (keySize + parts * rowOf(dims)));
  },
  reference(arrays, dims) {
    const { slots, heads, parts, valueSize } = dims;
    const row = rowOf(dims);
    for (let slot = 0; slot < slots; slot++) {
      const keys = keysSeen(arrays, dims, slot);
      const share = Math.ceil(keys / parts);
      for (let head = 0; head < heads; head++) {
        for (let part = 0; part < parts; part++) {
          const some = [part * share, Math.min(keys, (part + 1) * share)] as const;
          const { largest, sum, values } = attendInLoops(arrays, dims, [slot, head], some);
          const out = ((slot * heads + head) * parts + part) * row;
          for (let d = 0; d < valueSize; d++) arrays.partial[out + d] = values[d];
          // A part without keys: its sum of 0 tells the merge to pass it over, whatever its maximum.
          const last = [sum > 0 ? largest : 0, sum, 0, 0];
          for (const [index, value] of last.entries()) arrays.partial[out + valueSize + index] = value;
        }
      }
    }
  },
});

/** y [slots, heads · valueSize] from the parts of each head, and a sink where there is one. */
export const attentionMerge = defineKernel({
  name: 'attention.decodeMerge',
  role: 'attention',
  arithmetic: 'softmax arithmetic',
  source: prologue + mergeSource,
  entryPoint: 'main',
  dims: mergeDims,
  constants: ({ valueSize }) => ({ valueSize }),
  reads: ['partial', 'sinks'],
  writes: ['y'],
  optional: ['sinks'],
  tensors: (dims) => ({
    // Sums of weights lie between 1 and the keys of a part; all other numbers may, too.
    partial: { ...partial(dims), fill: (uniform) => 0.5 + uniform },
    sinks: { shape: [dims.heads] },
    y: { shape: [dims.slots, dims.heads * dims.valueSize] },
  }),
  selfTest: [
    { slots: 3, heads: 4, valueSize: 12, parts: 3, hasSinks: 1 },
    { slots: 1, heads: 2, valueSize: 260, parts: 7, hasSinks: 0 },
  ],
  calibration: [
    { slots: 1, heads: 4, valueSize: 32, parts: 8, hasSinks: 0 },
    { slots: 1, heads: 6, valueSize: 64, parts: 16, hasSinks: 0 },
    { slots: 1, heads: 12, valueSize: 64, parts: 22, hasSinks: 0 },
  ],
  // a workgroup a head: parts are few, and its invocations share the columns
  workgroups: ({ slots, heads }) => slots * heads,
  // Per part a maximum, subtract, exp, and two to add its sum, and two a column; a division a column. Four of a sink.
  usefulFlops: ({ slots, heads, valueSize, parts, hasSinks }) =>
    slots * heads * (parts * (5 + 2 * valueSize) + valueSize + 4 * hasSinks),
  bytes: (dims) => 4 * dims.slots * dims.heads * (dims.parts * rowOf(dims) + dims.valueSize + dims.hasSinks),
  reference({ partial: of, sinks, y }, dims) {
    const { slots, heads, valueSize, parts } = dims;
    const row = rowOf(dims);
    for (let index = 0; index < slots * heads; index++) {
      const places = Array.from({ length: parts }, (_, part) => (index * parts + part) * row);
      // exp(score − m) of a part has the part's own m: times exp(m − largest) all have the same, and add up.
      const filled = places.filter((place) => of[place + valueSize + 1] > 0);
      const sink = dims.hasSinks === 1 ? sinks[index % heads] : Number.NEGATIVE_INFINITY;
      const largest = Math.max(sink, ...filled.map((place) => of[place + valueSize]));
      const weight = (place: number) => Math.exp(of[place + valueSize] - largest);
      const sum = filled.reduce(
        (total, place) => total + weight(place) * of[place + valueSize + 1],
        Math.exp(sink - largest),
      );
      for (let d = 0; d < valueSize; d++) {
        y[index * valueSize + d] =
          filled.reduce((total, place) => total + weight(place) * of[place + d], 0) / sum;
      }
    }
  },
});

/** Below so many workgroups a device is not filled, and as many are wanted then (as of matrix products). */
const [fewWorkgroups, wantedWorkgroups] = [128, 256];
/** Bytes of a head's keys and values from which sharing them out makes up for the merging, and the fewest of a part. */
const [longCache, shortestPart] = [2 ** 18, 2 ** 15];

/** Parts of the keys of a head: 1 where heads and slots fill the device, or the cache is short. */
export function partsFor(tape: Tape, dims: DecodeSizes): number {
  const { slots, heads, keySize, valueSize, context, valueOffset } = dims;
  const rowBytes = 4 * (valueOffset === 0 ? keySize : keySize + valueSize); // shared rows are read once
  const headBytes = context * rowBytes;
  if (slots * heads >= fewWorkgroups || headBytes < longCache) return 1;
  // As many as fill the device, but none shorter than what pays for its merging.
  const parts = Math.min(Math.ceil(wantedWorkgroups / (slots * heads)), Math.floor(headBytes / shortestPart));
  return tape.runs(attentionParts, inParts(dims, parts)) && tape.runs(attentionMerge, dims) ? parts : 1;
}

/** Records decode attention of one query a slot, with so many parts a head. */
export function recordInParts(
  tape: Tape,
  dims: DecodeSizes,
  parts: number,
  { y, sinks, ...tensors }: Readonly<Record<'qkv' | 'cache' | 'state' | 'y', Tensor>> & { sinks?: Tensor },
): void {
  const { slots, heads, valueSize, hasSinks } = dims;
  // Two dispatches: a head is done when all its parts are, and only the end of a dispatch says so.
  const sums = tape.tensor('attention parts', [slots, heads, parts, rowOf(dims)]);
  tape.dispatch(attentionParts, inParts(dims, parts), { ...tensors, partial: sums });
  const merge = { slots, heads, valueSize, parts, hasSinks };
  tape.dispatch(attentionMerge, merge, { partial: sums, y, ...(sinks ? { sinks } : {}) });
}
