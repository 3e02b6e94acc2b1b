// y = a (+ b) (+ y), element by element; one invocation per element. Without b and y it is a copy.

override elements: u32;
override hasB: u32;
override accumulate: u32;

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  let element = group * 256u + thread;
  if (element >= elements) {
    return;
  }
  var sum = a[element];
  if (hasB == 1u) {
    sum += b[element];
  }
  if (accumulate == 1u) {
    sum += y[element];
  }
  y[element] = sum;
}
