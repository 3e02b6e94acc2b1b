// Sum and argmax over the invocations of a workgroup that draws a token, each in an order that is fixed.
//
// From corner-sums.wgsl: partial, corner, cornerSum.

override threadLevels: u32; // log₂ of the invocations

const threads = 1u << threadLevels;
var<workgroup> best: array<u32, threads>;

/// Sum in every invocation. Counts up to 2²⁴ are exact.
fn workgroupSum(value: f32, thread: u32) -> f32 {
  let sum = cornerSum(value, thread);
  // cornerSum leaves it in the first invocation; all want it.
  if (thread == 0u) {
    corner[0] = sum;
  }
  workgroupBarrier();
  return corner[0];
}

/// Id of the largest value, of equals the lowest, in every invocation.
fn workgroupArgmax(value: f32, id: u32, thread: u32) -> u32 {
  partial[thread] = value;
  best[thread] = id;
  for (var level = 0u; level < threadLevels; level++) {
    let half = threads >> (level + 1u);
    workgroupBarrier();
    if (thread < half) {
      let other = partial[thread + half];
      if (other > partial[thread] || (other == partial[thread] && best[thread + half] < best[thread])) {
        partial[thread] = other;
        best[thread] = best[thread + half];
      }
    }
  }
  workgroupBarrier();
  let winner = best[0];
  workgroupBarrier(); // the next call writes there
  return winner;
}
