// Rounds what a cache keeps of packed rows to int8 and puts it into a ring of `context` rows for each slot, as
// cache-append.wgsl does with the numbers themselves: position p lies in row p mod context. The layout of a row is that of
// src/plan/quantised-cache.ts. prefill: the last `context` of the rows below step.length, into step.slot; decode: a row of each
// slot, at the position in its state. One workgroup per row and part (a head's key or value).
//
// scale = largest magnitude ÷ 127, rounded up to 16 bits of mantissa: then 7-bit multiples of it are exact, and the remainder
// decides the rounding where a division is an ulp off. A part with a number that is not finite gets a scale that is none.

override rows: u32;
override slots: u32;        // sequences that have a ring
override parts: u32;        // first parts of a row, and as many second ones
override firstSize: u32;
override secondSize: u32;   // 0 where there are none
override context: u32;      // rows of a ring
override rowsPerRing: u32;  // rows of the state that share a ring
override rowStride: u32;    // of the packed rows
override firstOffset: u32;  // where the first parts start in one
override secondOffset: u32;

@group(0) @binding(0) var<storage, read> packed: array<f32>;      // [rows, rowStride]
@group(0) @binding(1) var<storage, read> state: array<u32>;       // [slots · rowsPerRing, 4], a row's first is its position
@group(0) @binding(2) var<storage, read_write> cache: array<u32>; // [slots, context, words of a row]

const threads = 32u;
const notFinite = 0x7f800000u; // magnitudes from here on are infinite or no numbers
var<workgroup> largest: array<u32, threads>;

/// Parts of a row: the second ones only where they have a size.
fn rowParts() -> u32 {
  return parts * select(2u, 1u, secondSize == 0u);
}

/// The scale of a part whose largest magnitude has these bits, as bits: 0 where it would be subnormal.
fn scaleOf(magnitude: u32) -> u32 {
  if (magnitude >= notFinite) {
    return 0x7fc00000u;
  }
  // Adding 0xff and clearing 8 bits rounds the magnitude up; a carry goes into the exponent, as it should.
  let exact = bitcast<u32>(bitcast<f32>(magnitude) * (1.0 / 127.0));
  let rounded = (exact + 0xffu) & 0xffffff00u;
  return select(rounded, 0u, rounded < 0x00800000u);
}

/// The nearest multiple of the scale, halves away from zero, as a byte.
fn byteOf(x: f32, scale: f32) -> u32 {
  let magnitude = abs(x);
  var q = floor(magnitude / scale + 0.5);
  // Exact, by the scale's few bits: where the quotient was rounded across a half, the remainder tells.
  let rest = magnitude - q * scale;
  q += select(0.0, 1.0, rest >= 0.5 * scale) - select(0.0, 1.0, rest < -0.5 * scale);
  let whole = i32(min(q, 127.0));
  return bitcast<u32>(select(whole, -whole, x < 0.0)) & 255u;
}

/// Rounds one part of a packed row into a row of the cache.
fn quantise(row: u32, part: u32, cacheRow: u32, invocation: u32) {
  let isFirst = part < parts;
  let size = select(secondSize, firstSize, isFirst);
  let words = (size + 3u) / 4u;
  let index = select(part - parts, part, isFirst);
  let allWords = parts * ((firstSize + 3u) / 4u + (secondSize + 3u) / 4u);
  let source = row * rowStride + select(secondOffset, firstOffset, isFirst) + index * size;
  let start = cacheRow * (allWords + rowParts());
  let to = start + select(parts * ((firstSize + 3u) / 4u), 0u, isFirst) + index * words;

  var own = 0u; // magnitudes are ordered as their bits, and what is no number is above them
  for (var i = 0u; i < 0x10000u; i++) {
    let d = i * threads + invocation;
    if (d >= size) {
      break;
    }
    own = max(own, bitcast<u32>(packed[source + d]) & 0x7fffffffu);
  }
  largest[invocation] = own;
  workgroupBarrier();
  for (var width = threads / 2u; width > 0u; width = width / 2u) {
    if (invocation < width) {
      largest[invocation] = max(largest[invocation], largest[invocation + width]);
    }
    workgroupBarrier();
  }
  let bits = scaleOf(largest[0]);
  if (invocation == 0u) {
    cache[start + allWords + part] = bits;
  }
  // Scale 0 says that all is 0. A scale that is no number makes every product none, so that the text ends as it would
  // have without quantisation.
  let isEmpty = bits == 0u || bits >= notFinite;
  for (var i = 0u; i < 0x10000u; i++) {
    let word = i * threads + invocation;
    if (word >= words) {
      break;
    }
    var value = 0u;
    for (var c = 0u; c < 4u; c++) {
      let d = 4u * word + c;
      if (d < size && !isEmpty) {
        value |= byteOf(packed[source + d], bitcast<f32>(bits)) << (8u * c);
      }
    }
    cache[to + word] = value;
  }
}

/// The end of a prompt, as much of it as the ring holds.
@compute @workgroup_size(threads)
fn prefill(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let group = linearWorkgroup(id);
  let length = min(rows, step.length);
  let kept = min(length, context);
  if (group >= launch.endWorkgroup || group >= kept * rowParts()) {
    return;
  }
  let row = length - kept + group / rowParts();
  quantise(row, group % rowParts(), min(step.slot, slots - 1u) * context + row % context, invocation);
}

/// A row of each slot, at its position.
@compute @workgroup_size(threads)
fn decode(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let group = linearWorkgroup(id);
  if (group >= launch.endWorkgroup || group >= slots * rowsPerRing * rowParts()) {
    return;
  }
  let row = group / rowParts();
  quantise(row, group % rowParts(), row / rowsPerRing * context + state[4u * row] % context, invocation);
}
