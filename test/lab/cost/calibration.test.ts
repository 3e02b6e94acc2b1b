// Which kernels a device is calibrated with and tested for: all that the presets would run, and what people may choose.
import { describe, expect, it } from 'vitest';
import { optimizerNames } from '../../../src/kernels/optimizer-table.ts';
import { asTimed, calibratedKernels, chosenKernels, deviceKey } from '../../../src/lab/cost/calibration.ts';
import { allPlans, recordInferencePlans } from '../../../src/lab/plans/inference-plans.ts';
import { recordTrainingPlans } from '../../../src/lab/plans/training-plans.ts';
import { parseExperiment } from '../../../src/model/config.ts';
import { presets } from '../../../src/model/presets/catalogue.ts';
import { baselineCapabilities, type Capabilities } from '../../../src/plan/kernel.ts';
import { type Changes, families, tinyExperiment } from '../training/tiny-runs.ts';

const devices: [string, Capabilities][] = [
  ['a device without features', baselineCapabilities],
  [
    'a software adapter with narrow subgroups',
    { ...baselineCapabilities, features: new Set(['subgroups']), subgroupMinSize: 8, subgroupMaxSize: 8 },
  ],
  [
    'a GPU',
    {
      ...baselineCapabilities,
      features: new Set(['subgroups', 'shader-f16']),
      ...{ subgroupMinSize: 32, subgroupMaxSize: 32, maxBindingBytes: 2 ** 31 - 4 },
    },
  ],
];

function kernelsOf(json: unknown, capabilities: Capabilities): Set<string> {
  const parsed = parseExperiment(json);
  if (parsed.kind !== 'ok') throw new Error(parsed.problems[0]?.message);
  const { model, train } = parsed.experiment;
  const plans = recordTrainingPlans({ ...model, vocabulary: model.vocabulary || 65 }, train, {
    capabilities,
  });
  const all = allPlans(plans, recordInferencePlans(plans.model, { capabilities }));
  return new Set(all.flatMap((plan) => plan.dispatches.map(({ kernel }) => kernel.name)));
}

describe.each(devices)('on %s, the chosen kernels', (_, capabilities) => {
  const chosen = new Set(chosenKernels({ capabilities }).map(({ name }) => name));

  it.each(presets.map(({ id, experiment }) => [id, experiment] as const))(
    'have all of the preset %s',
    (_id, json) => {
      const missing = [...kernelsOf(json, capabilities)].filter((name) => !chosen.has(name));
      expect(missing).toEqual([]);
    },
  );

  it.each<readonly [string, Changes]>([
    ...optimizerNames.map((kind) => [kind, { train: { optimizer: { kind, learningRate: 0.1 } } }] as const),
    ['loss on the last position', { train: { lossPositions: 'last' } }],
    ['dropout and accumulation', { model: { dropout: 0.1 }, train: { accumulation: 2 } }],
    ['biases', { model: { bias: true } }],
    ['Llama with biases', { model: { ...families.llama, bias: true } }],
  ])('have all of %s', (_name, changes) => {
    const missing = [...kernelsOf(tinyExperiment(changes), capabilities)].filter((name) => !chosen.has(name));
    expect(missing).toEqual([]);
  });
});

it.each(['gpu', 'wasm'] as const)('on %s, what a token runs is timed at a token’s shape too', (kind) => {
  const kernels = calibratedKernels(baselineCapabilities);
  const timed = asTimed({ kind, capabilities: baselineCapabilities }, kernels);
  const norm = timed.find(({ name }) => name === 'layerNorm.forward');
  expect(norm?.calibration[0]?.rows).toBe(1);
  expect(norm?.calibration.length).toBeGreaterThan(3);
  // What no token runs stays as it is.
  const update = timed.find(({ name }) => name === 'adamW');
  expect(update?.calibration).toEqual(kernels.find(({ name }) => name === 'adamW')?.calibration);
});

it('a profile is kept under what can change speed', () => {
  const facts = {
    ...{ vendor: 'acme', architecture: 'one', device: '', description: 'driver 5' },
    ...{ isSoftware: false, isCompatibility: false },
  };
  expect(deviceKey(facts, 'Chrome/156')).toBe('acme · one · driver 5 · Chrome/156');
  expect(deviceKey(facts, 'Chrome/157')).not.toBe(deviceKey(facts, 'Chrome/156'));
  // Another driver and another compiler for the same GPU.
  const inCompatibility = deviceKey({ ...facts, isCompatibility: true }, 'Chrome/156');
  expect(inCompatibility).toBe('acme · one · driver 5 · compatibility mode · Chrome/156');
});
