// The arithmetic probe: chains of multiply-adds that wait for nothing but themselves.
import { madd } from './numeric/vector.ts';

/** Invocations of a workgroup of the kernel: a unit. */
const invocations: i32 = 64;

/** Where the chains of four invocations start: chain + 0.015625 · (invocation mod 64). */
function startOf(invocation: i32, chain: i32): v128 {
  const lanes = f32x4.add(f32x4.splat(<f32>invocation), f32x4(0, 1, 2, 3));
  return f32x4.add(f32x4.mul(lanes, f32x4.splat(0.015625)), f32x4.splat(<f32>chain));
}

/** y[i] = Σ of eight chains a ← a·m + c, 4 · `steps` long, of four invocations at a time. x: [m, c]. */
function fourInvocations(y: usize, m: v128, c: v128, links: i32, invocation: i32): void {
  let a0 = startOf(invocation, 0);
  let a1 = startOf(invocation, 1);
  let a2 = startOf(invocation, 2);
  let a3 = startOf(invocation, 3);
  let a4 = startOf(invocation, 4);
  let a5 = startOf(invocation, 5);
  let a6 = startOf(invocation, 6);
  let a7 = startOf(invocation, 7);
  for (let link = 0; link < links; link++) {
    a0 = madd(a0, m, c);
    a1 = madd(a1, m, c);
    a2 = madd(a2, m, c);
    a3 = madd(a3, m, c);
    a4 = madd(a4, m, c);
    a5 = madd(a5, m, c);
    a6 = madd(a6, m, c);
    a7 = madd(a7, m, c);
  }
  const sum = f32x4.add(f32x4.add(f32x4.add(a0, a1), a2), a3);
  v128.store(y, f32x4.add(f32x4.add(f32x4.add(f32x4.add(sum, a4), a5), a6), a7));
}

/** The kernel's chains, a workgroup a unit. */
export function fmaPeak(x: usize, y: usize, steps: i32, first: i32, last: i32): void {
  const m = v128.load32_splat(x);
  const c = v128.load32_splat(x, 4);
  for (let unit = first; unit < last; unit++) {
    for (let invocation = 0; invocation < invocations; invocation += 4) {
      fourInvocations(y + ((<usize>(unit * invocations + invocation)) << 2), m, c, 4 * steps, invocation);
    }
  }
}

/** Units of work. */
export function fmaPeakUnits(workgroups: i32): i32 {
  return workgroups;
}
