// Activations element by element, and their gradients.
import { activate, activationKinds, slopeOf } from './numeric/activations.ts';
import { grain, grains } from './numeric/grain.ts';
import { madd, storeLanes } from './numeric/vector.ts';

/** y = f(x). */
export function activationForward(x: usize, y: usize, elements: i32, kind: i32, first: i32, last: i32): void {
  const end = min(last * grain, elements);
  for (let i = first * grain; i < end; i += 4) {
    const at = (<usize>i) << 2;
    storeLanes(y + at, activate(kind, v128.load(x + at)), end - i);
  }
}

/** Units of work. */
export function activationForwardUnits(elements: i32): i32 {
  return grains(elements);
}

/** Whether this kind is known here. */
export function activationForwardSuits(kind: i32): bool {
  return kind < activationKinds;
}

/** dx = f′(x) · dy (+ dx). */
export function activationBackward(
  x: usize,
  dy: usize,
  dx: usize,
  elements: i32,
  kind: i32,
  accumulate: i32,
  first: i32,
  last: i32,
): void {
  const end = min(last * grain, elements);
  for (let i = first * grain; i < end; i += 4) {
    const at = (<usize>i) << 2;
    const before = accumulate ? v128.load(dx + at) : f32x4.splat(0);
    storeLanes(dx + at, madd(slopeOf(kind, v128.load(x + at)), v128.load(dy + at), before), end - i);
  }
}

/** Units of work. */
export function activationBackwardUnits(elements: i32): i32 {
  return grains(elements);
}

/** Whether this kind is known here. */
export function activationBackwardSuits(kind: i32): bool {
  return kind < activationKinds;
}
