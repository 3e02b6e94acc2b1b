// Rows of the state that decoding advances, and the rings of a layer's cache: which rows a position and a query have there.

/** Bytes of a row of the state: position of the next token, that token, the number of the draw, and tokens drawn. */
export const stateBytes: usize = 16;

/** Position of a row of the state. */
export function positionOf(state: usize, row: i32): u32 {
  return load<u32>(state + <usize>row * stateBytes);
}

/** Token that a row of the state goes on from. */
export function tokenOf(state: usize, row: i32): i32 {
  return load<i32>(state + <usize>row * stateBytes, 4);
}

/** Row of the cache, rings one behind the other, for a position of a row of the state: `rowsPerRing` share a ring. */
export function ringRow(row: i32, rowsPerRing: i32, context: i32, position: u32): i32 {
  return (row / rowsPerRing) * context + <i32>(position % <u32>context);
}

/** How many positions a query sees: up to its own, and `window` at most. */
export function keysInSight(position: u32, window: i32): i32 {
  return <i32>min<u32>(position + 1, <u32>window);
}

/** Row of the ring with the first of the `keys` positions in sight. They lie one behind the other; the ring may end among them. */
export function firstInSight(position: u32, keys: i32, context: i32): i32 {
  return <i32>((position + 1 - <u32>keys) % <u32>context);
}

/** Keys from a row of the ring on that are read together: as many as wanted, up to where the ring ends. */
export function keysTogether(row: i32, wanted: i32, context: i32): i32 {
  return min(wanted, context - row);
}
