// Any configuration: what the schema accepts records and compiles, what it refuses names the field, the values and the rule.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create, globals } from 'webgpu';
import { recordInferencePlans } from '../../src/lab/inference-plans.ts';
import { allPlans } from '../../src/lab/prediction.ts';
import { recordTrainingPlans } from '../../src/lab/training-plans.ts';
import { nest, parseExperiment } from '../../src/model/config.ts';
import { experimentFields } from '../../src/model/fields.ts';
import type { Field, FieldValue } from '../../src/model/fields-kinds.ts';
import type { Capabilities } from '../../src/plan/kernel.ts';
import { type OpenDevice, openDevice } from '../../src/runtime/device.ts';
import { GpuRuntime } from '../../src/runtime/gpu-runtime.ts';
import { PipelineCache } from '../../src/runtime/pipelines.ts';

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

/** Sizes small enough for many models, among them some that do not fit each other. */
const sizes: Readonly<Record<string, readonly FieldValue[]>> = {
  'model.layers': [1, 2, 3],
  'model.width': [8, 12, 20],
  'model.heads': [1, 2, 4],
  'model.keyValueHeads': [0, 0, 0, 1, 2],
  'model.headSize': [0, 0, 4, 6, 7],
  'model.hidden': [0, 10, 24],
  'model.context': [5, 8, 17],
  'model.vocabulary': [11, 64],
  'model.latentSize': [3, 6, 8, 40],
  'model.queryLatentSize': [0, 0, 5],
  'model.ropeHeadSize': [0, 2, 4, 3],
  'model.valueHeadSize': [0, 4, 6],
  'model.window': [1, 3, 8, 100],
  'model.windowPattern': ['', '', 'L', 'LG', 'GLL'],
  'model.positionPattern': ['', '', '', 'RN', 'N'],
  'model.localRopeBase': [0, 100],
  'model.ropeBase': [10_000, 500],
  'model.ropeFraction': [1, 1, 0.5, 0.3],
  'model.ropeScalingFactor': [1, 4],
  'model.attentionScale': [0, 0.2],
  'model.attentionSoftcap': [0, 0, 20],
  'model.logitSoftcap': [0, 30],
  'model.residualScale': [1, 0.22],
  'model.normEpsilon': [1e-5],
  'model.dropout': [0, 0.1],
  'model.experts': [0, 0, 2, 5],
  'model.expertsPerToken': [1, 2, 3],
  'model.expertHidden': [0, 6],
  'model.sharedExperts': [0, 1, 2],
  'model.sharedHidden': [0, 5],
  'model.denseLayers': [0, 1],
  'model.moeInterval': [1, 2],
  'model.routerScale': [1, 2.5],
  'model.balanceLoss': [0, 0.01],
  'model.routerZLoss': [0, 0.001],
  'model.routerNoise': [0, 0.5],
  'model.routerBiasRate': [0, 0.001],
  'model.capacityFactor': [0, 1.25],
  'train.steps': [10],
  'train.batch': [1, 3],
  'train.accumulation': [1, 2],
  'train.clip': [0, 1],
  'train.optimizer.learningRate': [0.01],
};

/** Fields of the model and of what the plans depend on: any choice, either answer, and the sizes above. */
const fields: readonly Field[] = experimentFields.filter(
  ({ path, kind }: Field) =>
    path in sizes ||
    (path.startsWith('model.') && (kind === 'choice' || kind === 'boolean')) ||
    ['train.recompute', 'train.lossPositions', 'train.optimizer.kind'].includes(path),
);

const experiments = fc
  .tuple(...fields.map((field) => fc.constantFrom(...valuesOf(field))))
  .map((values) => nest(new Map(fields.map(({ path }, i) => [path, values[i] as FieldValue]))));

function valuesOf(field: Field): readonly FieldValue[] {
  const given = sizes[field.path];
  if (given) return given;
  if (field.kind === 'choice') return [field.default, ...field.choices];
  if (field.kind === 'boolean') return [true, false];
  throw new Error(`${field.path} has no values to try. Add some to sizes.`);
}

describe('the sizes that are tried', () => {
  it('are those of every number and pattern of a model', () => {
    const untried = experimentFields.filter(
      ({ path, kind }: Field) =>
        path.startsWith('model.') && kind !== 'choice' && kind !== 'boolean' && !(path in sizes),
    );
    expect(untried.map(({ path }) => path)).toEqual([]);
  });
});

describe('any configuration', () => {
  /** What devices differ in: subgroups of 8 as on lavapipe, of 32 as on GPUs, and none. */
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
      fc.asyncProperty(experiments, async (json) => {
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
      { numRuns: 300, seed: 11 },
    );
    expect(counts.accepted).toBeGreaterThan(40);
    expect(counts.refused).toBeGreaterThan(40);
  }, 120_000);
});
