// Gated activations: rows of gate | up become f(gate) ∘ up, and their gradients.
import { activate, activationKinds, slopeOf } from './numeric/activations.ts';
import { madd, storeLanes } from './numeric/vector.ts';

/** y = f(gate) ∘ up. */
export function gatedActivationForward(
  x: usize,
  y: usize,
  columns: i32,
  kind: i32,
  first: i32,
  last: i32,
): void {
  const bytes = (<usize>columns) << 2;
  for (let row = first; row < last; row++) {
    const gate = x + <usize>row * 2 * bytes;
    const out = y + <usize>row * bytes;
    for (let c = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      const value = activate(kind, v128.load(gate + at));
      storeLanes(out + at, f32x4.mul(value, v128.load(gate + bytes + at)), columns - c);
    }
  }
}

/** Units of work: rows. */
export function gatedActivationForwardUnits(rows: i32): i32 {
  return rows;
}

/** Whether this kind is known here. */
export function gatedActivationForwardSuits(kind: i32): bool {
  return kind < activationKinds;
}

/** dgate = f′(gate) ∘ up ∘ dy and dup = f(gate) ∘ dy (+ what is there). */
export function gatedActivationBackward(
  x: usize,
  dy: usize,
  dx: usize,
  columns: i32,
  kind: i32,
  accumulate: i32,
  first: i32,
  last: i32,
): void {
  const bytes = (<usize>columns) << 2;
  for (let row = first; row < last; row++) {
    const gate = x + <usize>row * 2 * bytes;
    const out = dx + <usize>row * 2 * bytes;
    const given = dy + <usize>row * bytes;
    for (let c = 0; c < columns; c += 4) {
      const at = (<usize>c) << 2;
      const g = v128.load(gate + at);
      const d = v128.load(given + at);
      const zero = f32x4.splat(0);
      const beforeGate = accumulate ? v128.load(out + at) : zero;
      const beforeUp = accumulate ? v128.load(out + bytes + at) : zero;
      const slope = f32x4.mul(slopeOf(kind, g), v128.load(gate + bytes + at));
      storeLanes(out + at, madd(slope, d, beforeGate), columns - c);
      storeLanes(out + bytes + at, madd(activate(kind, g), d, beforeUp), columns - c);
    }
  }
}

/** Units of work: rows. */
export function gatedActivationBackwardUnits(rows: i32): i32 {
  return rows;
}

/** Whether this kind is known here. */
export function gatedActivationBackwardSuits(kind: i32): bool {
  return kind < activationKinds;
}
