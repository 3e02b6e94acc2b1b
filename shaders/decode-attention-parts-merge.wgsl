// The second half of flash decoding: y = Σ exp(largest − L) · sums of values ÷ Σ exp(largest − L) · sum of weights over the
// parts that decode-attention-parts.wgsl left of each slot and head, L the largest score of all. One workgroup per slot and
// head; an invocation has a vec4 of columns at a time, and adds the parts in their order.

override valueSize: u32; // of a head of values, a multiple of 4
override slots: u32; // sequences that are decoded together
override heads: u32;
override parts: u32;
override hasSinks: u32;

@group(0) @binding(0) var<storage, read> partial: array<vec4<f32>>; // [slots, heads, parts, valueSize ÷ 4 + 1]
@group(0) @binding(1) var<storage, read> sinks: array<f32>;         // [heads], or unused
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>; // [slots, heads, valueSize ÷ 4]

const threads = 64u;
const valueVectors = valueSize / 4u;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup) {
    return;
  }
  // Softmax over all keys, from softmaxes of parts: each part's sums are relative to its own largest score, and
  // exp(its largest − the largest of all) makes them comparable (Dao et al. 2023, Flash-Decoding).
  let pitch = valueVectors + 1u;
  let first = group * parts * pitch;
  var largest = partial[first + valueVectors].x; // the first part always has a key
  for (var part = 1u; part < parts; part++) {
    let row = partial[first + part * pitch + valueVectors];
    largest = select(largest, max(largest, row.x), row.y > 0.0);
  }
  var sum = 0.0;
  if (hasSinks == 1u) { // a key whose score is learned and whose value is 0
    largest = max(largest, sinks[group % heads]);
    sum = exp(sinks[group % heads] - largest);
  }
  for (var part = 0u; part < parts; part++) {
    let row = partial[first + part * pitch + valueVectors];
    sum += exp(min(row.x - largest, 0.0)) * row.y; // parts without keys say 0, and weigh 0
  }
  for (var i = 0u; i < (valueVectors + threads - 1u) / threads; i++) {
    let column = i * threads + invocation;
    if (column < valueVectors) {
      // Every invocation computes the parts' factors again: they are few, and need no memory between.
      var total = vec4<f32>();
      for (var part = 0u; part < parts; part++) {
        let at = first + part * pitch;
        total = fma(vec4<f32>(exp(min(partial[at + valueVectors].x - largest, 0.0))), partial[at + column], total);
      }
      y[group * valueVectors + column] = total / sum;
    }
  }
}
