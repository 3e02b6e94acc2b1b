// Sum over a workgroup in two steps, for kernels that have one result a workgroup: `corners` invocations add up what every
// corners-th one has, and the first adds up theirs. A tree would do with fewer additions one after the other, but wants a
// barrier a level, and barriers are what a software adapter pays for. The order depends on the workgroup's size alone.
//
// From the shader that follows: threads, a multiple of 16.

const corners = 16u;
var<workgroup> partial: array<f32, threads>;
var<workgroup> corner: array<f32, corners>;

/// Leaves in `corner` the sums of what `count` invocations, `threads` at most, left in `partial`.
fn fillCorners(thread: u32, count: u32) {
  // All values are there …
  workgroupBarrier();
  if (thread < corners) {
    var sum = 0.0;
    for (var i = 0u; i < count / corners; i++) {
      sum += partial[thread + i * corners];
    }
    corner[thread] = sum;
  }
  // … and all corners' sums.
  workgroupBarrier();
}

/// Sum of the corners.
fn sumOfCorners() -> f32 {
  var sum = 0.0;
  for (var i = 0u; i < corners; i++) {
    sum += corner[i];
  }
  return sum;
}

/// Sum of the workgroup's values, in the first invocation; 0 in the others.
fn cornerSum(value: f32, thread: u32) -> f32 {
  partial[thread] = value;
  fillCorners(thread, threads);
  if (thread == 0u) {
    return sumOfCorners();
  }
  return 0.0;
}
