// Largest and sum over a workgroup whose invocations share the keys of one query. Stands before such shaders.
//
// From the shader that follows: threads, a power of two.

var<workgroup> partial: array<f32, threads>;

/// Largest of the workgroup's values, in every invocation.
fn workgroupMaximum(value: f32, invocation: u32) -> f32 {
  partial[invocation] = value;
  workgroupBarrier();
  for (var width = threads / 2u; width > 0u; width = width / 2u) {
    if (invocation < width) {
      partial[invocation] = max(partial[invocation], partial[invocation + width]);
    }
    workgroupBarrier();
  }
  let result = partial[0];
  workgroupBarrier();
  return result;
}

/// Sum of the workgroup's values in a fixed order, in every invocation.
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
