// Activation functions and their slopes, by `kind`: GELU by tanh or by erf, or by the sigmoid of 1.702v (all Hendrycks and
// Gimpel 2016), SiLU, ReLU, its square (So et al. 2021). Stands before the kernels that activate. Exponents are clamped: WGSL
// may assume that nothing is infinite. As (1 + tanh u) ÷ 2 is the sigmoid of 2u, GELU by tanh is v · sigmoid(2u), which costs
// one exponential and cannot overflow.

override kind: u32 = 0u;

// GELU by tanh: v · (1 + tanh(√(2/π) · (v + 0.044715 v³))) ÷ 2, with the halves moved into the constants.
const linear = 1.5957691216; // 2 √(2/π)
const cubic = 0.0713548163;  // 2 √(2/π) · 0.044715
const quick = 1.702;

// kinds: the order of the table in activation-functions.ts
const geluTanh = 0u;
const gelu = 1u;
const silu = 2u;
const relu = 3u;
const reluSquared = 4u;
const quickGelu = 5u;

/// 1 ÷ (1 + e^−v). Below −80 it is 1e-35, nearly 0, and e^80 is still a float: e^89 is not.
fn sigmoid(v: f32) -> f32 {
  return 1.0 / (1.0 + exp(min(-v, 80.0)));
}

/// Φ(v) with |error| ≤ 0.75e-7: erf by Abramowitz and Stegun 7.1.26.
fn normalCdf(v: f32) -> f32 {
  let z = min(abs(v), 12.0) * 0.7071067812;
  let t = 1.0 / (1.0 + 0.3275911 * z);
  let tail = 1.421413741 + t * (-1.453152027 + t * 1.061405429);
  // Five coefficients by Horner's rule; z ≤ 12 keeps exp(−z²) an ordinary number or 0.
  let series = t * (0.254829592 + t * (-0.284496736 + t * tail));
  let upper = 0.5 * series * exp(-z * z);
  return select(1.0 - upper, upper, v < 0.0);
}

/// `kind` is a constant of the pipeline: one case remains when it is compiled.
fn activate(v: f32) -> f32 {
  switch (kind) {
    case geluTanh: { return v * sigmoid(v * (linear + cubic * v * v)); }
    case gelu: { return v * normalCdf(v); }
    case silu: { return v * sigmoid(v); }
    case relu: { return max(v, 0.0); }
    case reluSquared: { return max(v, 0.0) * max(v, 0.0); }
    case quickGelu: { return v * sigmoid(quick * v); }
    default: { return 0.0; }
  }
}

/// f′, from v alone: whoever wants it keeps v. Where relu has none, at 0, it is 0, as in PyTorch.
fn slope(v: f32) -> f32 {
  switch (kind) {
    case geluTanh: {
      let s = sigmoid(v * (linear + cubic * v * v));
      return s * (1.0 + v * (1.0 - s) * (linear + 3.0 * cubic * v * v));
    }
    case gelu: {
      // (v · Φ(v))′ = Φ(v) + v · φ(v), φ the density; past 12 it is 0 in f32, and its exponent would leave the range.
      let z = min(abs(v), 12.0);
      return normalCdf(v) + v * 0.3989422804 * exp(-0.5 * z * z);
    }
    case silu: {
      let s = sigmoid(v);
      return s * (1.0 + v * (1.0 - s));
    }
    case relu: { return select(0.0, 1.0, v > 0.0); }
    case reluSquared: { return 2.0 * max(v, 0.0); }
    case quickGelu: {
      let s = sigmoid(quick * v);
      return s * (1.0 + quick * v * (1.0 - s));
    }
    default: { return 0.0; }
  }
}
