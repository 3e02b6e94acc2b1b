// The kernels that every preset chooses on six typical devices are those of a file in the repository: a change of choice,
// of dispatches or of submits shows as a difference there, for a reviewer to judge.
import { expect, it } from 'vitest';
import { recordInferencePlans } from '../../../src/lab/plans/inference-plans.ts';
import { recordTrainingPlans } from '../../../src/lab/plans/training-plans.ts';
import { parseExperiment } from '../../../src/model/config.ts';
import { presets } from '../../../src/model/presets/catalogue.ts';
import type { ModelPreset } from '../../../src/model/presets/training.ts';
import { describeDispatches, submitsOf, wrapped } from './chosen-kernels.ts';
import { typicalDevices } from './typical-devices.ts';

/** Characters of the text of Shakespeare: for presets whose vocabulary is the data's. */
const vocabularyOfData = 65;

const renewal =
  'To accept what is chosen now: npx vitest run --project unit test/lab/plans/typical-devices.test.ts --update';

const head = [
  'Kernels that presets choose, for a training step and for one token. Names are family/variant × dispatches.',
  'Devices that choose alike share a block. Submits: of the first step (nothing measured) and of each later one, where',
  'devices reach the rates of their data sheets; with baseline limits they are as slow as the governor assumes.',
  renewal,
];

/** One block for each choice that some of the devices make, under the preset's name. */
function describePreset({ id, experiment: given }: ModelPreset): string {
  const parsed = parseExperiment(given);
  if (parsed.kind !== 'ok') throw new Error(`${id}: ${JSON.stringify(parsed)}`);
  const { model, train } = parsed.experiment;
  const config = { ...model, vocabulary: model.vocabulary || vocabularyOfData };
  const blocks = new Map<string, string[]>();
  const submits: string[] = [];
  for (const device of typicalDevices) {
    const options = { capabilities: device.capabilities };
    const plans = recordTrainingPlans(config, train, options);
    const { decode } = recordInferencePlans(plans.model, { ...options, prompts: [] });
    const text = [
      ...describeDispatches('micro-batch', plans.accumulate.dispatches),
      ...describeDispatches('update', plans.update.dispatches),
      ...describeDispatches('token', decode.dispatches),
    ].join('\n');
    blocks.set(text, [...(blocks.get(text) ?? []), device.name]);
    const [first, later] = submitsOf(plans, train.accumulation, device);
    submits.push(`${device.name} ${first}, then ${later}`);
  }
  const rows = train.accumulation > 1 ? `${train.accumulation} × ${train.batch}` : `${train.batch}`;
  return [
    `== ${id}: a step of ${rows} × ${config.context} tokens`,
    ...wrapped(submits, 'submits: ', '; '),
    ...[...blocks].map(([text, devices]) => `${devices.join(', ')}\n${text}`),
  ].join('\n');
}

it('presets choose the recorded kernels on typical devices', async () => {
  const text = `${[head.join('\n'), ...presets.map(describePreset)].join('\n\n')}\n`;
  await expect(text, renewal).toMatchFileSnapshot('chosen-kernels.txt');
});
