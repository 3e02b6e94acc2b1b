// Packs the projections of latent attention in rows for the attention kernels, with positions, and takes gradients apart.
import { rotatePairs } from './numeric/rotate.ts';
import { storeLanes } from './numeric/vector.ts';

/** qkv = query heads | key heads | value heads, the rotated key in each key head. */
export function latentPackForward(
  queries: usize,
  keyValues: usize,
  ropeKey: usize,
  table: usize,
  qkv: usize,
  time: i32,
  heads: i32,
  headSize: i32,
  ropeSize: i32,
  valueSize: i32,
  first: i32,
  last: i32,
): void {
  const headBytes = (<usize>headSize) << 2;
  const ropeBytes = (<usize>ropeSize) << 2;
  const valueBytes = (<usize>valueSize) << 2;
  const keyBytes = headBytes + ropeBytes;
  const half = ropeSize >> 1;
  for (let row = first; row < last; row++) {
    const angles = table + <usize>(row % time) * ropeBytes;
    let query = qkv + <usize>(row * heads) * (2 * keyBytes + valueBytes);
    let key = query + <usize>heads * keyBytes;
    let value = key + <usize>heads * keyBytes;
    let from = queries + <usize>(row * heads) * keyBytes;
    let up = keyValues + <usize>(row * heads) * (headBytes + valueBytes);
    for (let head = 0; head < heads; head++) {
      memory.copy(query, from, headBytes);
      memory.copy(key, up, headBytes);
      memory.copy(value, up + headBytes, valueBytes);
      rotatePairs(from + headBytes, query + headBytes, angles, half, 1);
      rotatePairs(ropeKey + <usize>row * ropeBytes, key + headBytes, angles, half, 1);
      query += keyBytes;
      key += keyBytes;
      value += valueBytes;
      from += keyBytes;
      up += headBytes + valueBytes;
    }
  }
}

/** Units of work: rows. */
export function latentPackForwardUnits(rows: i32): i32 {
  return rows;
}

/** Gradients of queries, of keys and values, and of the rotated key, which is the sum over heads. */
export function latentPackBackward(
  dqkv: usize,
  table: usize,
  dQueries: usize,
  dKeyValues: usize,
  dRopeKey: usize,
  time: i32,
  heads: i32,
  headSize: i32,
  ropeSize: i32,
  valueSize: i32,
  first: i32,
  last: i32,
): void {
  const headBytes = (<usize>headSize) << 2;
  const ropeBytes = (<usize>ropeSize) << 2;
  const valueBytes = (<usize>valueSize) << 2;
  const keyBytes = headBytes + ropeBytes;
  const half = ropeSize >> 1;
  for (let row = first; row < last; row++) {
    const angles = table + <usize>(row % time) * ropeBytes;
    let query = dqkv + <usize>(row * heads) * (2 * keyBytes + valueBytes);
    let key = query + <usize>heads * keyBytes;
    let value = key + <usize>heads * keyBytes;
    let to = dQueries + <usize>(row * heads) * keyBytes;
    let up = dKeyValues + <usize>(row * heads) * (headBytes + valueBytes);
    const rotated = dRopeKey + <usize>row * ropeBytes;
    memory.fill(rotated, 0, ropeBytes);
    for (let head = 0; head < heads; head++) {
      memory.copy(to, query, headBytes);
      memory.copy(up, key, headBytes);
      memory.copy(up + headBytes, value, valueBytes);
      rotatePairs(query + headBytes, to + headBytes, angles, half, -1);
      for (let d = 0; d < ropeSize; d += 4) {
        const at = (<usize>d) << 2;
        const sum = f32x4.add(v128.load(rotated + at), v128.load(key + headBytes + at));
        storeLanes(rotated + at, sum, ropeSize - d);
      }
      query += keyBytes;
      key += keyBytes;
      value += valueBytes;
      to += keyBytes;
      up += headBytes + valueBytes;
    }
    rotatePairs(rotated, rotated, angles, half, -1);
  }
}

/** Units of work: rows. */
export function latentPackBackwardUnits(rows: i32): i32 {
  return rows;
}
