// Stands before the kernels of decode attention: which rows of a layer's cache a query reads. A slot's cache is a ring in which
// position p lies in row p mod context. Several rows of the state may share a ring, tokens of one text that are decoded
// together: a query sees the positions up to its own and none behind it, which are in the ring already.

override context: u32;     // rows of a ring
override window: u32;      // positions that a query sees, its own included: at most `context`
override rowsPerRing: u32; // rows of the state that share a ring

struct Sight {
  ring: u32,  // row of the cache where the ring starts
  first: u32, // row of the ring with the first position in sight
  count: u32, // of positions in sight
}

/// What row `slot` of the state sees from a position.
fn sightFrom(slot: u32, position: u32) -> Sight {
  // A ring may hold more than the window, where tokens decoded together share it: each sees its own part.
  let count = min(position + 1u, window);
  return Sight(slot / rowsPerRing * context, (position + 1u - count) % context, count);
}

/// Rows of the cache with these keys, counted from the first one in sight.
fn rowsOfKeys(sight: Sight, keys: vec4<u32>) -> vec4<u32> {
  // One subtraction in place of a remainder: first and key are both below `context`.
  let rows = sight.first + keys;
  return sight.ring + select(rows, rows - context, rows >= vec4<u32>(context));
}
