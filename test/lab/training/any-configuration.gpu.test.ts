// Any configuration: what the schema accepts records and compiles, what it refuses names the field, the values and the rule.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create, globals } from 'webgpu';
import { allPlans, recordInferencePlans } from '../../../src/lab/plans/inference-plans.ts';
import { recordTrainingPlans } from '../../../src/lab/plans/training-plans.ts';
import { parseExperiment } from '../../../src/model/config.ts';
import type { Field } from '../../../src/model/fields/kinds.ts';
import { experimentFields } from '../../../src/model/fields/table.ts';
import type { Capabilities } from '../../../src/plan/kernel.ts';
import { type OpenDevice, openDevice } from '../../../src/runtime/device.ts';
import { GpuRuntime } from '../../../src/runtime/gpu-runtime.ts';
import { PipelineCache } from '../../../src/runtime/pipelines.ts';
import { anyExperiment, triedSizes } from './any-experiment.ts';

// The null backend validates everything and runs nothing; the instance must outlive its device.
const instance = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
let open: OpenDevice;
const uncaptured: string[] = [];

beforeAll(async () => {
  Object.assign(globalThis, globals);
  const opened = await openDevice(instance);
  if (opened.kind !== 'device') throw new Error(opened.message);
  open = opened;
  open.device.addEventListener('uncapturederror', ({ error }) => uncaptured.push(error.message));
});

afterAll(() => open.device.destroy());

describe('the sizes that are tried', () => {
  it('are those of every number and pattern of a model', () => {
    const untried = experimentFields.filter(
      ({ path, kind }: Field) =>
        path.startsWith('model.') && kind !== 'choice' && kind !== 'boolean' && !(path in triedSizes),
    );
    expect(untried.map(({ path }) => path)).toEqual([]);
  });
});

describe('any configuration', () => {
  /** What devices differ in: subgroups of 8 as on Mesa's lavapipe, of 32 as on GPUs, and none. */
  const devices = (): readonly Capabilities[] => {
    const { capabilities } = open;
    const features = new Set([...capabilities.features].filter((feature) => feature !== 'subgroups'));
    const ofLanes = (lanes: number) => ({ ...capabilities, subgroupMinSize: lanes, subgroupMaxSize: lanes });
    const hasSubgroups = capabilities.features.has('subgroups');
    return [{ ...capabilities, features }, ...(hasSubgroups ? [ofLanes(8), ofLanes(32)] : [])];
  };

  it('compiles and binds where it is accepted, and is refused with field and rule where not', async () => {
    const counts = { accepted: 0, refused: 0 };
    let device = 0;
    await fc.assert(
      fc.asyncProperty(anyExperiment, async (json) => {
        const parsed = parseExperiment(json);
        if (parsed.kind === 'problem') {
          counts.refused++;
          for (const { path, message } of parsed.problems) {
            expect(message.startsWith(`${path}: `), message).toBe(true);
            // What is wrong, with a value, then what to do.
            expect(message).toMatch(/^[\w.]+: .*[\w"]+.*\. (Use|Leave|Give|Raise|Lower) .*\.$/);
          }
          return;
        }
        counts.accepted++;
        const { model, train } = parsed.experiment;
        const all = devices();
        const capabilities = all[device++ % all.length] as Capabilities;
        const plans = recordTrainingPlans(model, train, { capabilities });
        const sampling = recordInferencePlans(plans.model, { capabilities });
        const pipelines = new PipelineCache(open.device);
        const runtime = await GpuRuntime.create(open.device, allPlans(plans, sampling), { pipelines });
        runtime.dispose();
        expect(uncaptured.splice(0)).toEqual([]);
      }),
      { numRuns: 400, seed: 11 },
    );
    expect(counts.accepted).toBeGreaterThan(40);
    expect(counts.refused).toBeGreaterThan(40);
  });
});
