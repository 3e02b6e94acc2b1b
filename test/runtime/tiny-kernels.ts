// Kernels and plans that the runtime's tests run: nothing here is a kernel of the lab.
import { prologue } from '../../src/kernels/prologue.ts';
import { baselineCapabilities, defineKernel } from '../../src/plan/kernel.ts';
import { freeze, type Plan } from '../../src/plan/plan.ts';
import { persistentTensor } from '../../src/plan/store.ts';
import { Tape } from '../../src/plan/tape.ts';
import type { Tensor } from '../../src/plan/tensor.ts';

const head = `
override elements: u32;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
`;

const entry = (statement: string) => `
@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let workgroup = linearWorkgroup(group);
  if (workgroup >= launch.endWorkgroup) { return; }
  let i = workgroup * 64u + invocation;
  if (i < elements) { ${statement} }
}`;

/** y += x · learningRate + workgroup: shows which workgroups ran, how often, and with which step record. */
export const addScaled = defineKernel({
  name: 'test.addScaled',
  role: 'other',
  source: `${prologue}${head}${entry('y[i] += x[i] * step.learningRate + f32(workgroup);')}`,
  entryPoint: 'forward',
  dims: ['elements'],
  reads: ['x'],
  writes: ['y'],
  tensors: ({ elements }) => ({ x: { shape: [elements] }, y: { shape: [elements] } }),
  selfTest: [{ elements: 100 }],
  calibration: [{ elements: 100 }],
  workgroups: ({ elements }) => Math.ceil(elements / 64),
  usefulFlops: ({ elements }) => 3 * elements,
  bytes: ({ elements }) => 12 * elements,
  reference({ x, y }, { elements }, { learningRate = 0 }) {
    for (let i = 0; i < elements; i++) {
      y[i] = y[i] + Math.fround(x[i] * Math.fround(learningRate)) + Math.floor(i / 64);
    }
  },
});

/** addScaled with another body: for kernels that are wrong in a known way. */
export function broken(name: string, statement: string): typeof addScaled {
  return { ...addScaled, name, source: `${prologue}${head}${entry(statement)}` };
}

/** A plan that runs addScaled `count` times from x into y, both persistent. */
export function addPlan(
  elements: number,
  count = 1,
  name = 'add',
  into?: Tensor,
): { plan: Plan; x: Tensor; y: Tensor } {
  const x = persistentTensor('x', [elements], 'f32', 'state');
  const y = into ?? persistentTensor('y', [elements], 'f32', 'state');
  const tape = new Tape({ capabilities: baselineCapabilities });
  for (let i = 0; i < count; i++) tape.dispatch(addScaled, { elements }, { x, y });
  return { plan: freeze(name, tape), x, y };
}
