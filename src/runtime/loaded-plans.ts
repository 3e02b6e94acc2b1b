// Plans made ready for a device: each dispatch with its pipeline, its bindings and its launch record, and how they are encoded.
import type { Dispatch } from '../plan/kernel.ts';
import type { Plan } from '../plan/plan.ts';
import { elementBytes } from '../plan/tensor.ts';
import type { Buffers } from './buffers.ts';
import type { Records } from './dispatch-records.ts';
import { Governor } from './governor.ts';
import type { PassWork } from './passes.ts';
import type { CompiledKernel } from './pipelines.ts';
import { encodeCopy } from './staging.ts';

/** A dispatch with all that encoding it takes: a step makes no object of the device. */
export interface LoadedDispatch {
  readonly compiled: CompiledKernel;
  readonly bindGroup: GPUBindGroup;
  readonly dispatch: Dispatch;
  readonly launchRecord: number;
}

/** A plan's dispatches, in order, and what has been seen of its pace. */
export interface LoadedPlan {
  readonly dispatches: readonly LoadedDispatch[];
  readonly governor: Governor;
}

/** Storage buffers that a kernel binds at most. */
const mostBindings = 8;

/**
 * Binds every dispatch of some plans, which share launch records.
 * @param estimate predicted seconds of a dispatch, for the governors
 */
export function loadPlans(
  device: GPUDevice,
  buffers: Buffers,
  plans: readonly Plan[],
  compiled: ReadonlyMap<Dispatch, CompiledKernel>,
  estimate?: (dispatch: Dispatch) => number,
): Map<Plan, LoadedPlan> {
  const loaded = new Map<Plan, LoadedPlan>();
  let record = 0;
  // Those that are written have numbers behind those that are read: one dispatch may not bind a buffer for both
  // (WebGPU §3.4.5).
  let absentWrites = mostBindings;
  for (const plan of plans) {
    const dispatches = plan.dispatches.map((dispatch): LoadedDispatch => {
      const compiledKernel = compiled.get(dispatch) as CompiledKernel;
      let missing = 0; // bindings that this dispatch leaves out: WebGPU wants a buffer for each all the same
      const entries = [...compiledKernel.bindingNumbers].map(([name, binding]) => {
        const tensor = dispatch.bindings[name];
        if (tensor) {
          const offset = tensor.offset * elementBytes(tensor.elementType);
          return { binding, resource: { buffer: buffers.of(tensor), offset } };
        }
        // A buffer that two dispatches may write keeps the second waiting.
        const isWritten = dispatch.kernel.writes.includes(name);
        const buffer = buffers.absent(isWritten ? absentWrites++ : missing++);
        return { binding, resource: { buffer } };
      });
      const bindGroup = device.createBindGroup({
        label: `${dispatch.kernel.name} ${dispatch.label}`,
        layout: compiledKernel.layout,
        entries,
      });
      return { compiled: compiledKernel, bindGroup, dispatch, launchRecord: record++ };
    });
    // A governor for each plan: seconds that were seen of one say nothing of another.
    loaded.set(plan, { dispatches, governor: new Governor(plan.dispatches, estimate) });
  }
  return loaded;
}

/** Encodes one pass, with the copies before and behind it. */
export function encodePass(
  encoder: GPUCommandEncoder,
  { before, pieces, after }: PassWork<LoadedPlan>,
  records: Records,
  timestamps: GPUComputePassDescriptor,
): void {
  for (const copy of before) encodeCopy(encoder, copy);
  const pass = encoder.beginComputePass(timestamps);
  for (const { plan, replay, segment } of pieces) {
    if (segment.slice) {
      const { compiled, bindGroup, launchRecord } = plan.dispatches[segment.from] as LoadedDispatch;
      pass.setPipeline(compiled.pipeline);
      pass.setBindGroup(0, bindGroup);
      // A slice of one dispatch's linear grid: same pipeline and bindings, another first workgroup.
      records.launchSlice(pass, launchRecord, segment.slice, replay);
    } else {
      for (let i = segment.from; i < segment.to; i++) {
        encodeDispatch(pass, plan.dispatches[i] as LoadedDispatch, records, replay);
      }
    }
  }
  // No barrier is written between dispatches: WebGPU makes each see what those before it wrote.
  pass.end();
  for (const copy of after) encodeCopy(encoder, copy);
}

/** Adds one whole dispatch to a pass, with the step record of a replay. */
export function encodeDispatch(
  pass: GPUComputePassEncoder,
  { compiled, bindGroup, launchRecord }: LoadedDispatch,
  records: Records,
  replay: number,
): void {
  pass.setPipeline(compiled.pipeline);
  pass.setBindGroup(0, bindGroup);
  records.launch(pass, launchRecord, replay);
}
