// The soft cap of attention scores, softcap · tanh(score ÷ softcap) (Gemma 2, 2024), and its slope. Stands before every
// shader that computes scores. tanh is spelled out: as a quotient of exponentials it overflows far from 0 and loses its
// digits near it.

override softcap: f32; // 0 leaves scores as they are

fn capped(scores: vec4<f32>) -> vec4<f32> {
  if (softcap == 0.0) {
    return scores;
  }
  let x = scores / softcap;
  let squares = x * x;
  var series = fma(squares, vec4<f32>(62.0 / 2835.0), vec4<f32>(-17.0 / 315.0));
  series = fma(squares, fma(squares, series, vec4<f32>(2.0 / 15.0)), vec4<f32>(-1.0 / 3.0));
  // Below |x| = 1/4: tanh x = x − x³/3 + 2x⁵/15 − 17x⁷/315 + 62x⁹/2835, whose next term is under 2⁻²⁴ of it there.
  let near = fma(x * squares, series, x);
  // Of −2|x|, which only ever falls to 0: tanh |x| = (1 − e) / (1 + e).
  let e = exp(-2.0 * abs(x));
  return softcap * select(sign(x) * (1.0 - e) / (1.0 + e), near, squares < vec4<f32>(0.0625));
}

/// The slope of `capped` where its value is `scores`.
/// tanh′ = 1 − tanh², from the value that is at hand, so that the backward pass needs no exponential of its own.
fn capSlope(scores: vec4<f32>) -> vec4<f32> {
  if (softcap == 0.0) {
    return vec4<f32>(1.0);
  }
  let t = scores / softcap;
  return 1.0 - t * t;
}
