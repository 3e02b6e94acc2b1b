// The calls about experiments as values: the form, presets and their sizes, addresses. They need no device.
import type { Catalogue, FormApi } from '../contract/form.ts';
import type { ExperimentJson } from '../contract/values.ts';
import { formFields } from '../lab/plans/form-fields.ts';
import { stage } from '../lab/plans/problem.ts';
import { parseExperiment, schemaVersion, withAutomaticSizes } from '../model/config.ts';
import { experimentFromAddress, experimentToAddress } from '../model/config-address.ts';
import { presetGroups, presets, processorPreset } from '../model/presets/catalogue.ts';
import { scaleExperiment } from '../model/size-dial.ts';
import { answer } from './answer.ts';
import { parsed, presetNamed } from './run/planned-run.ts';

/** The calls about experiments as values. */
export function createForm(): FormApi {
  return {
    catalogue: async () => catalogue,
    validate: async (experiment) => answer(async () => parsed(experiment)),
    addressOf: async (experiment, presetId) => experimentToAddress(parsed(experiment), presetId),
    fromAddress: async (query) => readAddress(query),
    scalePreset: (presetId, factor) =>
      answer(async () => {
        const experiment = parsed(presetNamed(presetId).experiment);
        return stage('invalidConfig', () => scaleExperiment(experiment, factor));
      }),
  };
}

const catalogue: Catalogue = {
  version: schemaVersion,
  fields: formFields(),
  presets: presetGroups.flatMap((group) =>
    group.presets.map(({ id, title, note, experiment }) => ({
      id,
      title,
      group: group.title,
      note,
      experiment: resolved(experiment),
    })),
  ),
  processorPreset: processorPreset.id,
};

/** A preset with all defaults filled in, as the form shows it. */
function resolved(json: unknown): ExperimentJson {
  const result = parseExperiment(json);
  if (result.kind !== 'ok') throw new Error(`presets: ${result.problems[0]?.message}`);
  return withAutomaticSizes(result.experiment);
}

function readAddress(query: string) {
  const content = experimentFromAddress(query);
  if (content.kind === 'ok') {
    const { experiment, preset, notices } = content;
    return { experiment: withAutomaticSizes(experiment), presetId: preset, notices };
  }
  const first = presets[0];
  return { experiment: resolved(first.experiment), presetId: first.id, notices: [content.message] };
}
