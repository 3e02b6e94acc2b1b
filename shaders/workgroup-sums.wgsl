// Largest and sum over a workgroup, in a tree. Stands before the shaders whose workgroups share a row, or the keys of a query.
//
// From the shader that follows: threads, a power of two.

var<workgroup> partial: array<f32, threads>;

/// Largest of the workgroup's values, in every invocation.
fn workgroupMaximum(value: f32, invocation: u32) -> f32 {
  partial[invocation] = value;
  // All values are there before anybody compares two.
  workgroupBarrier();
  for (var width = threads / 2u; width > 0u; width = width / 2u) {
    if (invocation < width) {
      partial[invocation] = max(partial[invocation], partial[invocation + width]);
    }
    workgroupBarrier();
  }
  let result = partial[0];
  workgroupBarrier(); // all have read it before the next reduction writes there
  return result;
}

/// Sum of the workgroup's values, in every invocation. The tree's shape depends on the workgroup's size alone: float
/// addition is not associative, so that its order is part of the result, and the same seed gives the same bits.
fn workgroupSum(value: f32, invocation: u32) -> f32 {
  partial[invocation] = value;
  workgroupBarrier();
  for (var width = threads / 2u; width > 0u; width = width / 2u) {
    if (invocation < width) {
      partial[invocation] += partial[invocation + width];
    }
    workgroupBarrier();
  }
  let result = partial[0];
  workgroupBarrier();
  return result;
}
