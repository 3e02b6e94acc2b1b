// Stands before every shader of attention over whole sequences: sizes, where heads lie in a row of qkv, which keys a query
// sees, and which probabilities dropout keeps. Query i sees keys i − window < j ≤ i; chunks of keys or queries that are
// wholly outside are skipped by the kernels' loops.

override batch: u32;
override time: u32;
override heads: u32;
override keyValueHeads: u32;
override rowStride: u32;
override qOffset: u32;
override kOffset: u32;
override vOffset: u32;
override scale: f32;
override dropout: f32;
override window: u32; // `time` where every earlier key is seen

// WGSL lets a compiler assume that no value is infinite; far below every score, exp(lowest − maximum) is 0 all the
// same.
const lowest = -1.0e30; // stands for −∞, which WGSL may assume never to happen

/// The first key that a query sees.
fn firstVisible(query: u32) -> u32 {
  return query + 1u - min(query + 1u, window);
}

/// One past the last query that sees a key.
fn endOfViewers(key: u32) -> u32 {
  return min(time, key + window);
}

/// keys + window and not queries − window, which would wrap below 0.
fn isHidden(queries: vec4<u32>, keys: vec4<u32>) -> vec4<bool> {
  if (window >= time) {
    return keys > queries;
  }
  return (keys > queries) | (keys + window <= queries);
}

/// 0 for a dropped probability, 1 / (1 − dropout) for a kept one; 1 without dropout.
fn keepFactor(sample: u32, head: u32, query: u32, key: u32) -> f32 {
  if (dropout == 0.0) {
    return 1.0;
  }
  // The counter of a place in [heads, time, time], whoever computes it: forward and backward draw the same mask, in
  // tiles or rows alike, and nothing of it is stored. It may wrap for huge T, which only repeats numbers.
  let element = (head * time + query) * time + key;
  let uniform01 = randomUniform(step.dropoutSeed, step.step, step.sampleOffset + sample, launch.operation, element);
  return select(0.0, 1.0 / (1.0 - dropout), uniform01 >= dropout);
}

/// The same of four probabilities.
fn keepFactors(sample: u32, head: u32, queries: vec4<u32>, keys: vec4<u32>) -> vec4<f32> {
  return vec4<f32>(
    keepFactor(sample, head, queries.x, keys.x),
    keepFactor(sample, head, queries.y, keys.y),
    keepFactor(sample, head, queries.z, keys.z),
    keepFactor(sample, head, queries.w, keys.w),
  );
}
